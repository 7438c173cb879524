"""Long-lived state behind the page: collections, uploads, indexing and evaluation jobs."""
