"""Cells as people corrected them."""

from dataclasses import replace
from pathlib import Path

import pytest

from rag import (
    Assistant,
    Candidate,
    Document,
    Index,
    Retriever,
    Sentence,
    SentenceTransformerEncoder,
    TableCell,
)
from rag.questions.anchors import Selection
from rag.questions.feedback import FeedbackFile
from rag.tables import corrected

QUESTION = "What is the contract date?"
TEXT = "The contract date is 3 May 2021. It was signed on 4 May 2021."
DOCUMENTS = {name: Document(name, TEXT, name) for name in ("a.md", "b.md")}
FOUND = Candidate("3 May 2021", 21, 31, 0.8, Sentence(0, 32, TEXT[:32]))
CELL = TableCell(QUESTION, FOUND, None)


@pytest.fixture
def feedback(tmp_path: Path) -> FeedbackFile:
    return FeedbackFile(tmp_path / "taught.jsonl")


def _corrected(feedback: FeedbackFile, cell: TableCell = CELL) -> TableCell:
    return corrected(cell, feedback.about(QUESTION), DOCUMENTS["a.md"])


def test_words_marked_right_in_the_document_take_the_cell(feedback: FeedbackFile) -> None:
    feedback.add(QUESTION, DOCUMENTS, right=[Selection("a.md", 50, 60)], by="Anna")
    cell = _corrected(feedback, replace(CELL, candidate=None, reason="no span"))
    assert cell.answer is not None
    assert (cell.answer.text, cell.answer.confidence) == (TEXT[50:60], 1.0)
    assert cell.answer.text == "4 May 2021"
    assert cell.answer.sentence == Sentence(33, 61, "It was signed on 4 May 2021.")
    assert cell.answer.feedback is not None
    assert cell.answer.feedback.by == "Anna"


def test_latest_right_words_count(feedback: FeedbackFile) -> None:
    for start, end in ((50, 60), (21, 31)):
        feedback.add(QUESTION, DOCUMENTS, right=[Selection("a.md", start, end)])
    answer = _corrected(feedback).answer
    assert answer is not None
    assert answer.text == "3 May 2021"


def test_words_marked_wrong_empty_the_cell(feedback: FeedbackFile) -> None:
    feedback.add(QUESTION, DOCUMENTS, wrong=[Selection("a.md", 21, 31)], by="Anna")
    cell = _corrected(feedback)
    assert cell.answer is None
    assert (cell.reason or "").startswith("marked wrong by Anna on ")
    other = replace(CELL, candidate=replace(FOUND, start=50, end=60, text="4 May 2021"))
    assert _corrected(feedback, other) == other


def test_marks_elsewhere_and_those_whose_words_are_gone_change_nothing(feedback: FeedbackFile) -> None:
    feedback.add(QUESTION, DOCUMENTS, right=[Selection("b.md", 50, 60)])
    feedback.add("Who signed?", DOCUMENTS, right=[Selection("a.md", 50, 60)])
    assert _corrected(feedback) == CELL
    feedback.add(QUESTION, DOCUMENTS, right=[Selection("a.md", 50, 60)])
    changed = Document("a.md", "The contract date is 3 May 2021.", "a")
    assert corrected(CELL, feedback.about(QUESTION), changed) == CELL
    assert corrected(CELL, None, changed) == CELL


def test_question_that_no_document_answers_has_empty_cells(feedback: FeedbackFile) -> None:
    feedback.add(QUESTION, DOCUMENTS, unanswerable=True, by="Anna")
    cell = _corrected(feedback)
    assert cell.answer is None
    assert (cell.reason or "").startswith("no document answers this: marked by Anna on ")


def test_table_applies_feedback_and_keeps_cells_without_it(
    encoder: SentenceTransformerEncoder, feedback: FeedbackFile, tmp_path: Path
) -> None:
    index = Index.build(list(DOCUMENTS.values()), encoder)
    kept = tmp_path / "t.cells.jsonl"
    feedback.add(QUESTION, DOCUMENTS, right=[Selection("a.md", 50, 60)])
    assistant = Assistant(Retriever(index, encoder), feedback=feedback)
    first = list(assistant.table(["contract date"], kept=kept))
    assert [row.cells[0].answer.text for row in first if row.cells[0].answer] == ["4 May 2021", "3 May 2021"]
    again = Assistant(Retriever(index, encoder)).table(["contract date"], kept=kept)
    assert [(row.kept, row.cells[0].answer and row.cells[0].answer.text) for row in again] == [
        (1, "3 May 2021"), (1, "3 May 2021"),
    ]  # fmt: skip
