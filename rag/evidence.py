"""The first reader, which no training made.

It takes the sentence that is nearest to the question in meaning and shares its rarest words, and within it the
phrase that has the form the question wants (a date, a number with its unit, a name) and stands closest to the words
of the question. Where no phrase has that form, as for why and how, the sentence is the answer.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .encoder import Encoder, Remembering
from .lexical import WORD, Rarity, coverage, terms
from .phrases import doubt, phrases
from .questions import Kind, Wanted, wanted
from .segmentation import HEADING, Extent, paragraphs, sentences
from .types import Hit, Sentence, Span

QUESTION_END = re.compile(r"\?[\"'”’»)\]*_]*$")

#: What each figure adds to a sentence's score. Set by hand; a logistic regression over the same figures puts the gold
#: sentence first as often (73% of 2,816 questions of squad-dev-part, squadshifts-new-wiki and qed-dev).
WEIGHTS: Mapping[str, float] = {
    "similarity": 4.0,
    "coverage": 3.0,
    "passage": 1.0,
    "fit": 0.8,
}


@dataclass(frozen=True, slots=True)
class _Candidate:
    """A sentence of a hit: offsets in the passage, and whether it has a phrase of the form that is wanted."""

    hit: int
    extent: Extent
    text: str
    phrase: Extent | None


class EvidenceReader:
    """The first reader: evidence of meaning and of words, sentence by sentence.

    Args:
        encoder: Compares sentences with the question; any language it knows.
        rarity: How much each shared word weighs.
        passages: How many hits are read.
    """

    def __init__(self, encoder: Encoder, rarity: Rarity, passages: int = 5) -> None:
        self._encoder = Remembering(encoder)
        self._rarity = rarity
        self._passages = passages

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """One span for each sentence of the first hits, best first."""
        asked = set(terms(question))
        want = wanted(question)
        candidates = [
            candidate
            for rank, hit in enumerate(hits[: self._passages])
            for candidate in _candidates(rank, hit, want, asked)
        ]
        if not candidates:
            return []
        vectors = self._encoder.encode([question, *(candidate.text for candidate in candidates)])
        similarities = vectors[1:] @ vectors[0]
        weights = dict(zip(asked, self._rarity(list(asked)), strict=True))
        in_hit = [coverage(weights, hit.passage.text) for hit in hits[: self._passages]]
        spans = [
            _span(candidate, hits, {
                "similarity": float(similarity),
                "coverage": coverage(weights, candidate.text),
                "passage": in_hit[candidate.hit],
                "dense": hits[candidate.hit].dense,
                "ahead": hits[candidate.hit].score - hits[0].score,
                "fit": float(candidate.phrase is not None),
                **_form(candidate, want),
            })
            for candidate, similarity in zip(candidates, similarities, strict=True)
        ]  # fmt: skip
        return _with_margin(_overlaps_once(sorted(spans, key=lambda span: -span.score)))


def _candidates(rank: int, hit: Hit, want: Wanted, asked: set[str]) -> list[_Candidate]:
    text = hit.passage.text
    found = []
    for paragraph in paragraphs(text):
        if HEADING.match(text, paragraph.start):
            continue
        for extent in sentences(text, *paragraph):
            sentence = text[extent.start : extent.end]
            # A question in the document answers nothing.
            if any(character.isalnum() for character in sentence) and not QUESTION_END.search(sentence):
                found.append(_Candidate(rank, extent, sentence, _best_phrase(sentence, want, asked)))
    return found


def _best_phrase(sentence: str, want: Wanted, asked: set[str]) -> Extent | None:
    """The phrase of the wanted form that stands closest to the words of the question."""
    if want.kind is Kind.SENTENCE:
        return None
    shared = [Extent(*match.span()) for match in WORD.finditer(sentence) if asked.intersection(terms(match.group()))]
    found = [
        phrase for phrase in phrases(sentence, want) if not _asked(sentence[phrase.start : phrase.end], want, asked)
    ]

    def cost(phrase: Extent) -> int:
        return _distance(phrase, shared) + doubt(sentence[phrase.start : phrase.end], want.kind)

    return min(found, key=cost, default=None)


def _asked(phrase: str, want: Wanted, asked: set[str]) -> bool:
    """Is the phrase what the question itself says? `40 km` tells something new where kilometres are asked for."""
    said = set(terms(phrase))
    return said <= asked if want.kind in (Kind.NUMBER, Kind.DATE) else bool(said & asked)


def _distance(phrase: Extent, shared: list[Extent]) -> int:
    """How many code points lie between a phrase and the nearest word of the question; from the start without one."""
    return min((max(phrase.start - word.end, word.start - phrase.end) for word in shared), default=phrase.start)


def _form(candidate: _Candidate, want: Wanted) -> dict[str, float]:
    """Which kind of phrase was taken, as figures of 1 and 0: a date is more often right than a name."""
    return {
        kind.value: float(candidate.phrase is not None and want.kind is kind)
        for kind in Kind
        if kind is not Kind.SENTENCE
    }


def _span(candidate: _Candidate, hits: Sequence[Hit], evidence: dict[str, float]) -> Span:
    passage = hits[candidate.hit].passage
    shift = passage.start
    sentence = Sentence(candidate.extent.start + shift, candidate.extent.end + shift, candidate.text)
    start, end, text = sentence.start, sentence.end, sentence.text
    if candidate.phrase:
        start, end = sentence.start + candidate.phrase.start, sentence.start + candidate.phrase.end
        text = candidate.text[candidate.phrase.start : candidate.phrase.end]
    score = sum(weight * evidence[name] for name, weight in WEIGHTS.items())
    return Span(passage.document_id, start, end, text, sentence, candidate.hit, score, evidence)


def _overlaps_once(spans: list[Span]) -> list[Span]:
    """The same sentence is read twice where passages overlap; the better reading stays."""
    best: dict[tuple[str, int], Span] = {}
    for span in spans:
        best.setdefault((span.document_id, span.sentence.start), span)
    return list(best.values())


def _with_margin(spans: list[Span]) -> list[Span]:
    """Add to each span's evidence how far it is ahead of the best rival that says something else."""
    return [
        replace(span, evidence={**span.evidence, "margin": span.score - _rival_score(span, spans)}) for span in spans
    ]


def _rival_score(span: Span, spans: list[Span]) -> float:
    """Score of the best other answer; the span's own score less 1 where it is the only one."""
    return next((other.score for other in spans if other.text.casefold() != span.text.casefold()), span.score - 1.0)
