"""The page itself: a question box, examples, the result; and the API behind ``/ask`` and ``/search``."""

from __future__ import annotations

from functools import partial
from typing import Any

import gradio as gr
from gradio.events import api

from rag import Assistant, RagError
from rag.serialize import hit_to_json, result_to_json

from .render import filter_help_html, message_html, result_html

TITLE = "rag: answers you can check"

#: Questions that the shipped articles answer.
EXAMPLES = (
    "How long is the border between Kazakhstan and Russia?",
    "Who put off a trip to Bishkek in December 2022?",
    "How much did rents rise in the northern towns?",
    "Why were students evicted in Almaty?",
    "What share of Kazakhstan's oil goes through the Caspian pipeline?",
    "When did the leaders meet in Kyrgyzstan?",
)


def build_page(assistant: Assistant, examples: tuple[str, ...] = ()) -> gr.Blocks:
    """The Gradio app over an assistant."""
    page = gr.Blocks(title=TITLE, analytics_enabled=False)
    with page:
        with gr.Sidebar(open=False, elem_id="side", width=300):
            gr.HTML("<h2>Only in documents like</h2>")
            where = gr.Textbox(
                label="Conditions, one a line",
                lines=4,
                elem_id="where",
                placeholder="country=Kazakhstan\ndate>=2022-10",
            )
            gr.HTML(filter_help_html(assistant.retriever.index.library.fields()))
        gr.HTML(_header(assistant), elem_id="header")
        with gr.Row(elem_id="ask"):
            question = gr.Textbox(
                placeholder="Ask in plain English", label="Question", show_label=False, container=False,
                lines=1, max_lines=1, autofocus=True, elem_id="question", scale=1,
            )  # fmt: skip
            button = gr.Button("Ask", variant="primary", elem_id="ask-button", scale=0, min_width=88)
        result = gr.HTML("", elem_id="result")
        with gr.Row(elem_id="examples", visible=bool(examples)):
            chips = [gr.Button(example, size="sm", elem_classes="chip", min_width=0) for example in examples]

        answer = partial(_answer, assistant)
        gr.on(
            [question.submit, button.click], answer, [question, where], result,
            api_visibility="private", show_progress="minimal",
        )  # fmt: skip
        for chip, example in zip(chips, examples, strict=True):
            chip.click(
                partial(_answer_example, assistant, example), where, [question, result],
                api_visibility="private", show_progress="minimal",
            )  # fmt: skip
        _add_api(assistant)
    return page


def _header(assistant: Assistant) -> str:
    index = assistant.retriever.index
    return (
        "<h1>Answers you can check</h1>"
        "<p>The exact words of a document, highlighted where they stand. "
        f"{len(index.documents):,} documents, {len(index.passages):,} passages, all on this machine.</p>"
    )


def _answer(assistant: Assistant, question: str, where: str = "") -> str:
    if not question.strip():
        return message_html("Type a question, and press Enter.")
    try:
        wanted = [line.strip() for line in where.splitlines() if line.strip()]
        result = assistant.ask(question, wanted)
    except RagError as error:
        return message_html(f"{str(error)[:1].upper()}{str(error)[1:]}.")
    return result_html(result, assistant.retriever.document, wanted)


def _answer_example(assistant: Assistant, example: str, where: str = "") -> tuple[str, str]:
    return example, _answer(assistant, example, where)


def _add_api(assistant: Assistant) -> None:
    def ask(question: str, where: list[str] | None = None) -> dict[str, Any]:
        """Answer a question: one object, as ``rag ask --json`` prints it; ``where`` as its option."""
        try:
            return result_to_json(assistant.ask(question, where))
        except RagError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def search(
        question: str, k: int = 10, max_tokens: int | None = None, where: list[str] | None = None
    ) -> list[dict[str, Any]]:
        """The passages for a question: a list, as ``rag search --json`` prints it; ``where`` as its option."""
        try:
            return [hit_to_json(hit) for hit in assistant.retriever.search(question, k, max_tokens, where)]
        except RagError as error:
            raise gr.Error(str(error), print_exception=False) from error

    api(ask, api_name="ask")
    api(search, api_name="search")
