"""Finding files to index, and reading the original behind an indexed document again."""
