"""What answers a question, or why nothing does."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from ..agreement import agreement_of
from ..questions.polarity import REFUSALS, refusal, yes_no_notice
from ..questions.question_type import asks_for_sentences
from ..questions.scope import comparison_notice
from ..types import Agreement, Answer, AnswerKind, Hit, Notice, NoticeCode, Reason, Result
from .lists import list_items

#: Lowest cosine similarity at which a passage that shares no term with the question is relevant. Of 1,000 answerable
#: questions of squad-dev-part, none has a first hit without a shared term below it.
MIN_SIMILARITY = 0.3


def judged(result: Result, min_confidence: float) -> Result:
    """The result with its best candidate as the answer, or with the reason why there is none.

    Args:
        result: A result that was read; one that was judged can be judged again.
        min_confidence: Probability below which to abstain.
    """
    result = replace(result, notice=_unanswered_notice(result.notice))
    code, reason = _reason(result, min_confidence)
    kind = _answer_kind(result, min_confidence, has_answer=code is None)
    notice = _notice(result, kind)
    if code and notice and code is notice.reason:
        reason = notice.text
    return replace(
        result,
        answer=None if code else result.answers[0],
        reason=reason,
        reason_code=code,
        agreement=Agreement() if code else agreement_of(result.answers, result.question),
        answer_kind=kind,
        notice=notice,
        items=list_items(result.answers, result.question),
        min_confidence=min_confidence,
    )


def is_relevant(hits: Sequence[Hit]) -> bool:
    """True if a passage shares a term with the question, or is similar to it."""
    return any(hit.lexical > 0 or hit.dense >= MIN_SIMILARITY for hit in hits)


def _answer_kind(result: Result, min_confidence: float, *, has_answer: bool) -> AnswerKind | None:
    """What answers the question; None if nothing does.

    Words that a person marked right come before sentences. A comparison gets sentences, though no short answer.
    """
    notice = result.notice
    is_comparison = notice is not None and notice.code is NoticeCode.COMPARISON
    refused = notice and notice.reason and not is_comparison
    marked = result.answers and result.answers[0].feedback
    likely = result.evidence and result.evidence[0].probability >= min_confidence
    if likely and not refused and not marked and (is_comparison or asks_for_sentences(result.question)):
        return AnswerKind.EVIDENCE
    return AnswerKind.SPAN if has_answer else None


def _unanswered_notice(notice: Notice | None) -> Notice | None:
    """The remark on a question before it is judged."""
    if notice and notice.code is NoticeCode.COMPARISON:
        return comparison_notice(has_sentences=False)
    return None if notice and notice.code is NoticeCode.YES_NO else notice


def _notice(result: Result, kind: AnswerKind | None) -> Notice | None:
    """The remark on a judged question; on one for yes or no, or for a comparison, what its sentences are."""
    if kind is AnswerKind.EVIDENCE:
        if result.notice and result.notice.code is NoticeCode.COMPARISON:
            return comparison_notice(has_sentences=True)
        return result.notice or yes_no_notice(result.question)
    return result.notice


def _reason(result: Result, min_confidence: float) -> tuple[Reason | None, str | None]:
    """Why the result has no answer, for programs and for people; None if it has one."""
    if result.notice and result.notice.reason:
        return result.notice.reason, result.notice.text
    if not result.answers:
        if not result.hits:
            return Reason.NOTHING_RELEVANT, "nothing relevant: no document matches the conditions"
        if not is_relevant(result.hits):
            return Reason.NOTHING_RELEVANT, "nothing relevant: no passage is about this"
        return Reason.NO_SPAN, "no span: no sentence of the passages found could be the answer"
    return _withheld(result.question, result.answers[0], min_confidence)


def _withheld(question: str, best: Answer, min_confidence: float) -> tuple[Reason | None, str | None]:
    """Why the best candidate is not given, for programs and for people; None if it is."""
    if refused := None if best.feedback else refusal(question, best.text, best.sentence.text):
        return refused, REFUSALS[refused]
    if best.confidence < min_confidence:
        return Reason.TOO_UNSURE, (
            f"too unsure: no candidate is at least {min_confidence:.0%} likely to be right "
            f"(the best one: {math.floor(best.confidence * 100)}%); the closest passages may help"
        )
    return None, None
