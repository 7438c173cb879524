"""The HTTP API of the page: ``/ask`` and ``/search``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import gradio as gr
from gradio.events import api

from rag import RagError
from rag.export.json import hit_to_json, result_to_json
from rag.index.milvus import public_text

from .services.collections import Collections


def add_api(collections: Collections) -> None:
    """Add the endpoints to the Gradio app whose context is open."""

    def ask(question: str, where: Sequence[str] | None = None, collection: str | None = None) -> dict[str, Any]:
        """Answer a question: one object, as ``rag ask --json`` prints it; ``where`` as its option."""
        try:
            return result_to_json(collections.assistant(_id(collections, collection)).ask(question, where))
        except RagError as error:
            raise gr.Error(public_text(error), print_exception=False) from error

    def search(
        question: str,
        k: int = 10,
        max_tokens: int | None = None,
        where: Sequence[str] | None = None,
        collection: str | None = None,
    ) -> list[dict[str, Any]]:
        """Find passages for a question: a list, as ``rag search --json`` prints it; ``where`` as its option."""
        try:
            retriever = collections.assistant(_id(collections, collection)).retriever
            return [hit_to_json(hit) for hit in retriever.search(question, k, max_tokens, where)]
        except RagError as error:
            raise gr.Error(public_text(error), print_exception=False) from error

    api(ask, api_name="ask", concurrency_id="ask")
    api(search, api_name="search", concurrency_id="ask")


def _id(collections: Collections, given: str | None) -> str:
    return given or collections.list()[0].id
