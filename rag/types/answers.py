"""Answers, and whether they agree."""

from __future__ import annotations

from dataclasses import dataclass, field

from .documents import Passage
from .spans import Sentence, Signals


@dataclass(frozen=True, slots=True)
class Support:
    """Another place with the same words as an answer; offsets in code points."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who gave feedback, and when.

    Attributes:
        by: Name of the account; empty if the page has no accounts or the feedback was written before names were stored.
        at: Time in UTC, ISO 8601 (``2026-11-28T09:30:00Z``); empty if it was not stored.
    """

    by: str = ""
    at: str = ""

    def __str__(self) -> str:
        """``by Anna on 2026-11-28``; empty if nothing was stored."""
        return " ".join([f"by {self.by}"] * bool(self.by) + [f"on {self.at[:10]}"] * bool(self.at))


@dataclass(frozen=True, slots=True)
class Item:
    """An item of a list.

    Attributes:
        document: Id of the document.
        start, end: Offsets in the document's text, in code points.
        text: ``document.text[start:end]``.
        confidence: That of the candidate that names it.
    """

    document: str
    start: int
    end: int
    text: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Answer:
    """Exact words of a document, with the probability that they answer the question.

    Attributes:
        text: ``document.text[start:end]``.
        confidence: Probability in [0, 1]: of the answers given at 0.8, about 80% should be right.
        document: Id of the document.
        title: Title of the document.
        start, end: Offsets in the document's text, in code points.
        page: Page number at ``start``, from 1; None in formats without pages.
        sentence: The sentence around the words.
        passage: The passage that was read.
        support: Other places with the same words, best first.
        heading: Heading above ``start``; None in formats without headings.
        signals: What the confidence of the best candidate was computed from.
        feedback: Who marked these words right, and when; None if nobody did. Their confidence is 1.
        items: The items of the words, in their order, if the question asks for a list and the words are one.
        ocr: Lowest score of the words if they were read by OCR, in [0, 1]; the confidence was multiplied by it. None if
            they were not.
    """

    text: str
    confidence: float
    document: str
    title: str
    start: int
    end: int
    page: int | None
    sentence: Sentence
    passage: Passage
    support: tuple[Support, ...] = ()
    heading: str | None = None
    signals: Signals = field(default_factory=Signals)
    feedback: Attribution | None = None
    items: tuple[Item, ...] = ()
    ocr: float | None = None

    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of all documents with these words, the answer's own first, each once."""
        return tuple(dict.fromkeys([self.document, *(support.document for support in self.support)]))


@dataclass(frozen=True, slots=True)
class Agreement:
    """Whether the likely answers to a question agree.

    Attributes:
        groups: Answers that say the same, the most likely one of each group first; the first group holds the answer
            that was given. Empty if the question was not answered.
    """

    groups: tuple[tuple[Answer, ...], ...] = ()

    @property
    def agrees(self) -> bool:
        """True if no likely answer contradicts the one that was given."""
        return len(self.groups) <= 1
