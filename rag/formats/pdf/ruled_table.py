"""A ruled table of a PDF page, and its rows as lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from .layout import HYPHEN, Line, Part


@dataclass(frozen=True, slots=True)
class RuledTable:
    """A table with rules.

    Attributes:
        rows: Its rows from the top, within the rules.
        edges: Edges of its columns in points, from left to right.
        bottom, top: Its lower and upper edge in points.
    """

    rows: tuple[Line, ...]
    edges: tuple[float, ...]
    bottom: float
    top: float


def row_of(cells: Mapping[int, Sequence[Line]]) -> Line:
    """A row of the words in each column."""
    text = ""
    parts: list[Part] = []
    column = 0
    for number, lines in sorted(cells.items()):
        text += "\t" * (number - column)
        column = number
        for i, line in enumerate(lines):
            text += " " * (i > 0 and not text.endswith(HYPHEN))
            parts += (part._replace(at=part.at + len(text)) for part in line.parts)
            text += line.text
    words = [line for lines in cells.values() for line in lines]
    first = max(words, key=lambda line: line.baseline)
    left, right = min(line.left for line in words), max(line.right for line in words)
    return replace(first, text=text, left=left, right=right, parts=tuple(parts), cells=(), is_row=True)
