"""Question sets: their schema, SQuAD files, and the feedback that users give on answers."""
