"""Plain text: tokens, sentences, paragraphs, passages."""
