"""What the server answers to requests for parts of a document."""

from typing import Any

import gradio as gr
import pytest
from rag.ui.services.collections import Collections
from rag.ui.tabs.source_pane import MAX_NESTED, SourcePane


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
        ({"marks": [[0, 3, "x"]]}, "Invalid request"),
        ({"marks": [[0, 3, "match match-1 " + "x" * 99]]}, "Invalid request"),
        ({"view": "page"}, "is damaged or not a PDF"),
    ],
)
def test_unsuitable_request_is_refused_with_a_reason(
    pane: SourcePane, request_data: dict[str, Any], changes: dict[str, Any], error: str
) -> None:
    assert error in pane.html.read_part(request_data | changes)["error"]


def test_html_of_a_part_stays_small_whatever_marks_are_sent(pane: SourcePane, request_data: dict[str, Any]) -> None:
    plain = pane.html.read_part(request_data | {"marks": []})["html"]
    marks = [[number, 5_000 - number, f"match match-{number}"] for number in range(2_000)]
    part = pane.html.read_part(request_data | {"marks": marks})
    assert part["html"].count('<mark class="match match-') >= MAX_NESTED
    assert len(part["html"]) < 10 * len(plain)
    # Those of a search do not overlap, and all are shown.
    marks = [[number, number + 1, f"match match-{number}"] for number in range(1_500)]
    assert pane.html.read_part(request_data | {"marks": marks})["html"].count("<mark ") == 1_500


def test_request_without_a_reference_is_refused(pane: SourcePane) -> None:
    for given in (None, [], {}, "x"):
        assert "Invalid request" in pane.html.read_part(given)["error"]
        assert "Invalid request" in pane.html.find_text(given)["error"]
