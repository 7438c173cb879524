"""Passages to spans: the ``Reader`` contract, and the reader by default, whose span model the project trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol, Self

from ..index.lexical import Rarity, coverage, terms
from ..text.segmentation import paragraphs, sentences
from ..types import Hit, Passage, Sentence, Span
from .model import WEIGHTS, load_weights
from .predictor import Found, Pair, SpanFinder
from .ranking import Ranking
from .second_pass import Candidate, side_by_side

#: Spans that are taken from one passage.
SPANS_PER_PASSAGE = 3

#: How many of the best spans are read again, side by side. Of 3, 4, 5, 6, 8, 10, 12 and 16, on the questions that the
#: ranking is fitted on; with more of them in one text the model tells them apart less well.
SHORTLIST = 5

#: What a passage's fused retrieval score, counted from the first hit's, adds to the scores of its spans: of several
#: passages that seem to answer, the one about the question is mostly right. Chosen among 0, 0.5, 1, 1.5, 2, 3 and 4 on
#: the calibration part of the shipped questions (115 answerable: F1 .57 without it, .62 with it) and on development
#: articles of squad-dev-part and squadshifts-new-wiki (427: .76 and .78).
PRIOR = 2.0


PRONOUNS = frozenset("he she it they him her them his hers its their theirs who which that this these those".split())


class Reader(Protocol):
    """Whatever finds the words that answer."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Spans of the hits' passages that may answer, best first; no two of one document overlap."""


class SpanReader:
    """The reader by default: the span model's best spans of each passage, the best of all read again side by side.

    A span's score is the log of how much likelier it is than that its passage does not answer, and less where retrieval
    puts its passage behind the first. It is made of its own passage and the first hit alone, so that scores compare
    between passages, and reading more of them finds more and changes no score. The ``SHORTLIST`` best by that score are
    then weighed against each other, so that their order, and no other's, depends on which they are.

    Args:
        finder: Finds spans in texts.
        rarity: How much each word weighs that question and passage share.
        ranking: Puts the shortlist in order.
    """

    def __init__(self, finder: SpanFinder, rarity: Rarity, ranking: Ranking) -> None:
        self._finder = finder
        self._rarity = rarity
        self._ranking = ranking

    @classmethod
    def load(cls, folder: Path, rarity: Rarity) -> Self:
        """With the weights of a folder that ``rag train`` wrote; those that were loaded before are taken again.

        Raises:
            InputError: The folder holds no weights, or others than it says, or a ranking that is none.
        """
        modified = (folder / WEIGHTS).stat().st_mtime_ns if (folder / WEIGHTS).exists() else 0
        return cls(_finder(folder, modified), rarity, Ranking.load(folder))

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """The spans of all hits: the shortlist, best first, then the others by their scores.

        Raises:
            InputError: The question is too long to be read beside a passage.
        """
        asked = list(set(terms(question)))
        weights = dict(zip(asked, self._rarity(asked), strict=True))
        found = self._finder.find([Pair(question, hit.title, hit.passage.text) for hit in hits], SPANS_PER_PASSAGE)
        spans = [
            _span(rank, hit, each, {
                "span": each.score,
                "verdict": each.verdict,
                "coverage": coverage(weights, hit.passage.text),
                "dense": hit.dense,
                "ahead": hit.score - hits[0].score,
            })
            for rank, (hit, of_hit) in enumerate(zip(hits, found, strict=True))
            for each in of_hit
            if _says_something(hit.passage.text[each.start : each.end])
        ]  # fmt: skip
        best = _with_margin(_overlaps_once(sorted(spans, key=lambda span: -span.score)))
        return self._ranked(question, hits, best) if best else []

    def _ranked(self, question: str, hits: Sequence[Hit], spans: list[Span]) -> list[Span]:
        """The shortlist in its final order, then the others, each with what the second reading adds to its evidence."""
        shortlist = spans[:SHORTLIST]
        together = side_by_side([_candidate(span, hits[span.hit].passage) for span in shortlist])
        again = self._finder.weigh(Pair(question, "", together.text), together.places)
        # Whatever is not read again is taken for no better than the worst that is.
        again += [min(again)] * (len(spans) - len(shortlist))
        spans = [
            replace(span, evidence={**span.evidence, "again": score}) for span, score in zip(spans, again, strict=True)
        ]
        return sorted(spans[:SHORTLIST], key=lambda span: -self._ranking.value(span.evidence)) + spans[SHORTLIST:]


@lru_cache(maxsize=2)
def _finder(folder: Path, modified: int) -> SpanFinder:
    return SpanFinder.of(load_weights(folder / WEIGHTS))


def _span(rank: int, hit: Hit, found: Found, evidence: Mapping[str, float]) -> Span:
    passage = hit.passage
    start, end = passage.start + found.start, passage.start + found.end
    text = passage.text[found.start : found.end]
    sentence = _sentence(passage, found) or Sentence(start, end, text)
    score = found.score + PRIOR * evidence["ahead"]
    return Span(passage.document_id, start, end, text, sentence, rank, score, evidence)


def _says_something(words: str) -> bool:
    """Neither marks alone nor a pronoun, of which nobody who reads the answer knows what it stands for."""
    return any(character.isalnum() for character in words) and words.casefold() not in PRONOUNS


def _sentence(passage: Passage, found: Found) -> Sentence | None:
    """The sentence that holds the span; from the first to the last one where it crosses their ends."""
    text = passage.text
    inside = [
        extent
        for paragraph in paragraphs(text)
        if paragraph.start < found.end and found.start < paragraph.end
        for extent in sentences(text, *paragraph)
        if extent.start < found.end and found.start < extent.end
    ]
    if not inside:
        return None
    start, end = inside[0].start, inside[-1].end
    return Sentence(passage.start + start, passage.start + end, text[start:end])


def _overlaps_once(spans: list[Span]) -> list[Span]:
    """The same words are read twice where passages overlap; the better reading stays."""
    kept: dict[str, list[Span]] = {}
    for span in spans:
        others = kept.setdefault(span.document_id, [])
        if not any(span.start < other.end and other.start < span.end for other in others):
            others.append(span)
    return sorted((span for others in kept.values() for span in others), key=lambda span: -span.score)


def _with_margin(spans: list[Span]) -> list[Span]:
    """Add to each span's evidence how far it is ahead of the best rival that says something else."""
    return [
        replace(span, evidence={**span.evidence, "margin": span.score - _rival_score(span, spans)}) for span in spans
    ]


def _rival_score(span: Span, spans: list[Span]) -> float:
    """Score of the best other answer, or of no answer where that is better."""
    others = (other.score for other in spans if other.text.casefold() != span.text.casefold())
    return max(next(others, 0.0), 0.0)


def _candidate(span: Span, passage: Passage) -> Candidate:
    return Candidate(passage, span.start - passage.start, span.end - passage.start)
