"""The outcome of a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Self

from .answers import Agreement, Answer, Item
from .documents import Hit
from .spans import Evidence


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
    YES_NO = "yes_no"
    NEGATED = "negated"
    MARKED_UNANSWERABLE = "marked_unanswerable"


class NoticeCode(StrEnum):
    """What a notice is about."""

    SUMMARY = "summary"
    COMPARISON = "comparison"
    YES_NO = "yes_no"
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
        answer_kind: ``SPAN`` if ``answer`` answers the question. ``EVIDENCE`` if it asks for sentences (yes or no, why,
            how, a comparison, keywords) and ``evidence`` is likely enough to bear on it; ``answer`` may then give the
            gist. None if the question was not answered.
        items: The items of the list that the question asks for, from all likely candidates, those of the best one
            first; empty if it asks for no list. They may stand in several documents.
        min_confidence: Probability below which it was judged not to be answered.
    """

    question: str
    answer: Answer | None
    answers: tuple[Answer, ...]
    hits: tuple[Hit, ...]
    reason: str | None
    seconds: Seconds
    reason_code: Reason | None = None
    agreement: Agreement = field(default_factory=Agreement)
    notice: Notice | None = None
    evidence: tuple[Evidence, ...] = ()
    answer_kind: AnswerKind | None = None
    items: tuple[Item, ...] = ()
    min_confidence: float = 0.0

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

    @property
    def likely_evidence(self) -> tuple[Evidence, ...]:
        """The evidence that is at least as probable as an answer must be."""
        return tuple(each for each in self.evidence if each.probability >= self.min_confidence)
