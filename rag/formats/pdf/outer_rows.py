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
#: Most lines in a row of a header below its first one that do not name all columns.
MAX_WRAPPED = 1


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
    totals = _totals(map(as_one, groups), above, below) if above else []
    header = _header(map(as_one, reversed(groups[len(totals) :])), below) if below else []
    others = groups[len(totals) : len(groups) - len(header)]
    return [*totals, *(line for group in others for line in group), *reversed(header)]


def _totals(lines: Iterable[Line], table: RuledTable, below: RuledTable | None) -> list[Line]:
    """The rows below the rules of a table that are closer to it than to the table below."""
    rows = []
    y = table.bottom
    for line in lines:
        words = _by_column(line, table.edges) if _is_next(y - line.baseline, line) else {}
        is_closer = not below or table.bottom - line.baseline <= line.baseline - below.top
        if len(words) < FEWEST_CELLS or not is_closer:
            break
        rows.append(row_of(words))
        y = line.baseline
    return rows


def _header(lines: Iterable[Line], table: RuledTable) -> list[Line]:
    """The rows above the rules of a table, from the lowest; the highest names all columns but that of the labels."""
    named = set(range(1, len(table.edges) - 1))
    rows: list[Line] = []
    length = 0
    y = table.top
    for line in lines:
        words = _by_column(line, table.edges) if _is_next(line.baseline - y, line) else {}
        if not words or len(rows) - length > MAX_WRAPPED:
            break
        rows.append(row_of(words))
        length = len(rows) if len(words) >= FEWEST_CELLS and words.keys() >= named else length
        y = line.baseline
    return rows[:length]


def _is_next(gap: float, line: Line) -> bool:
    """True if a line is as close to a table as its next row."""
    size = max(line.size, 1.0)
    return -SAME_LINE * size <= gap < NEXT_ROW * size


def _by_column(line: Line, edges: Sequence[float]) -> dict[int, list[Line]]:
    """The words of a line by the columns between these edges; empty if they are not in columns, as in a row."""
    over = OVER * line.size
    if not line.is_upright or not line.cells or line.text.endswith(HYPHEN):
        return {}
    if line.cells[0].left < edges[0] - over or line.cells[-1].right > edges[-1] + over:
        return {}
    inner = edges[1:-1]
    # The first and last column that the words of a cell are in.
    spans = []
    for cell in line.cells:
        inset = min(over, (cell.right - cell.left) / 2)
        column = bisect_right(inner, cell.left + inset)
        spans.append((column, max(column, bisect_left(inner, cell.right - inset))))
    lengths = [cell.end - cell.start for cell in line.cells]
    is_apart = all(one == other or one[1] < other[0] for one, other in pairwise(spans))
    if not is_apart or sum(lengths) > LONGEST_MEAN * len(lengths):
        return {}
    words: defaultdict[int, list[Line]] = defaultdict(list)
    for number, (column, _) in enumerate(spans):
        words[column].append(with_cells(line, number, number + 1))
    return words
