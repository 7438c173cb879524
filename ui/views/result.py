"""A result as HTML: the answer or why there is none, then the other passages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rag import AnswerKind, Hit, Passage, Reason, Result
from rag.agreement import likely_answers

from ..services.ask_service import FindDocument
from .answer import Link, alternatives, card, list_items, passage_text, place
from .comparison import comparison
from .evidence import note
from .highlight import Mark
from .render import render

#: Passages longer than this, in code points, are folded.
LONG_PASSAGE = 320

REASONS = {
    Reason.NOTHING_RELEVANT: "No document covers this topic.",
    Reason.NO_SPAN: "Some documents cover this topic, but no sentence in them answers the question.",
    Reason.YES_NO: "No few words in the documents say whether it is so.",
    Reason.NEGATED: "The closest sentence says what is so, and the question asks what is not.",
}


@dataclass(frozen=True, slots=True)
class FoundPassage:
    """A retrieved passage.

    Attributes:
        hit: The passage with its scores.
        link: Opens its document at the first answer in it, or at the passage.
        place: Its page and heading; see ``place``.
        text: The passage, with the answers in it highlighted.
        is_long: Whether it is folded.
    """

    hit: Hit
    link: Link
    place: str
    text: Markup
    is_long: bool


def result_html(result: Result, find: FindDocument, where: Sequence[str] = ()) -> str:
    """The conditions, the answer or why there is none, the evidence, the other candidates, and the other passages.

    Where sentences answer, they are the answer, and short answers are among the candidates.
    """
    evidence_answers = result.answer_kind is AnswerKind.EVIDENCE
    shown = None if evidence_answers else result.answer or result.near_miss
    hits = [hit for hit in result.hits if shown is None or hit.passage != shown.passage]
    return render(
        "result",
        where=where,
        answered=result.answer is not None,
        evidence_answers=evidence_answers,
        note=note(result, find, shown),
        reason=_reason(result),
        notice=result.notice.text if result.notice and (evidence_answers or not result.notice.reason) else "",
        card=card(shown, find, "answer" if result.answer else "near") if shown else None,
        items=list_items(result, find),
        opinions=comparison(result, find),
        alternatives=alternatives(result),
        passages=[_passage(hit, _answers_in(result, hit.passage)) for hit in hits],
        seconds=result.seconds,
    )


def reading_html(hits: Sequence[Hit], where: Sequence[str] = ()) -> str:
    """The passages, and a placeholder for the answer while they are read."""
    return render("reading", where=where, passages=[_passage(hit, []) for hit in hits])


def message_html(text: str) -> str:
    """A hint in place of a result."""
    return render("message", text=text)


def gone_html(collection: str) -> str:
    """A hint that the collection of a link no longer exists."""
    return render("gone", collection=collection[:80])


def _reason(result: Result) -> str:
    """Why there is no answer, as sentences."""
    if result.reason_code is Reason.TOO_UNSURE:
        text = (result.reason or "").partition(": ")[2].partition(";")[0]
        return f"{text[:1].upper()}{text[1:]}."
    return REASONS.get(result.reason_code, result.reason or "") if result.reason_code else ""


def _answers_in(result: Result, passage: Passage) -> list[Mark]:
    """Where a passage contains one of the likely answers."""
    likely = likely_answers(result.answers) if result.answer else []
    places = [(answer.document, answer.start, answer.end) for answer in likely]
    places += [(other.document, other.start, other.end) for answer in likely for other in answer.support]
    return [Mark(start, end, "other") for document, start, end in places if document == passage.document_id]


def _passage(hit: Hit, marks: list[Mark]) -> FoundPassage:
    passage = hit.passage
    start, end = (marks[0].start, marks[0].end) if marks else (passage.start, passage.end)
    return FoundPassage(
        hit,
        Link(passage.document_id, start, end, hit.title),
        place(passage, hit.title),
        passage_text(passage, hit.title, marks),
        len(passage.text) > LONG_PASSAGE,
    )
