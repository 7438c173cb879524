"""The values passed between the stages, frozen so that no stage can change another one's output.

The invariant of the whole project: offsets count Unicode code points in ``Document.text``, and
``document.text[x.start:x.end] == x.text`` for every passage, span, sentence and answer ``x``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import NamedTuple, Self


@dataclass(frozen=True, slots=True)
class Place:
    """Page and heading of a part of a document's text.

    Attributes:
        start: Offset at which the part begins, in code points; it ends where the next place begins.
        page: Page number, from 1; None in formats without pages.
        heading: The heading above the part, if any.
    """

    start: int
    page: int | None = None
    heading: str | None = None


NOWHERE = Place(0)


class OcrWord(NamedTuple):
    """A word of a document that was read by OCR.

    Attributes:
        start, end: Code points of the document's text.
        left, top, width, height: Its box, as fractions of the displayed page, from the upper left corner.
        score: How sure the engine is of the characters of its line on average, in [0, 1].
    """

    start: int
    end: int
    left: float
    top: float
    width: float
    height: float
    score: float


@dataclass(frozen=True, slots=True)
class Document:
    """A document and its text.

    Attributes:
        id: Path of its file relative to the indexed folder, with ``/`` as the separator. A document that is part of a
            file adds which part: ``table.csv#12`` is row 12, ``book.xlsx#2`` sheet 2, ``old.zip/notes.md`` a file in an
            archive, ``letter.eml/plan.pdf`` an attachment.
        text: For ``.txt`` and ``.md`` the decoded file, unchanged.
        title: The document's own title, or else its file's name.
        body: Offset of the text after any front matter, in code points.
        metadata: Front matter, document properties or columns. ``date`` is an ISO date, possibly shortened
            (``2022-10``); ``encoding`` is a text file's encoding, as Python names it.
        places: Pages and headings in order of ``start``; empty in formats without either.
        ocr: The words that were read by OCR, in order.
    """

    id: str
    text: str
    title: str
    body: int = 0
    metadata: Mapping[str, object] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    ocr: tuple[OcrWord, ...] = ()

    def place(self, at: int) -> Place:
        """Page and heading at the code point ``at``."""
        return place_of(self.places, at)


def place_of(places: tuple[Place, ...], at: int) -> Place:
    """The last of ``places`` (sorted by ``start``) that begins at or before a code point."""
    before = bisect_right(places, at, key=lambda place: place.start)
    return places[before - 1] if before else NOWHERE


def name_title(document_id: str) -> str:
    """Title of a document without one: its file's name without the suffix, and the part if it is one."""
    name, mark, part = document_id.rpartition("/")[2].partition("#")
    stem = name.rpartition(".")[0] or name
    return stem + mark + part


def renamed(document: Document, document_id: str) -> Document:
    """The document under another id; a title made from the old id is made from the new one."""
    title = name_title(document_id) if document.title == name_title(document.id) else document.title
    return replace(document, id=document_id, title=title)


@dataclass(frozen=True, slots=True)
class Passage:
    """A slice of a document; the unit that is embedded, retrieved and read.

    Attributes:
        document_id: Id of the document it is a slice of.
        start, end: Code points; ``document.text[start:end] == text``.
        text: Its text.
        tokens: Length in tokens of the index's token encoding.
        page, heading: Page and heading at ``start``, in formats that have them.
    """

    document_id: str
    start: int
    end: int
    text: str
    tokens: int
    page: int | None = None
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question.

    Attributes:
        passage: The passage.
        title: Title of its document.
        score: Fused score; comparable within one search only.
        dense: Cosine similarity of question and passage, in [-1, 1].
        lexical: BM25 score; 0 if question and passage share no term.
    """

    passage: Passage
    title: str
    score: float
    dense: float
    lexical: float

    @property
    def tokens(self) -> int:
        """Length in tokens of the index's token encoding, for budgeting an LLM's context."""
        return self.passage.tokens


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document; offsets in code points of the document."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Item:
    """An item of an answer that is a list; offsets in code points of the document."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Signals:
    """Signals about a span, the inputs of the ranking and of the confidence; for each, higher is better.

    A signal that a reader does not compute is 0.

    Attributes:
        span: Log-odds of the span against "this passage does not answer", from the start and end outputs of the
            first model.
        answerability: Log-odds that the passage answers the question at all, from a separate output.
        retrieval: Fused score of the span's hit minus that of the first hit; 0 or less.
        dense: Cosine similarity of question and passage, in [-1, 1].
        coverage: Share of the question's terms in the passage, weighted by rarity; in [0, 1].
        margin: Score of the span minus that of the best other answer, or of no answer if that is higher.
        second_pass_score: As ``span``, from the larger model that reads the best passages again; its lowest score for
            spans of other passages, and ``span`` if there is no such model.
        support: Natural logarithm of the number of documents that give the same words.
        type_fit: -1 if the words are plainly not of the type that the question asks for (no number, no date), else 0.
        lead: Score of the candidate minus that of the best one; 0 or less.
    """

    span: float = 0.0
    answerability: float = 0.0
    retrieval: float = 0.0
    dense: float = 0.0
    coverage: float = 0.0
    margin: float = 0.0
    second_pass_score: float = 0.0
    support: float = 0.0
    type_fit: float = 0.0
    lead: float = 0.0

    @property
    def is_answer(self) -> bool:
        """True if the reader thinks it more likely that the words answer than that their passage does not answer.

        Checked by hand on the calibration part of the shipped questions, where 16 other places have the words of a
        right answer: of the 8 for which this is true, 7 answer; of the other 8, 2 do.
        """
        return self.span >= 0


