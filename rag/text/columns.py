"""Cutting the line of a table row into its cells."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from .segmentation import Extent, trim

#: A bar that Markdown does not read as a character of the cell.
BAR = re.compile(r"(?<!\\)\|")
TABS, TAB = re.compile(r"\t+"), re.compile(r"\t")
#: White space that separates columns that are not aligned; shorter gaps follow a sentence.
GAP = re.compile(r"(?<=\S)(?: {3,}| *\t+ *)(?=\S)")
#: The marks of Markdown around a whole cell, such as ``**12**``.
MARKED = re.compile(r"(\*\*|__|\*|_|`)(?=\S)([^*_`]+)(?<=\S)\1")
MARKS = "*_`"
#: An amount: digits with a thousands separator or decimals, perhaps with its currency or in brackets.
AMOUNT = re.compile(r"[(−-]?[$€£¥]?\s?[(−-]?(?:\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+\.\d{1,4})\)?%?")
#: A line that ends in an amount. Tried at the last word only.
LAST_WORD = re.compile(r"\s(?=\S+\s*$)")
#: The name of a field and its colon.
NAME = re.compile(r"([^\t:\n]{1,80}): (?=\S)")


class Cut(Protocol):
    """Cuts lines into cells."""

    def cells(self, text: str, line: Extent) -> list[Extent]:
        """The cells of a line in order; an empty cell has no length."""


@dataclass(frozen=True, slots=True)
class SeparatorCut:
    """Cuts at a separator, such as a tab.

    Attributes:
        separator: Matches what stands between two cells.
        outer: Separators also stand at both ends of a line.
    """

    separator: re.Pattern[str]
    outer: bool = False

    def cells(self, text: str, line: Extent) -> list[Extent]:
        """See ``Cut``."""
        start, end = line
        if self.outer:
            start += text[start] == "|"
            end -= end > start and text[end - 1] == "|" and text[end - 2] != "\\"
        edges = [start]
        for found in self.separator.finditer(text, start, end):
            edges += found.span()
        edges.append(end)
        return [_unmarked(text, trim(text, *edges[i : i + 2])) for i in range(0, len(edges), 2)]


@dataclass(frozen=True, slots=True)
class ColumnCut:
    """Cuts at columns of characters that are blank in all lines.

    Attributes:
        starts: Where each column of the table starts, in characters from the start of the line.
    """

    starts: tuple[int, ...]

    def cells(self, text: str, line: Extent) -> list[Extent]:
        """See ``Cut``. ``line`` starts at the first character of its line, blank or not."""
        edges = [*(min(line.start + start, line.end) for start in self.starts), line.end]
        return [trim(text, *each) for each in pairwise(edges)]


@dataclass(frozen=True, slots=True)
class AmountCut:
    """Cuts before the amount that ends a line."""

    def cells(self, text: str, line: Extent) -> list[Extent]:
        """See ``Cut``."""
        last = LAST_WORD.search(text, *line)
        if last is None:
            return [trim(text, *line)]
        return [trim(text, line.start, last.start()), trim(text, last.end(), line.end)]


def aligned_columns(text: str, lines: Iterable[Extent]) -> ColumnCut:
    """The columns between which two or more characters are blank in all lines."""
    printed = 0
    for start, end in lines:
        for word in re.finditer(r"\S+", text[start:end]):
            printed |= ((1 << len(word[0])) - 1) << word.start()
    starts = []
    for column in re.finditer(r"1+(?:01+)*", bin(printed)[:1:-1]):
        starts.append(column.start())
    return ColumnCut((0, *starts[1:]))


def names_and_values(text: str, line: Extent) -> list[tuple[Extent, Extent]]:
    """The names and values of a line of fields, ``Town: Vellin<tab>Mayor: Ana Ruiz``; empty if it is none."""
    fields = []
    for start, end in SeparatorCut(TAB).cells(text, line):
        found = NAME.match(text, start, end)
        if not found:
            return []
        fields.append((Extent(*found.span(1)), Extent(found.end(), end)))
    return fields if len(fields) > 1 else []


def counts(cut: Cut, text: str, lines: Sequence[Extent]) -> Iterator[int]:
    """The number of cells of each line."""
    return (len(cut.cells(text, line)) for line in lines)


def with_marks(text: str, cells: Extent) -> Extent:
    """One or several cells with Markdown's marks before the first and after the last, which are part of neither."""
    start, end = cells
    while start and text[start - 1] in MARKS:
        start -= 1
    while text[end : end + 1] and text[end] in MARKS:
        end += 1
    return Extent(start, end)


def _unmarked(text: str, cell: Extent) -> Extent:
    """The cell without Markdown's marks around all of it."""
    found = MARKED.fullmatch(text, *cell)
    return Extent(*found.span(2)) if found else cell
