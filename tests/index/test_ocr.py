"""Text that OCR read, in an index: words are stored, files are read again when OCR may read more, answers say so."""

from dataclasses import replace
from pathlib import Path

import pytest

from rag import Assistant, Index, Retriever, SentenceTransformerEncoder, build_index, verify
from rag.errors import InputError
from rag.sources import parse_process
from rag.sources.parse_process import FileLimits, ParseProcess
from rag.sources.parse_worker import OCR_SECONDS
from tests.formats.scans import scanned

from .conftest import QuickEncoder

LENGTH = "The border between Kazakhstan and Russia is 7,644 km long."


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "scan.pdf").write_bytes(scanned([[LENGTH], ["The ferry leaves at nine."]]))
    return docs


def test_words_of_a_scan_survive_updates_and_moves(docs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    changes = build_index(docs, folder, QuickEncoder())
    assert changes.warnings == [("scan.pdf", "2 pages read by OCR; compare quotes with the page")]
    before = Retriever.load(folder, QuickEncoder()).index.documents["scan.pdf"].ocr
    assert len(before) == len(f"{LENGTH} The ferry leaves at nine.".split())
    (docs / "scan.pdf").rename(docs / "moved.pdf")
    (docs / "a.md").write_text("The toll is four crowns.")
    assert build_index(docs, folder, QuickEncoder()).renamed == [("scan.pdf", "moved.pdf")]
    store = Retriever.load(folder, QuickEncoder()).index.store
    assert store.documents["moved.pdf"].ocr == before
    assert store.documents["a.md"].ocr == ()
    at = LENGTH.index("7,644")
    assert store.ocr_score("moved.pdf", at, at + 5) == pytest.approx(before[7].score)
    assert store.ocr_score("moved.pdf", 0, len(LENGTH) + 10) == pytest.approx(min(word.score for word in before))
    assert store.ocr_score("a.md", 0, 5) is None


def test_scan_is_read_again_when_ocr_may_read_more(docs: Path, tmp_path: Path) -> None:
    folder = tmp_path / "index"
    (docs / "a.md").write_text("The toll is four crowns.")
    none = build_index(docs, folder, QuickEncoder(), limits=FileLimits(ocr_pages=0))
    assert [each.document_id for each in none.skipped] == ["scan.pdf"]
    one = build_index(docs, folder, QuickEncoder(), limits=FileLimits(ocr_pages=1))
    assert (one.added, [name for name, _ in one.unread]) == (["scan.pdf"], ["scan.pdf"])
    assert [name for name, _ in verify(folder).unread] == ["scan.pdf"]
    assert "page 2 is a scan, which is not read" in verify(folder).unread[0][1]
    assert build_index(docs, folder, QuickEncoder(), limits=FileLimits(ocr_pages=1)).unchanged == ["a.md", "scan.pdf"]
    both = build_index(docs, folder, QuickEncoder())
    assert (both.changed, both.unread) == (["scan.pdf"], [])
    assert verify(folder).unread == ()


def test_each_page_of_ocr_adds_to_the_time_of_a_file(docs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    added: list[float] = []

    class Timer(parse_process._ExtensibleTimer):
        def extend(self, seconds: float) -> None:
            added.append(seconds)
            super().extend(seconds)

    monkeypatch.setattr(parse_process, "_ExtensibleTimer", Timer)
    with ParseProcess() as process:
        assert process.parse("scan.pdf", (docs / "scan.pdf").read_bytes()).documents[0].text.startswith(LENGTH)
    assert added == [OCR_SECONDS] * 2


def test_ocr_that_is_not_installed_cannot_be_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("rag.sources.parse_process.is_installed", lambda: False)
    assert FileLimits().ocr_pages == 0
    with pytest.raises(InputError, match=r"OCR, because it is not installed; pip install 'rag\[ocr\]'$"):
        FileLimits(ocr_pages=5)
    with pytest.raises(InputError, match="limit of pages to read by OCR is -1; it must be at least 0"):
        FileLimits(ocr_pages=-1)


def test_answer_from_a_scan_is_less_likely_and_says_so(
    docs: Path, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    question = "How long is the border between Kazakhstan and Russia?"
    build_index(docs, tmp_path / "index", encoder)
    assistant = Assistant.load(tmp_path / "index", encoder)
    result = assistant.ask(question, min_confidence=0.0)
    assert result.answer
    assert result.answer.text.startswith("7,644 km")
    score = assistant.index.store.ocr_score("scan.pdf", result.answer.start, result.answer.end)
    assert result.answer.ocr == score
    assert score
    assert 0.8 < score < 1
    assert result.evidence[0].ocr == score
    # The same text without the words that OCR read.
    document = replace(assistant.index.documents["scan.pdf"], ocr=())
    plain = Retriever(Index.build([document], encoder), encoder)
    other = Assistant(plain, assistant.reader, assistant.confidence).ask(question, min_confidence=0.0)
    assert other.answer
    assert other.answer.ocr is None
    assert result.answer.confidence == pytest.approx(score * other.answer.confidence)
