"""The best spans side by side: their sentences in one text, in which a reader weighs them against each other.

A span model reads each passage by itself, and so never sees candidates of different passages at once. Within one text
it does, and there it weighs them as it learnt to weigh the sentences of a passage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..text.segmentation import paragraphs, sentences
from ..types import Passage


@dataclass(frozen=True, slots=True)
class Candidate:
    """Words of a passage; ``start`` and ``end`` are code points of the passage's text."""

    passage: Passage
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SideBySide:
    """Candidates in one text.

    Attributes:
        text: Parts of the passages, a blank between them.
        places: Where each candidate stands in it: code points ``[start, end)``, in the order of the candidates.
    """

    text: str
    places: tuple[tuple[int, int], ...]


def side_by_side(candidates: Sequence[Candidate]) -> SideBySide:
    """The sentence of each candidate with the one before it, which says who is meant; the best candidate's first.

    Sentences that follow each other in a passage stay together, and no sentence of a passage stands there twice.
    """
    text, places = "", {}
    for passage, start, end in _parts(candidates):
        text += " " if text else ""
        shift = len(text) - start
        text += passage.text[start:end]
        for number, candidate in enumerate(candidates):
            if candidate.passage == passage and start <= candidate.start and candidate.end <= end:
                places[number] = (candidate.start + shift, candidate.end + shift)
    return SideBySide(text, tuple(places[number] for number in range(len(candidates))))


def _parts(candidates: Sequence[Candidate]) -> list[tuple[Passage, int, int]]:
    """Passages and code points of what is wanted of them, in the order of the first candidate of each part."""
    of_passage: dict[Passage, list[Candidate]] = {}
    for candidate in candidates:
        of_passage.setdefault(candidate.passage, []).append(candidate)
    parts = []
    for passage, inside in of_passage.items():
        extents = [extent for part in paragraphs(passage.text) for extent in sentences(passage.text, *part)]
        for run in _runs({number for candidate in inside for number in _wanted(candidate, extents)}):
            start, end = extents[run[0]].start, extents[run[-1]].end
            first = min(i for i, c in enumerate(candidates) if c.passage == passage and start <= c.start < end)
            parts.append((first, passage, start, end))
    return [part[1:] for part in sorted(parts, key=lambda part: part[0])]


def _wanted(candidate: Candidate, extents: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Numbers of the candidate's sentences, and of the one before."""
    for number, (start, end) in enumerate(extents):
        if start < candidate.end and candidate.start < end:
            yield from (max(0, number - 1), number)


def _runs(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers that follow each other, together."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] + 1 == number:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
