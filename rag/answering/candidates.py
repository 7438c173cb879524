"""Spans to candidate answers, each with the probability of being right."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace

from ..questions.list_items import asks_for_list, items_of
from ..reading.scoring import Confidence
from ..text.words import normalized_words
from ..types import Answer, Hit, Item, Place, Signals, Span, Support

#: Candidates kept in a result.
MAX_ANSWERS = 5

#: Page and heading at an offset of a document.
PlaceAt = Callable[[str, int], Place]

#: Score of what OCR read between two offsets of a document; None if it read nothing there.
OcrScore = Callable[[str, int, int], float | None]


@dataclass(frozen=True, slots=True)
class CandidateMaker:
    """Makes candidates of spans.

    Attributes:
        confidence: Turns the signals of the best candidate into a probability.
        place_at: Finds page and heading.
        ocr_score: Finds the score of words that OCR read; their probability is multiplied by it.
    """

    confidence: Confidence
    place_at: PlaceAt
    ocr_score: OcrScore

    def candidates(self, question: str, spans: Sequence[Span], hits: Sequence[Hit]) -> tuple[Answer, ...]:
        """The best candidates of a reader's spans, best first.

        Places with the same words are one candidate, with the other places as its support.

        Args:
            question: The question.
            spans: The spans.
            hits: The hits that were read.
        """
        merged: dict[str, list[Span]] = {}
        for span in sorted(spans, key=lambda span: -span.score):
            merged.setdefault(normalized_words(span.text), []).append(span)
        groups = list(merged.values())[:MAX_ANSWERS]
        if not groups:
            return ()
        best = _joint_signals(groups[0])
        candidates = (self._answer(spans, hits, best, spans[0].score - groups[0][0].score) for spans in groups)
        # What OCR read may be less likely than the candidates after it.
        found = sorted(candidates, key=lambda answer: -answer.confidence)
        return tuple(map(_with_items, found) if asks_for_list(question) else found)

    def _answer(self, spans: Sequence[Span], hits: Sequence[Hit], best: Signals, lead: float) -> Answer:
        """One candidate of spans with the same words, best first.

        Args:
            spans: The spans.
            hits: The hits that were read.
            best: Signals of the best candidate.
            lead: See ``Signals.lead``.
        """
        span, *others = spans
        hit = hits[span.hit]
        place = self.place_at(span.document_id, span.start)
        ocr = self.ocr_score(span.document_id, span.start, span.end)
        return Answer(
            text=span.text,
            confidence=self.confidence.probability(replace(best, lead=lead)) * (1.0 if ocr is None else ocr),
            document=span.document_id,
            title=hit.title,
            start=span.start,
            end=span.end,
            page=place.page,
            heading=place.heading,
            sentence=span.sentence,
            passage=hit.passage,
            support=tuple(
                Support(other.document_id, other.start, other.end) for other in others if other.signals.is_answer
            ),
            signals=replace(_joint_signals(spans), lead=lead),
            ocr=ocr,
        )


def _with_items(answer: Answer) -> Answer:
    """The answer with its items, if its words are several."""
    parts = items_of(answer.text)
    if len(parts) < 2:
        return answer
    items = (
        Item(answer.document, answer.start + start, answer.start + end, answer.text[start:end], answer.confidence)
        for start, end in parts
    )
    return replace(answer, items=tuple(items))


def _joint_signals(spans: Sequence[Span]) -> Signals:
    """The best of each signal over spans with the same words, and the number of their documents."""
    best = {field.name: max(getattr(span.signals, field.name) for span in spans) for field in fields(Signals)}
    return Signals(**{**best, "support": math.log(len({span.document_id for span in spans}))})
