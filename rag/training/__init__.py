"""Training of the span model on questions with known answers; a consumer of the library, as ``rag train``."""
