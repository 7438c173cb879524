"""Chunking: documents into passages, exact slices that respect paragraphs and sentences, within token budgets.

A passage holds one paragraph and the heading above it. A very short paragraph is joined with the next. A paragraph over
budget is split between sentences, a sentence over budget between words, a word over budget between characters; the
pieces of a paragraph overlap.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from ..errors import InputError
from ..types import Document, Passage, View
from .segmentation import HEADING, Extent, line_start, paragraphs, sentences
from .table_view import Piece, pieces
from .tables import tables
from .tokens import DEFAULT_ENCODING, TokenCounter, token_counter

WORD = re.compile(r"\S+")

#: Longer slices count as over budget without being tokenized, so that one huge paragraph costs no more than many
#: small ones. Prose has four or five characters per token.
MAX_CHARACTERS_PER_TOKEN = 16


@dataclass(frozen=True, slots=True)
class ChunkSettings:
    """Chunk sizes, in tokens of ``encoding``.

    Attributes:
        max_tokens: Maximum length of a passage.
        overlap_tokens: Maximum tokens shared by adjacent passages of a split paragraph.
        min_tokens: A shorter paragraph is joined with the next, if both fit.
        encoding: Name of the token encoding (``rag.text.tokens``).

    Raises:
        InputError: The sizes are inconsistent.
    """

    max_tokens: int = 200
    overlap_tokens: int = 40
    min_tokens: int = 24
    encoding: str = DEFAULT_ENCODING

    def __post_init__(self) -> None:
        if self.max_tokens < 16:
            raise InputError(f"max_tokens is {self.max_tokens}; a passage needs at least 16")
        if not 0 <= self.overlap_tokens <= self.max_tokens // 2:
            raise InputError(
                f"overlap_tokens is {self.overlap_tokens}; it must lie between 0 and half of max_tokens, "
                f"{self.max_tokens // 2}"
            )
        if not 0 <= self.min_tokens <= self.max_tokens:
            raise InputError(f"min_tokens is {self.min_tokens}; it must lie between 0 and max_tokens")


@dataclass(frozen=True, slots=True)
class Budget:
    """A limit on every passage: ``count(passage.text) <= limit``."""

    count: TokenCounter
    limit: int


def chunk(document: Document, settings: ChunkSettings, *windows: Budget) -> Iterator[Passage]:
    """Split a document into passages, in order of start.

    Every non-blank character from ``document.body`` on is in at least one passage. A table is cut between its rows; see
    ``rag.text.table_view``.

    Args:
        document: Document to split.
        settings: Chunk sizes.
        windows: Further budgets, such as the embedder's window in its own tokens.
    """
    count = token_counter(settings.encoding)
    cutter = _Cutter(document.text, (Budget(count, settings.max_tokens), *windows), settings.overlap_tokens)
    for start, end, view in _pieces(cutter, document.body, settings.min_tokens):
        text = document.text[start:end]
        place = document.place(start)
        yield Passage(document.id, start, end, text, count(text), place.page, place.heading, view)


def _pieces(cutter: _Cutter, body: int, min_tokens: int) -> Iterator[tuple[int, int, View | None]]:
    """The passages of a text: start, end, and the view of one of a table."""
    at = body
    for table in tables(cutter.text, body):
        lead: Extent | None = None
        for group in _groups(cutter, at, min_tokens, table.start):
            if lead:
                yield from ((*piece, None) for piece in cutter.cut(lead))
            lead = group
        if lead and not cutter.leads(lead, min_tokens):
            yield from ((*piece, None) for piece in cutter.cut(lead))
            lead = None
        for piece in pieces(cutter.text, table, lead, cutter.fits):
            if isinstance(piece, Piece):
                yield piece.start, piece.end, piece.view
            else:
                yield from ((*cut, None) for cut in cutter.cut(piece))
        at = table.end
    for group in _groups(cutter, at, min_tokens):
        yield from ((*piece, None) for piece in cutter.cut(group))


def _groups(cutter: _Cutter, body: int, min_tokens: int, stop: int | None = None) -> Iterator[Extent]:
    """Group paragraphs that share a passage: a heading with its text, a short paragraph with the next."""
    group = last = None
    for paragraph in paragraphs(cutter.text, body, stop):
        if group is None or last is None:
            group = paragraph
        elif cutter.joins(group, last, paragraph, min_tokens):
            group = Extent(group.start, paragraph.end)
        else:
            yield group
            group = paragraph
        last = paragraph
    if group:
        yield group


class _Unit(NamedTuple):
    """A sentence, word or part of a word, and the tokens that it adds to each budget."""

    extent: Extent
    costs: tuple[int, ...]


class _Cutter:
    """Splits paragraphs of one text into pieces within every budget.

    Time is linear in the text. Memory is that of the units of a few pieces, however long a paragraph is.
    """

    def __init__(self, text: str, budgets: Sequence[Budget], overlap: int) -> None:
        self.text = text
        self.budgets = budgets
        self.overlap = overlap

    def joins(self, group: Extent, last: Extent, paragraph: Extent, min_tokens: int) -> bool:
        """True if a paragraph shares a passage with the group before it, whose last paragraph is ``last``."""
        if HEADING.match(self.text, last.start):
            return True
        if HEADING.match(self.text, paragraph.start) or not self.fits(group.start, paragraph.end):
            return False
        return self.budgets[0].count(self.text[slice(*group)]) < min_tokens

    def cut(self, group: Extent) -> Iterator[Extent]:
        """The group as one piece if it fits, else overlapping pieces of whole sentences, words or characters."""
        if self.fits(*group):
            yield group
            return
        ahead = self._units(group)
        # The units from the start of the next piece on; earlier pieces hold the first ``covered`` of them.
        units: list[_Unit] = []
        covered = 0
        while last := self._fill(units, ahead):
            if last <= covered:  # the overlap left no room for anything new
                del units[:covered]
                covered = 0
                continue
            yield Extent(units[0].extent.start, units[last - 1].extent.end)
            if not self._pull(units, ahead, last + 1):
                return
            first = self._overlap_start(units, last)
            del units[:first]
            covered = last - first

    def leads(self, group: Extent, min_tokens: int) -> bool:
        """True if a group before a table shares the first passage of the table: a heading, or short paragraphs."""
        words = self.text[slice(*group)]
        is_heading = HEADING.match(words) is not None and "\n" not in words
        return is_heading or self.budgets[0].count(words) < min_tokens

    def fits(self, start: int, end: int, view: str = "") -> bool:
        """True if ``text[start:end]`` and a view are within every budget."""
        if max(end - start, len(view)) > MAX_CHARACTERS_PER_TOKEN * self.budgets[0].limit:
            return False
        pieces = [self.text[start:end], *([view] if view else [])]
        return all(budget.count(piece) <= budget.limit for budget in self.budgets for piece in pieces)

    def _units(self, group: Extent) -> Iterator[_Unit]:
        before: int | None = None
        for extent in self._extents(group):
            # The whitespace before a unit is counted with it.
            piece = self.text[extent.start if before is None else before : extent.end]
            yield _Unit(extent, tuple(budget.count(piece) for budget in self.budgets))
            before = extent.end

    def _extents(self, group: Extent) -> Iterator[Extent]:
        # From the start of the line, because a paragraph may end after a long line, indent included.
        for paragraph in paragraphs(self.text, line_start(self.text, group.start), group.end):
            for sentence in sentences(self.text, *paragraph):
                if self.fits(*sentence):
                    yield sentence
                    continue
                for word in WORD.finditer(self.text, *sentence):
                    yield from self._characters(word.start(), word.end())

    def _characters(self, start: int, end: int) -> Iterator[Extent]:
        """A word, split between characters if it is over budget."""
        while start < end:
            stop = min(end, start + MAX_CHARACTERS_PER_TOKEN * self.budgets[0].limit)
            while stop > start + 1 and not self.fits(start, stop):
                stop = start + (stop - start) // 2
            yield Extent(start, stop)
            start = stop

    @staticmethod
    def _pull(units: list[_Unit], ahead: Iterator[_Unit], count: int) -> bool:
        """Read units until there are ``count``; False if there are fewer."""
        units += islice(ahead, max(count - len(units), 0))
        return len(units) >= count

    def _fill(self, units: list[_Unit], ahead: Iterator[_Unit]) -> int:
        """The number of units of the longest piece within every budget; 0 if no unit is left."""
        spent = [0] * len(self.budgets)
        last = 0
        while self._pull(units, ahead, last + 1):
            spent = [total + cost for total, cost in zip(spent, units[last].costs, strict=True)]
            if any(total > budget.limit for total, budget in zip(spent, self.budgets, strict=True)):
                break
            last += 1
        last = max(last, min(len(units), 1))
        # The sum is an estimate: tokens may differ where units join.
        while last > 1 and not self.fits(units[0].extent.start, units[last - 1].extent.end):
            last -= 1
        return last

    def _overlap_start(self, units: list[_Unit], last: int) -> int:
        """The first unit of the next piece, which repeats at most the overlap and has room for a new unit."""
        start, repeated = last, 0
        room = [budget.limit - cost for budget, cost in zip(self.budgets, units[last].costs, strict=True)]
        while start > 1:
            repeated += units[start - 1].costs[0]
            room = [left - cost for left, cost in zip(room, units[start - 1].costs, strict=True)]
            if repeated > self.overlap or min(room) < 0:
                break
            start -= 1
        return start
