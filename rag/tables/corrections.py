"""Cells as people corrected them: the words marked right, or not found where the words were marked wrong."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from ..errors import InputError
from ..questions.anchors import Place
from ..questions.feedback import Feedback, attribution
from ..questions.places import Gold, read_place
from ..types import Attribution, Document, Sentence
from .values import Candidate, TableCell


def corrected(cell: TableCell, feedback: Feedback | None, document: Document) -> TableCell:
    """The cell with the feedback on its question.

    Of several words that were marked right in the document, the latest are taken. Marks in other documents, and marks
    whose words are gone, change nothing.

    Args:
        cell: The cell.
        feedback: Feedback on its question; None if there is none.
        document: The document that was asked.
    """
    if feedback is None:
        return cell
    if feedback.answers == ():
        return replace(cell, reason=f"no document answers this: marked {feedback.attribution}".rstrip())
    if right := _marks(feedback.answers or (), document):
        return TableCell(cell.question, _candidate(*right[-1], document), None)
    for gold, by in _marks(feedback.wrong, document):
        if cell.candidate and (gold.start, gold.end) == (cell.candidate.start, cell.candidate.end):
            return replace(cell, reason=f"marked wrong {by}".rstrip())
    return cell


def _marks(places: Sequence[Place], document: Document) -> list[tuple[Gold, Attribution]]:
    """The places that are still in the document, each with who marked it."""
    found = []
    for place in places:
        if place["document"] == document.id:
            with suppress(InputError):
                found.append((read_place(place, {document.id: document}), attribution(place)))
    return found


def _candidate(gold: Gold, by: Attribution, document: Document) -> Candidate:
    sentence = document.text[gold.sentence_start : gold.sentence_end]
    around = Sentence(gold.sentence_start, gold.sentence_end, sentence)
    return Candidate(gold.text, gold.start, gold.end, 1.0, around, feedback=by)
