"""The values of a table."""

from __future__ import annotations

from dataclasses import dataclass

from ..types import Attribution, Sentence


@dataclass(frozen=True, slots=True)
class Candidate:
    """The best candidate answer of a document to a question.

    Attributes:
        text: ``document.text[start:end]``.
        start, end: Offsets in the document's text, in code points.
        confidence: Probability that the words answer the question.
        sentence: The sentence around them.
        page: Page number at ``start``, from 1; None in formats without pages.
        heading: Heading above ``start``; None in formats without headings.
        feedback: Who marked the words right, and when; None if nobody did. Their confidence is 1.
    """

    text: str
    start: int
    end: int
    confidence: float
    sentence: Sentence
    page: int | None = None
    heading: str | None = None
    feedback: Attribution | None = None


@dataclass(frozen=True, slots=True)
class TableCell:
    """A question asked of one document.

    Attributes:
        question: What was asked.
        candidate: The best candidate, whether or not it is likely enough; None if there is none.
        reason: Why the answer was not found; None if it was.
    """

    question: str
    candidate: Candidate | None
    reason: str | None

    @property
    def answer(self) -> Candidate | None:
        """The best candidate if it is likely enough to be right; None if the answer was not found."""
        return None if self.reason else self.candidate


@dataclass(frozen=True, slots=True)
class TableRow:
    """The cells of one document.

    Attributes:
        document: Id of the document.
        title: Its title.
        cells: One for each question, in order; empty if the document could not be read.
        reason: Why the document could not be read; None if it was.
        kept: Number of the cells that an earlier run has computed.
    """

    document: str
    title: str
    cells: tuple[TableCell, ...]
    reason: str | None = None
    kept: int = 0
