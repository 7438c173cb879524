"""Apply feedback to the candidates of a question that was asked before."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import NamedTuple

from ..errors import InputError
from ..text.words import normalized_words
from ..types import Answer, Attribution, Document, Notice, NoticeCode, Passage, Result, Sentence, Support
from .anchors import Place
from .feedback import Feedback, attribution
from .places import Gold, read_place

#: Maps a document and ``[start, end)`` to the passage that holds most of it; None if the filters exclude the document.
FindPassage = Callable[[str, int, int], Passage | None]


class Mark(NamedTuple):
    """Words that were marked right or wrong.

    Attributes:
        span: The words in the current document.
        by: Who marked them, and when.
    """

    span: Gold
    by: Attribution


def apply_feedback(
    result: Result, feedback: Feedback, documents: Mapping[str, Document], find_passage: FindPassage
) -> Result:
    """The result with the words marked right as the first answers, and without the words marked wrong.

    Marks whose words are no longer in the documents are ignored, and so are words marked right in a document that the
    filters exclude. The result gets a notice if the question was marked unanswerable, or if an answer is left out.

    Args:
        result: A result with candidates that is not judged yet.
        feedback: Feedback on the same question.
        documents: The indexed documents.
        find_passage: Finds the passage around a span.
    """
    wrong = _marks(feedback.wrong, documents)
    right = _right_answers(_marks(feedback.answers or (), documents), documents, find_passage)
    right = [_with_support(answer, result.answers, wrong) for answer in right]
    marked = {normalized_words(text) for text in (*(a.text for a in right), *(mark.span.text for mark in wrong))}
    others = [answer for answer in result.answers if normalized_words(answer.text) not in marked]
    return replace(result, answers=(*right, *others), notice=_notice(result, feedback, right, wrong))


def _marks(places: Sequence[Place], documents: Mapping[str, Document]) -> list[Mark]:
    """The places that are still in the documents."""
    marks = []
    for place in places:
        with suppress(InputError):
            marks.append(Mark(read_place(place, documents), attribution(place)))
    return marks


def _right_answers(marks: Sequence[Mark], documents: Mapping[str, Document], find_passage: FindPassage) -> list[Answer]:
    """An answer for each text marked right; further places with the same text are its support."""
    answers: dict[str, Answer] = {}
    for span, by in marks:
        passage = find_passage(span.document, span.start, span.end)
        if passage is None:
            continue
        words = normalized_words(span.text)
        if words in answers:
            support = (*answers[words].support, Support(span.document, span.start, span.end))
            answers[words] = replace(answers[words], support=support)
        else:
            answers[words] = _answer(span, by, documents[span.document], passage)
    return list(answers.values())


def _answer(span: Gold, by: Attribution, document: Document, passage: Passage) -> Answer:
    place = document.place(span.start)
    sentence = document.text[span.sentence_start : span.sentence_end]
    return Answer(
        text=span.text,
        confidence=1.0,
        document=span.document,
        title=document.title,
        start=span.start,
        end=span.end,
        page=place.page,
        sentence=Sentence(span.sentence_start, span.sentence_end, sentence),
        passage=passage,
        heading=place.heading,
        feedback=by,
    )


def _with_support(answer: Answer, candidates: Sequence[Answer], wrong: Sequence[Mark]) -> Answer:
    """The answer, also supported by the places of candidates with the same words that were not marked wrong."""
    excluded = {(mark.span.document, mark.span.start, mark.span.end) for mark in wrong}
    excluded |= {(answer.document, answer.start, answer.end)}
    excluded |= {(place.document, place.start, place.end) for place in answer.support}
    places = [
        place
        for candidate in candidates
        if normalized_words(candidate.text) == normalized_words(answer.text)
        for place in (Support(candidate.document, candidate.start, candidate.end), *candidate.support)
        if (place.document, place.start, place.end) not in excluded
    ]
    return replace(answer, support=(*answer.support, *places))


def _notice(result: Result, feedback: Feedback, right: Sequence[Answer], wrong: Sequence[Mark]) -> Notice | None:
    """The notice of the result with feedback."""
    if feedback.answers == ():
        marked = f"marked {feedback.attribution}".rstrip()
        return Notice(NoticeCode.MARKED_UNANSWERABLE, f"No document answers this: {marked}.")
    if right:
        # A question with an answer is not refused.
        return None if result.notice and result.notice.reason else result.notice
    candidates = {normalized_words(answer.text) for answer in result.answers}
    left_out = [mark for mark in wrong if normalized_words(mark.span.text) in candidates]
    if result.notice or not left_out:
        return result.notice
    quotes = ", ".join(dict.fromkeys(f"“{_shortened(mark.span.text)}”" for mark in left_out))
    marked = f"marked wrong {left_out[-1].by}".rstrip()
    return Notice(NoticeCode.MARKED_WRONG, f"Left out, because it was {marked}: {quotes}.")


def _shortened(text: str, length: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
