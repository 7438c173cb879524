"""The HTTP API of ``rag serve``: JSON in and out, described by OpenAPI."""
