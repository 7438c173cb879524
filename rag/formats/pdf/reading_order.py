"""Lines of a page with columns in reading order, where the page draws them in another one.

PDFium gives the lines in the order in which they are drawn. Most programs draw column by column; where one draws row by
row, the second column first, or a heading after the columns below it, the positions of the lines decide.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby, pairwise
from unicodedata import bidirectional

from .columns import gutter, reading_order
from .layout import HYPHEN, Line, Rectangle, with_cells

#: Height of a line above and below its baseline, in font sizes.
ABOVE, BELOW = 0.98, 0.22

#: Lines of a column that follow each other, so that their order counts.
MIN_RUN = 3
#: Share of the lines of a column at which the next line may be one of a column to the left.
MAX_ALTERNATING = 0.25

HYPHENATED = re.compile(r"[^\W\d_][-\u2010]$")


def in_reading_order(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page, column by column if it has columns of prose; else as they are."""
    if _is_right_to_left(lines):
        # The first column is the right one; the order of drawing is kept.
        return list(lines)
    gutters = _gutters([_rectangle(line, cell.left, cell.right) for line in lines for cell in line.cells])
    if not gutters:
        return list(lines)
    pieces = [piece for line in lines for piece in _cut(line, gutters)]
    rectangles = [_rectangle(piece, piece.cells[0].left, piece.cells[-1].right) for piece in pieces]
    if _is_drawn_in_order(rectangles, gutters):
        return list(lines)
    return _with_hyphens([pieces[i] for i in reading_order(rectangles)])


def _is_right_to_left(lines: Sequence[Line]) -> bool:
    """True if most letters are of a script that is written from right to left, such as Arabic or Hebrew."""
    classes = Counter(map(bidirectional, "".join(line.text for line in lines)))
    return classes["R"] + classes["AL"] > classes["L"]


def _gutters(rectangles: Sequence[Rectangle]) -> list[float]:
    """Where the gutters between columns are, from left to right."""
    x = gutter(rectangles)
    if x is None:
        return []
    left, right = [each for each in rectangles if each.right <= x], [each for each in rectangles if each.left >= x]
    return [*_gutters(left), x, *_gutters(right)]


def _rectangle(line: Line, left: float, right: float) -> Rectangle:
    return Rectangle(left, line.baseline - BELOW * line.size, right, line.baseline + ABOVE * line.size)


def _cut(line: Line, gutters: Sequence[float]) -> Iterator[Line]:
    """The parts of a line on either side of each gutter, unless words of it cross the gutter."""
    start = 0
    for i, (cell, after) in enumerate(pairwise(line.cells), start=1):
        if any(cell.right <= x <= after.left for x in gutters):
            yield with_cells(line, start, i)
            start = i
    yield with_cells(line, start, len(line.cells)) if start else line


def _is_drawn_in_order(rectangles: Sequence[Rectangle], gutters: Sequence[float]) -> bool:
    """False if lines of different columns alternate, a column comes after one to its right, or a heading after both.

    Running titles, page numbers and notes are drawn at any time; they are left where they are.
    """
    columns = [_column(each, gutters) for each in rectangles]
    runs = [(column, list(run)) for column, run in groupby(range(len(columns)), key=lambda i: columns[i])]
    back = 0
    for (column, run), (other, after) in pairwise(runs):
        if column is None or other is None or column < other:
            continue
        back += 1
        is_above = rectangles[after[0]].bottom > rectangles[run[-1]].bottom
        if is_above and min(len(run), len(after)) >= MIN_RUN:
            return False
    smallest = min(columns.count(number) for number in range(len(gutters) + 1))
    return back <= MAX_ALTERNATING * smallest and not _heading_comes_late(rectangles, columns)


def _column(rectangle: Rectangle, gutters: Sequence[float]) -> int | None:
    """The number of the column of a line; None if it crosses a gutter."""
    before = sum(rectangle.left >= x for x in gutters)
    return before if before == sum(rectangle.right > x for x in gutters) else None


def _heading_comes_late(rectangles: Sequence[Rectangle], columns: Sequence[int | None]) -> bool:
    """True if a line over several columns follows most of the lines below it."""
    for i, column in enumerate(columns):
        if column is None:
            below = [j for j, other in enumerate(rectangles) if other.top < rectangles[i].bottom]
            if sum(j < i for j in below) >= max(MIN_RUN, len(below) / 2):
                return True
    return False


def _with_hyphens(lines: Sequence[Line]) -> list[Line]:
    """The lines with ``HYPHEN`` for a hyphen after a letter that ends a line before the last."""
    return [
        replace(line, text=line.text[:-1] + HYPHEN) if HYPHENATED.search(line.text) else line for line in lines[:-1]
    ] + list(lines[-1:])
