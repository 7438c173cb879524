"""Rows of a ruled table outside of its rules: a header above them, or totals below."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import groupby, pairwise

from .layout import HYPHEN, Line, with_cells
from .rows import LONGEST_MEAN, NEXT_ROW, SAME_LINE, as_one, side_by_side
from .ruled_table import RuledTable, row_of

#: Fewest cells of such a row.
FEWEST_CELLS = 2
#: Length by which words may reach over the edge of their column, in font sizes.
OVER = 0.5


def with_outer_rows(lines: Sequence[Line], tables: Iterable[RuledTable]) -> list[Line]:
    """The lines of a page, those directly above and below a table as its rows if their words are in its columns.

    Args:
        lines: In reading order, with the rows of the tables.
        tables: The tables of the page.
    """
    first = {table.rows[0]: table for table in tables}
    last = {table.rows[-1]: table for table in first.values()}
    runs = [list(run) for _, run in groupby(lines, key=lambda line: line.is_row)]
    found: list[Line] = []
    for number, run in enumerate(runs):
        if run[0].is_row:
            found += run
        else:
            above = last.get(runs[number - 1][-1]) if number else None
            below = first.get(runs[number + 1][0]) if number + 1 < len(runs) else None
            found += _between(run, above, below) if above or below else run
    return found


def _between(lines: Sequence[Line], above: RuledTable | None, below: RuledTable | None) -> list[Line]:
    """The lines between two tables, the rows of either as such."""
    groups = side_by_side(lines)
    totals: list[Line] = []
    headers: list[Line] = []
    if above:
        y = above.bottom
        for group in groups:
            line = as_one(group)
            row = _row(line, above.edges) if _is_next(y - line.baseline, line) else None
            if not row or (below and above.bottom - line.baseline > line.baseline - below.top):
                break
            totals.append(row)
            y = line.baseline
    if below:
        y = below.top
        for group in reversed(groups[len(totals) :]):
            line = as_one(group)
            # A header names all columns, or all but that of the labels.
            row = _row(line, below.edges, range(1, len(below.edges) - 1)) if _is_next(line.baseline - y, line) else None
            if not row:
                break
            headers.insert(0, row)
            y = line.baseline
    others = groups[len(totals) : len(groups) - len(headers)]
    return [*totals, *(line for group in others for line in group), *headers]


def _is_next(gap: float, line: Line) -> bool:
    """True if a line is as close to a table as its next row."""
    size = max(line.size, 1.0)
    return -SAME_LINE * size <= gap < NEXT_ROW * size


def _row(line: Line, edges: Sequence[float], filled: Iterable[int] = ()) -> Line | None:
    """The line as a row of a table with these edges of columns.

    None if its words are not in several columns, or not in all that must be filled.
    """
    over = OVER * line.size
    if not line.is_upright or not line.cells or line.text.endswith(HYPHEN):
        return None
    if line.cells[0].left < edges[0] - over or line.cells[-1].right > edges[-1] + over:
        return None
    inner = edges[1:-1]
    # The first and last column that the words of a cell are in.
    spans = []
    for cell in line.cells:
        inset = min(over, (cell.right - cell.left) / 2)
        column = bisect_right(inner, cell.left + inset)
        spans.append((column, max(column, bisect_left(inner, cell.right - inset))))
    if any(one != other and one[1] >= other[0] for one, other in pairwise(spans)):
        return None
    words: defaultdict[int, list[Line]] = defaultdict(list)
    for number, (column, _) in enumerate(spans):
        words[column].append(with_cells(line, number, number + 1))
    lengths = [cell.end - cell.start for cell in line.cells]
    if len(words) < FEWEST_CELLS or not words.keys() >= set(filled) or sum(lengths) > LONGEST_MEAN * len(lengths):
        return None
    return row_of(words)
