"""What the server answers to requests for parts of a document."""

from typing import Any

import gradio as gr
import pytest
from rag.ui.services.collections import Collections
from rag.ui.tabs.source_pane import SourcePane


@pytest.fixture(scope="module")
def pane(collections: Collections) -> SourcePane:
    with gr.Blocks():
        return SourcePane(collections, "pane")


@pytest.fixture
def request_data(collections: Collections) -> dict[str, Any]:
    file = collections.assistant("start").index.file_of("kazakhstan.md")
    assert file
    reference = {"collection": "start", "document": "kazakhstan.md", "hash": file.hash}
    return {**reference, "view": "text", "part": 0, "width": 900, "marks": [[0, 3, "answer"]], "text": "border"}


def test_part_and_matches_are_sent(pane: SourcePane, request_data: dict[str, Any]) -> None:
    part, found = pane.html.read_part(request_data), pane.html.find_text(request_data)
    assert '<mark class="answer">---</mark>' in part["html"]
    assert found["total"] == len(found["places"]) > 2


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"collection": "gone"}, "Collection 'gone': not found"),
        ({"document": "../../etc/passwd"}, "The document is no longer in the collection"),
        ({"hash": "another"}, "The document has changed since it was opened"),
        ({"part": 99}, "The document has no such part"),
        ({"part": None}, "Invalid request; reload the page."),
        ({"part": float("inf")}, "Invalid request"),
        ({"marks": [["a"]]}, "Invalid request"),
        ({"marks": None}, "Invalid request"),
        ({"view": "page"}, "is damaged or not a PDF"),
    ],
)
def test_unsuitable_request_is_refused_with_a_reason(
    pane: SourcePane, request_data: dict[str, Any], changes: dict[str, Any], error: str
) -> None:
    assert error in pane.html.read_part(request_data | changes)["error"]


def test_request_without_a_reference_is_refused(pane: SourcePane) -> None:
    for given in (None, [], {}, "x"):
        assert "Invalid request" in pane.html.read_part(given)["error"]
        assert "Invalid request" in pane.html.find_text(given)["error"]