@dataclass(frozen=True, slots=True)
class Span:
    """A candidate answer, as a reader returns it.

    Attributes:
        document_id, start, end, text: The words and their offsets (code points of the document).
        sentence: The sentence around them; several sentences if they cross a boundary.
        hit: Index of the hit whose passage holds them, from 0.
        score: The reader's score, which orders the candidates; higher is better, comparable within one question.
        signals: Inputs of the confidence.
    """

    document_id: str
    start: int
    end: int
    text: str
    sentence: Sentence
    hit: int
    score: float
    signals: Signals


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
    signals: Signals = Signals()
    feedback: Attribution | None = None
    items: tuple[Item, ...] = ()
    ocr: float | None = None

    @property
    def documents(self) -> tuple[str, ...]:
        """Ids of all documents with these words, the answer's own first, each once."""
        return tuple(dict.fromkeys([self.document, *(support.document for support in self.support)]))


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence of a document that bears on the question.

    Attributes:
        document_id, start, end, text: The sentence and its offsets (code points of the document).
        probability: That it bears on the question, in [0, 1].
        hit: Index of the hit whose passage holds it, from 0.
        title: Title of the document.
        page: Page number at ``start``, from 1; None in formats without pages.
        heading: Heading above ``start``; None in formats without headings.
        ocr: As ``Answer.ocr``.
    """

    document_id: str
    start: int
    end: int
    text: str
    probability: float
    hit: int
    title: str
    page: int | None = None
    heading: str | None = None
    ocr: float | None = None


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


class AnswerKind(StrEnum):
    """What answers a question: exact words, or the sentences of the evidence."""

    SPAN = "span"
    EVIDENCE = "evidence"


class Reason(StrEnum):
    """Why a question was not answered."""

    NOTHING_RELEVANT = "nothing_relevant"
    NO_SPAN = "no_span"
    TOO_UNSURE = "too_unsure"
    UNSUPPORTED = "unsupported"
    MARKED_UNANSWERABLE = "marked_unanswerable"


class NoticeCode(StrEnum):
    """What a notice is about."""

    SUMMARY = "summary"
    COMPARISON = "comparison"
    LANGUAGE = "language"
    FOLLOW_UP = "follow_up"
    UNCLEAR_FOLLOW_UP = "unclear_follow_up"
    MARKED_UNANSWERABLE = "marked_unanswerable"
    MARKED_WRONG = "marked_wrong"


@dataclass(frozen=True, slots=True)
class Notice:
    """A remark on a question, shown above its result.

    Attributes:
        code: What it is about, for programs.
        text: One sentence, for people.
    """

    code: NoticeCode
    text: str

    @property
    def reason(self) -> Reason | None:
        """Why the question gets no answer; None if it may get one."""
        return _NOTICE_REASONS.get(self.code)


_NOTICE_REASONS = {
    NoticeCode.SUMMARY: Reason.UNSUPPORTED,
    NoticeCode.COMPARISON: Reason.UNSUPPORTED,
    NoticeCode.LANGUAGE: Reason.UNSUPPORTED,
    NoticeCode.MARKED_UNANSWERABLE: Reason.MARKED_UNANSWERABLE,
}


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds spent in each stage of one question."""

    retrieve: float
    read: float
    total: float


@dataclass(frozen=True, slots=True)
class Result:
    """Outcome of a question, completed stage by stage: ``retrieve`` adds hits, ``read`` answers, ``judge`` the rest.

    Attributes:
        question: The question as asked; a follow-up that was understood is spelt out, and ``notice`` says so.
        answer: The best answer; None if the assistant abstains.
        answers: All candidates, best first; if the assistant abstains, the first one is the near miss.
        hits: The passages found, best first.
        reason: Why there is no answer, for people; None if there is one.
        seconds: Time spent.
        reason_code: Why there is no answer, for programs; None if there is one.
        agreement: Whether the likely answers agree.
        notice: A remark on the question; None if there is none.
        evidence: The sentences of the passages that bear on the question, most probable first; empty if none does.
        answer_kind: ``SPAN`` if ``answer`` answers the question. ``EVIDENCE`` if it asks for sentences (why, how,
            keywords) and ``evidence`` is likely enough to bear on it; ``answer`` may then give the gist. None if the
            question was not answered.
    """

    question: str
    answer: Answer | None
    answers: tuple[Answer, ...]
    hits: tuple[Hit, ...]
    reason: str | None
    seconds: Seconds
    reason_code: Reason | None = None
    agreement: Agreement = Agreement()
    notice: Notice | None = None
    evidence: tuple[Evidence, ...] = ()
    answer_kind: AnswerKind | None = None

    @classmethod
    def of_hits(cls, question: str, hits: Sequence[Hit], seconds: float = 0.0) -> Self:
        """A result with hits and no candidates yet; ``seconds`` is the time spent on retrieval."""
        return cls(question, None, (), tuple(hits), None, Seconds(seconds, 0.0, seconds))

    @property
    def continuable(self) -> str | None:
        """The question that a follow-up may continue; None if this was a follow-up that was not understood."""
        return None if self.notice and self.notice.code is NoticeCode.UNCLEAR_FOLLOW_UP else self.question

    @property
    def near_miss(self) -> Answer | None:
        """The best candidate of a question that was not answered."""
        return self.answers[0] if self.answer is None and self.answers else None
