"""What the server shows of a document, and answers to requests for its parts."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import gradio as gr
import pytest
from fpdf import FPDF
from rag.ui.collection_bar import CollectionBar
from rag.ui.services.ask_service import AskService
from rag.ui.services.ask_session import AskSession
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.document_reader import DocumentReader
from rag.ui.tabs.ask import AskTab
from rag.ui.tabs.source_pane import MAX_NESTED, SourcePane

from rag import build_index
from rag.errors import DocumentError
from tests.index.conftest import QuickEncoder


@pytest.fixture(scope="module")
def pane(collections: Collections) -> SourcePane:
    with gr.Blocks():
        return SourcePane(DocumentReader(collections), "pane")


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


def test_pdf_with_a_damaged_page_opens_as_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: Any) -> None:
        raise DocumentError("harbour.pdf: page 1 cannot be drawn")

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.multi_cell(0, 6, "The harbour was dredged.")
    pdf.output(str(tmp_path / "harbour.pdf"))
    build_index(tmp_path / "harbour.pdf", tmp_path / "index", QuickEncoder())
    given = Collection("start", "S", tmp_path / "index", None, tmp_path / "t.jsonl")
    reader = DocumentReader(Collections(tmp_path / "home", [given], QuickEncoder()))
    with gr.Blocks():
        pane = SourcePane(reader, "pane")
    assert 'data-view="page"' in pane.show("start", "harbour.pdf")
    monkeypatch.setattr(DocumentReader, "picture", damaged)
    shown = pane.show("start", "harbour.pdf")
    assert 'data-view="text"' in shown
    assert "The harbour was dredged." in shown
    assert '<p class="note">The pages cannot be shown: harbour.pdf: page 1 cannot be drawn.</p>' in shown
    reader.close()


class TestDocumentOpenedFromAnAnswer:
    @pytest.fixture
    def tab(self, collections: Collections) -> AskTab:
        with gr.Blocks():
            return AskTab(collections, CollectionBar(collections), DocumentReader(collections))

    @pytest.fixture
    def session(self, collections: Collections) -> AskSession:
        session = AskSession()
        for asked, _ in AskService(collections).ask("How long is the border between Kazakhstan and Russia?", "start"):
            session.show(asked)
        return session

    @pytest.fixture
    def click(self, session: AskSession) -> Any:
        answer = session.asked.result.answers[0]
        return SimpleNamespace(document=answer.document, start=answer.start, end=answer.end)

    def test_it_is_refused_if_it_changes_while_it_is_opened(
        self, tab: AskTab, session: AskSession, click: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        assert 'class="source-pane"' in tab._open(session, click)
        reader_file = DocumentReader._document

        def changed(reader: DocumentReader, collection: str, document: str, file_hash: str | None) -> Any:
            assert file_hash == session.asked.files[document]
            return reader_file(reader, collection, document, "another")

        monkeypatch.setattr(DocumentReader, "_document", changed)
        with pytest.raises(gr.Error, match="The document has changed"):
            tab._open(session, click)

    def test_it_does_not_appear_beside_the_next_question(
        self, tab: AskTab, session: AskSession, click: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        show = SourcePane.show

        def slow(*args: Any, **options: Any) -> str:
            session.show(None)
            return show(*args, **options)

        monkeypatch.setattr(SourcePane, "show", slow)
        assert tab._open(session, click) == gr.skip()
