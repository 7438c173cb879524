"""Rows of tables on a page: lines with wide gaps at the same places get tabs between their cells.

PDF has no tables, so the gaps decide: a line with gaps wider than between words may be a row, and lines that follow
each other are rows if their cells form columns that do not overlap. An empty cell keeps its tab.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby, pairwise

from .layout import HYPHEN, Cell, Line, Part, parts_of

#: Fewest rows of a table with two columns, and with more.
FEWEST_ROWS_OF_TWO, FEWEST_ROWS = 4, 2
#: Mean length of a cell, in code points, above which columns are those of a page.
LONGEST_MEAN = 40
#: Vertical distance of the lines of a row, in font sizes.
SAME_LINE = 0.3
#: Largest vertical distance of two rows, in font sizes.
NEXT_ROW = 4.0


def with_rows(lines: Sequence[Line]) -> list[Line]:
    """The lines of a page, those that are rows of a table with tabs between their cells.

    Lines that are known to be rows stay as they are.
    """
    found: list[Line] = []
    for is_row, group in groupby(lines, key=lambda line: line.is_row):
        some = list(group)
        found += some if is_row else _found_rows(some)
    return found


def _found_rows(lines: Sequence[Line]) -> list[Line]:
    groups = side_by_side(lines)
    merged = [as_one(group) for group in groups]
    found: list[Line] = []
    at = 0
    while at < len(merged):
        end = _run_end(merged, at)
        rows = _rows(merged[at:end])
        found += rows or (line for group in groups[at:end] for line in group)
        at = end
    return found


def side_by_side(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines, those side by side together: PDFium breaks some lines at wide gaps."""
    groups: list[list[Line]] = []
    for line in lines:
        above = groups[-1][-1] if groups else None
        if (
            above
            and abs(above.baseline - line.baseline) < SAME_LINE * max(line.size, 1.0)
            and line.left > above.right
            and not above.text.endswith(HYPHEN)
        ):
            groups[-1].append(line)
        else:
            groups.append([line])
    return groups


def as_one(group: Sequence[Line]) -> Line:
    """Lines side by side as one."""
    if len(group) == 1:
        return group[0]
    cells: list[Cell] = []
    parts: list[Part] = []
    shift = 0
    for line in group:
        cells += (replace(cell, start=cell.start + shift, end=cell.end + shift) for cell in line.cells)
        parts += (part._replace(at=part.at + shift) for part in line.parts)
        shift += len(line.text) + 1
    text = " ".join(line.text for line in group)
    return replace(group[0], text=text, right=group[-1].right, parts=tuple(parts), cells=tuple(cells))


def _run_end(lines: Sequence[Line], at: int) -> int:
    """The end of the lines from one on that may be rows of one table; a line of one cell may stand between two.

    At least one line is in the run, whether it is a row or not.
    """
    end = at + 1
    while _is_row(lines[at]) and end < len(lines):
        line = lines[end]
        is_below = 0 < lines[end - 1].baseline - line.baseline < NEXT_ROW * max(line.size, 1.0)
        is_part = _is_row(lines[end - 1]) and end + 1 < len(lines) and _is_row(lines[end + 1])
        if not is_below or not (_is_row(line) or is_part):
            break
        end += 1
    return end


def _is_row(line: Line) -> bool:
    return len(line.cells) > 1 and not line.text.endswith(HYPHEN)


def _rows(run: Sequence[Line]) -> list[Line]:
    """The lines as rows with tabs; empty if their cells do not form columns."""
    counts = Counter(len(line.cells) for line in run if len(line.cells) > 1)
    width = max((number for number, count in counts.items() if count > 1), default=0)
    full = [line for line in run if len(line.cells) == width]
    if width < 2 or len(full) < (FEWEST_ROWS_OF_TWO if width == 2 else FEWEST_ROWS):
        return []
    columns = [
        (min(line.cells[i].left for line in full), max(line.cells[i].right for line in full)) for i in range(width)
    ]
    lengths = [cell.end - cell.start for line in full for cell in line.cells]
    if any(left[1] > right[0] for left, right in pairwise(columns)) or sum(lengths) > LONGEST_MEAN * len(lengths):
        return []
    return [_tabbed(line, columns) for line in run]


def _tabbed(line: Line, columns: Sequence[tuple[float, float]]) -> Line:
    """The line as a row: a tab before each column but the first; words in one column are one cell."""
    text = ""
    parts: list[Part] = []
    column = 0
    for cell in line.cells:
        best = max(range(column, len(columns)), key=lambda number: _overlap(cell, columns[number]))
        text += "\t" * (best - column) or " " * bool(text)
        parts += (part._replace(at=part.at + len(text)) for part in parts_of(line, cell.start, cell.end))
        text += line.text[cell.start : cell.end]
        column = best
    return replace(line, text=text, parts=tuple(parts), is_row=True)


def _overlap(cell: Cell, column: tuple[float, float]) -> float:
    """Length of the overlap of a cell with a column; negative for a gap."""
    return min(cell.right, column[1]) - max(cell.left, column[0])
