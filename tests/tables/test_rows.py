"""The rows of a table, over real indexes and the real reader."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from rag import Assistant, Document, Hit, Index, InputError, Retriever, SentenceTransformerEncoder, Span, build_index
from rag.service.live import LiveAssistant
from rag.tables import KeptCells, table_rows

QUESTIONS = ["Who signed the contract?", "contract date"]
TEXTS = {
    "a.md": "The contract was signed by Anna Meyer. The contract date is 3 May 2021.",
    "b.md": "The contract was signed by Boris Novak. The contract date is 9 June 2022.",
    "c.md": "Tulips need sun and water.",
}


class _Counting:
    """The reader of an assistant, and the questions and documents that it has read."""

    language = "en"

    def __init__(self, assistant: Assistant) -> None:
        self._reader = assistant.reader
        self.fingerprint = assistant.reader.fingerprint  # type: ignore[attr-defined]
        self.read_documents: list[str] = []

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        self.read_documents += {hit.passage.document_id for hit in hits}
        return self._reader.read(question, hits)


def _write(folder: Path, texts: dict[str, str]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


@pytest.fixture(scope="module")
def contracts(encoder: SentenceTransformerEncoder) -> Assistant:
    documents = [Document(name, text, name.removesuffix(".md")) for name, text in TEXTS.items()]
    return Assistant(Retriever(Index.build(documents, encoder), encoder))


@pytest.fixture
def counting(contracts: Assistant) -> tuple[Assistant, _Counting]:
    reader = _Counting(contracts)
    return Assistant(contracts.retriever, reader, contracts.confidence), reader


def test_cells_are_the_exact_words_of_their_own_document(contracts: Assistant) -> None:
    rows = list(contracts.table(QUESTIONS))
    assert [row.document for row in rows] == ["a.md", "b.md", "c.md"]
    answers = [[cell.answer.text if cell.answer else None for cell in row.cells] for row in rows]
    assert answers == [["Anna Meyer", "3 May 2021"], ["Boris Novak", "9 June 2022"], [None, None]]
    for row in rows:
        assert [cell.question for cell in row.cells] == ["Who signed the contract?", "What is the contract date?"]
        for cell in row.cells:
            found = cell.candidate
            if found:
                assert TEXTS[row.document][found.start : found.end] == found.text
                assert TEXTS[row.document][found.sentence.start : found.sentence.end] == found.sentence.text


def test_cell_says_why_it_is_empty(contracts: Assistant) -> None:
    (row,) = contracts.table(["Summarise the document", QUESTIONS[0]], ["a.md"], min_confidence=1.0)
    assert row.cells[0].reason is not None
    assert row.cells[0].reason.startswith("This asks for a summary")
    best = row.cells[1].candidate
    assert best is not None
    assert best.text == "Anna Meyer"
    assert row.cells[1].answer is None
    likely = int(best.confidence * 100)
    assert row.cells[1].reason == f"too unsure: the best candidate is {likely}% likely to be right"


def test_rows_come_one_by_one(counting: tuple[Assistant, _Counting]) -> None:
    assistant, reader = counting
    reports: list[tuple[str, int, int]] = []
    rows = assistant.table(QUESTIONS, report=lambda *report: reports.append(report))
    assert reader.read_documents == []
    assert next(rows).document == "a.md"
    assert (set(reader.read_documents), reports) == ({"a.md"}, [("documents", 0, 3)])
    assert [row.document for row in rows] == ["b.md", "c.md"]
    assert reports[-1] == ("documents", 3, 3)


def test_conditions_choose_documents_and_the_rest_is_named(contracts: Assistant) -> None:
    assert [row.document for row in contracts.table(QUESTIONS, where={"path": "b*"})] == ["b.md"]
    rows = list(contracts.table(QUESTIONS, ["b.md", "a.md", "gone.md"], {"path": "b*"}))
    assert [(row.document, row.title, len(row.cells), row.reason) for row in rows] == [
        ("b.md", "b", 2, None),
        ("a.md", "a", 0, "does not match the conditions"),
        ("gone.md", "gone", 0, "is no longer in the index"),
    ]


@pytest.mark.parametrize(
    ("questions", "where", "message"),
    [
        ([], None, "there is no question"),
        (["Who?", "?!?"], None, "a question has no letter or digit"),
        (["Who?"], {"colour": "red"}, "no document has the field 'colour'"),
        (["word " * 450], None, "shorten it"),
    ],
)
def test_bad_input_is_refused_before_the_first_row(
    contracts: Assistant, questions: list[str], where: dict[str, object] | None, message: str
) -> None:
    with pytest.raises(InputError, match=message):
        contracts.table(questions, where=where)


def test_interrupted_table_goes_on_where_it_was(counting: tuple[Assistant, _Counting], tmp_path: Path) -> None:
    assistant, reader = counting
    kept = tmp_path / "t.cells.jsonl"
    rows = assistant.table(QUESTIONS, kept=kept)
    first = next(rows)
    del rows
    assert (first.kept, set(reader.read_documents)) == (0, {"a.md"})
    reader.read_documents.clear()
    again = list(assistant.table(QUESTIONS, kept=kept))
    assert set(reader.read_documents) == {"b.md"}  # no passage of c.md is relevant
    assert [row.kept for row in again] == [2, 0, 0]
    assert again[0] == replace(first, kept=2)
    reader.read_documents.clear()
    # With another threshold, nothing is read again.
    strict = list(assistant.table(QUESTIONS, kept=kept, min_confidence=1.0))
    assert (reader.read_documents, [row.kept for row in strict]) == ([], [2, 2, 2])
    assert [cell.answer for row in strict for cell in row.cells] == [None] * 6


def test_only_new_questions_are_read(counting: tuple[Assistant, _Counting], tmp_path: Path) -> None:
    assistant, _ = counting
    kept = tmp_path / "t.cells.jsonl"
    list(assistant.table(QUESTIONS[:1], kept=kept))
    rows = list(assistant.table([QUESTIONS[1], QUESTIONS[0]], kept=kept))
    assert [row.kept for row in rows] == [1, 1, 1]
    assert [cell.answer.text for cell in rows[0].cells if cell.answer] == ["3 May 2021", "Anna Meyer"]


def test_other_reader_and_confidence_read_again(counting: tuple[Assistant, _Counting], tmp_path: Path) -> None:
    assistant, reader = counting
    kept = tmp_path / "t.cells.jsonl"
    list(assistant.table(QUESTIONS, kept=kept))
    assistant.document_confidence = replace(assistant.document_confidence, bias=-9.0)
    assert [row.kept for row in assistant.table(QUESTIONS, kept=kept)] == [0, 0, 0]
    reader.fingerprint = "other"
    assert [row.kept for row in assistant.table(QUESTIONS, kept=kept)] == [0, 0, 0]
    reader.fingerprint = ""
    before = kept.read_bytes()
    assert [row.kept for row in assistant.table(QUESTIONS, kept=kept)] == [0, 0, 0]
    assert kept.read_bytes() == before


def test_cells_are_read_again_when_the_words_of_the_question_weigh_otherwise(
    contracts: Assistant, encoder: SentenceTransformerEncoder, tmp_path: Path
) -> None:
    kept = tmp_path / "t.cells.jsonl"
    documents = [Document(name, text, name.removesuffix(".md")) for name, text in TEXTS.items()]

    def count_kept(*others: str) -> list[int]:
        added = [Document(f"x{number}.md", text, "x") for number, text in enumerate(others)]
        retriever = Retriever(Index.build([*documents, *added], encoder), encoder)
        rows = Assistant(retriever, confidence=contracts.confidence).table(QUESTIONS[:1], list(TEXTS), kept=kept)
        return [row.kept for row in rows]

    assert count_kept() == [0, 0, 0]
    assert count_kept("Roses need less water.") == [1, 1, 1]
    assert count_kept(*["It was signed here."] * 20) == [0, 0, 0]


def test_kept_words_that_do_not_stand_in_the_document_are_read_again(
    counting: tuple[Assistant, _Counting], tmp_path: Path
) -> None:
    assistant, _ = counting
    kept = tmp_path / "t.cells.jsonl"
    good = list(assistant.table(QUESTIONS, ["a.md"], kept=kept))
    kept.write_text(kept.read_text().replace("Anna Meyer", "Anne Meyer"))
    again = list(assistant.table(QUESTIONS, ["a.md"], kept=kept))
    assert [row.kept for row in again] == [1]
    assert [row.cells for row in again] == [row.cells for row in good]


@pytest.fixture
def live(tmp_path: Path, encoder: SentenceTransformerEncoder) -> LiveAssistant:
    build_index(_write(tmp_path / "docs", TEXTS), tmp_path / "index", encoder)
    return LiveAssistant(tmp_path / "index", encoder)


def test_changed_and_removed_documents_follow_the_index(
    live: LiveAssistant, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    questions = ["Who signed the contract?"]
    kept = KeptCells(tmp_path / "t.cells.jsonl")
    rows = table_rows(live.get, questions, kept=kept)
    assert next(rows).document == "a.md"
    # The index gets a new version while the table runs.
    (tmp_path / "docs" / "c.md").unlink()
    _write(tmp_path / "docs", {"b.md": TEXTS["b.md"].replace("Boris Novak", "Clara Schumann")})
    build_index(tmp_path / "docs", tmp_path / "index", encoder)
    second, third = rows
    assert second.cells[0].answer is not None
    assert second.cells[0].answer.text == "Clara Schumann"
    assert (third.document, third.cells, third.reason) == ("c.md", (), "is no longer in the index")
    again = list(table_rows(live.get, questions, kept=KeptCells(kept.path)))
    assert [(row.document, row.kept) for row in again] == [("a.md", 1), ("b.md", 1)]
    _write(tmp_path / "docs", {"a.md": TEXTS["a.md"].replace("Anna", "Alma")})
    build_index(tmp_path / "docs", tmp_path / "index", encoder)
    first, _ = table_rows(live.get, questions, kept=KeptCells(kept.path))
    assert first.kept == 0
    assert first.cells[0].answer is not None
    assert first.cells[0].answer.text == "Alma Meyer"


def test_table_goes_on_when_the_index_cannot_be_opened_again(live: LiveAssistant, tmp_path: Path) -> None:
    rows = table_rows(live.get, ["Who signed the contract?"])
    next(rows)
    (tmp_path / "index" / "current").write_text("damaged")
    assert [row.document for row in rows] == ["b.md", "c.md"]


def test_cells_have_page_and_heading(encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    build_index(_write(tmp_path / "docs", {"a.md": "# Parties\n\n" + TEXTS["a.md"]}), tmp_path / "index", encoder)
    (row,) = Assistant.load(tmp_path / "index", encoder).table(QUESTIONS)
    assert [cell.candidate.heading for cell in row.cells if cell.candidate] == ["Parties", "Parties"]


def test_document_without_text_is_named(encoder: SentenceTransformerEncoder, contracts: Assistant) -> None:
    index = Index.build([Document("a.md", TEXTS["a.md"], "a"), Document("e.md", "", "e")], encoder)
    rows = list(Assistant(Retriever(index, encoder), contracts.reader).table(QUESTIONS))
    assert [(row.document, row.reason) for row in rows] == [("a.md", None), ("e.md", "holds no text")]


def test_one_unreadable_document_does_not_stop_the_others(
    contracts: Assistant, counting: tuple[Assistant, _Counting], monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant, reader = counting

    def read(question: str, hits: Sequence[Hit]) -> list[Span]:
        if hits[0].passage.document_id == "a.md":
            raise InputError("too long to be read")
        return contracts.reader.read(question, hits)

    monkeypatch.setattr(reader, "read", read)
    rows = list(assistant.table(QUESTIONS))
    assert [(row.document, row.reason, len(row.cells)) for row in rows] == [
        ("a.md", "too long to be read", 0), ("b.md", None, 2), ("c.md", None, 2),
    ]  # fmt: skip


def test_kept_cells_are_one_json_object_a_line(contracts: Assistant, tmp_path: Path) -> None:
    kept = tmp_path / "t.cells.jsonl"
    list(contracts.table(QUESTIONS, kept=kept))
    header, *lines = [json.loads(line) for line in kept.read_text().splitlines()]
    assert header == {"rag table": "cells", "format": 1}
    assert [(line["document"], line["question"]) for line in lines[:2]] == [
        ("a.md", "Who signed the contract?"), ("a.md", "What is the contract date?"),
    ]  # fmt: skip
    assert lines[0]["candidate"]["text"] == "Anna Meyer"
