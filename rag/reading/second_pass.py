"""The shortlist as one text, in which the reader compares the best candidates of all passages.

A span model reads each passage by itself, and so never sees candidates of different passages together. In one text it
weighs them against each other as it learned to weigh the sentences of a passage.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ..text.segmentation import paragraphs, sentences
from ..types import Passage


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of a passage; ``start`` and ``end`` are offsets in the passage's text, in code points."""

    passage: Passage
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class ShortlistText:
    """Candidates in one text.

    Attributes:
        text: Slices of the passages, joined by spaces.
        spans: Offsets of each candidate in ``text``, in code points, in the order of the candidates.
    """

    text: str
    spans: tuple[tuple[int, int], ...]


def shortlist_text(candidates: Sequence[Candidate]) -> ShortlistText:
    """Join the sentences of the candidates, best candidate first, each with the sentence before it for context.

    Consecutive sentences of a passage stay together, and no sentence occurs twice.
    """
    text, spans = "", {}
    for passage, start, end in _slices(candidates):
        text += " " if text else ""
        shift = len(text) - start
        text += passage.text[start:end]
        for number, candidate in enumerate(candidates):
            if candidate.passage == passage and start <= candidate.start and candidate.end <= end:
                spans[number] = (candidate.start + shift, candidate.end + shift)
    return ShortlistText(text, tuple(spans[number] for number in range(len(candidates))))


def _slices(candidates: Sequence[Candidate]) -> list[tuple[Passage, int, int]]:
    """Passage slices to include, in the order of the first candidate in each."""
    by_passage: dict[Passage, list[Candidate]] = {}
    for candidate in candidates:
        by_passage.setdefault(candidate.passage, []).append(candidate)
    slices = []
    for passage, inside in by_passage.items():
        extents = [extent for part in paragraphs(passage.text) for extent in sentences(passage.text, *part)]
        for run in _runs({number for candidate in inside for number in _sentences_of(candidate, extents)}):
            start, end = extents[run[0]].start, extents[run[-1]].end
            first = min(i for i, c in enumerate(candidates) if c.passage == passage and start <= c.start < end)
            slices.append((first, passage, start, end))
    return [part[1:] for part in sorted(slices, key=lambda part: part[0])]


def _sentences_of(candidate: Candidate, extents: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Numbers of the candidate's sentences and of the one before."""
    for number, (start, end) in enumerate(extents):
        if start < candidate.end and candidate.start < end:
            yield from (max(0, number - 1), number)


def _runs(numbers: Iterable[int]) -> list[list[int]]:
    """Group consecutive numbers."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] + 1 == number:
            runs[-1].append(number)
        else:
            runs.append([number])
    return runs
