"""Finding files to index, and reading them."""
