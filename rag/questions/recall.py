"""Apply feedback to the candidates of a question that was asked before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from ..text.words import normalized_words
from ..types import Answer, Document, Notice, NoticeCode, Passage, Result, Sentence, Support
from .anchors import Place, Selection, find_place
from .feedback import Annotation, attribution
from .schema import read_place

#: Finds the passage of a document that holds most of ``[start, end)``; None if none of them may answer.
FindPassage = Callable[[str, int, int], Passage | None]


def apply_feedback(
    result: Result, annotation: Annotation, documents: Mapping[str, Document], find_passage: FindPassage
) -> Result:
    """The result with the words marked right first, and without the words marked wrong.

    Feedback on places that are no longer in the documents, or may not answer, is ignored. The result gets a notice if
    the question was marked as unanswerable, or if candidates are left out.

    Args:
        result: A result with candidates that is not judged yet.
        annotation: Feedback on the same question.
        documents: The indexed documents.
        find_passage: Finds the passage around a place.
    """
    right = _located(annotation.answers or (), documents)
    wrong = _located(annotation.wrong, documents)
    taught = _taught(right, documents, find_passage)
    taught = [_with_same_words(each, result.answers, wrong) for each in taught]
    answers = [*taught, *(each for each in result.answers if not _is_known(each, taught, wrong))]
    return replace(result, answers=tuple(answers), notice=_notice(result, annotation, taught, wrong))


def _located(places: tuple[Place, ...], documents: Mapping[str, Document]) -> list[tuple[Place, Selection]]:
    """The places that are still in the documents, with their offsets."""
    return [(place, found) for place in places if (found := find_place(place, documents))]


def _taught(
    right: list[tuple[Place, Selection]], documents: Mapping[str, Document], find_passage: FindPassage
) -> list[Answer]:
    """One answer for each of the words marked right; their other places are its support."""
    answers: dict[str, Answer] = {}
    for place, found in right:
        passage = find_passage(found.document, found.start, found.end)
        if passage is None:
            continue
        document = documents[found.document]
        text = document.text[found.start : found.end]
        words = normalized_words(text)
        if words in answers:
            support = Support(found.document, found.start, found.end)
            answers[words] = replace(answers[words], support=(*answers[words].support, support))
            continue
        gold, where = read_place(place, documents), document.place(found.start)
        sentence = document.text[gold.sentence_start : gold.sentence_end]
        answers[words] = Answer(
            text=text,
            confidence=1.0,
            document=found.document,
            title=document.title,
            start=found.start,
            end=found.end,
            page=where.page,
            sentence=Sentence(gold.sentence_start, gold.sentence_end, sentence),
            passage=passage,
            heading=where.heading,
            feedback=attribution(place),
        )
    return list(answers.values())


def _with_same_words(taught: Answer, answers: tuple[Answer, ...], wrong: list[tuple[Place, Selection]]) -> Answer:
    """The answer, with the other places of a candidate with the same words as further support."""
    known = {(found.document, found.start, found.end) for _, found in wrong}
    known |= {(taught.document, taught.start, taught.end), *((s.document, s.start, s.end) for s in taught.support)}
    places = [
        place
        for each in answers
        if normalized_words(each.text) == normalized_words(taught.text)
        for place in (Support(each.document, each.start, each.end), *each.support)
        if (place.document, place.start, place.end) not in known
    ]
    return replace(taught, support=(*taught.support, *places))


def _is_known(answer: Answer, taught: list[Answer], wrong: list[tuple[Place, Selection]]) -> bool:
    """True if the words are among those marked right or wrong."""
    words = normalized_words(answer.text)
    marked = [*(each.text for each in taught), *(place["quote"] for place, _ in wrong)]
    return any(words == normalized_words(each) for each in marked)


def _notice(
    result: Result, annotation: Annotation, taught: list[Answer], wrong: list[tuple[Place, Selection]]
) -> Notice | None:
    if annotation.answers == ():
        marked = f"marked {annotation.attribution}".rstrip()
        return Notice(NoticeCode.MARKED_UNANSWERABLE, f"No document answers this: {marked}.")
    left_out = [
        (place, found)
        for place, found in wrong
        if any(_is_known(answer, [], [(place, found)]) for answer in result.answers)
    ]
    if taught or not left_out or result.notice:
        return None if taught and result.notice and result.notice.reason else result.notice
    quotes = ", ".join(dict.fromkeys(f"“{_shortened(place['quote'])}”" for place, _ in left_out))
    marked = f"marked wrong {attribution(left_out[-1][0])}".rstrip()
    return Notice(NoticeCode.MARKED_WRONG, f"Left out, because it was {marked}: {quotes}.")


def _shortened(text: str, length: int = 60) -> str:
    line = " ".join(text.split())
    return line if len(line) <= length else line[: length - 1].rstrip() + "…"
