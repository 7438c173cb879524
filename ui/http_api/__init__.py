"""The HTTP API of ``rag serve`` and ``rag ui``: JSON in and out, described by OpenAPI."""
