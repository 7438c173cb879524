"""Rows of a table between two horizontal rules: one whose cells may have several lines, or several without rules."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from .grids import Grid, GridCell
from .layout import HYPHEN, Line

#: Vertical distance of the lines of a row, in font sizes.
SAME_LINE = 0.3
#: Largest padding of a cell on one side, and width of a blank, in font sizes.
MAX_PADDING, BLANK = 0.9, 0.3
#: Lines of a cell in the first row that may be broken by hand, as the names of columns are.
MAX_LINES_OF_HEADER = 2
#: Lines that two cells between two horizontal rules have if they are rows; with more cells, any number is enough.
EVEN_LINES_OF_TWO = 5
#: Most other rows, between rules of their own, of a table with several rows between two rules: its header and another.
MAX_OTHERS = 2
#: Fewest lines between two rules that may be several rows: below a header alone, and in other tables.
FEWEST_BELOW_HEADER, FEWEST_LINES = 3, 6

#: The words in each cell of a grid, in parts of lines.
Content = dict[GridCell, list[Line]]


def rows_of(content: Content, grid: Grid) -> Iterator[Content]:
    """The words in the cells of each row, from the top."""
    rooms = _rooms(content, grid)
    bands: defaultdict[int, Content] = defaultdict(dict)
    for cell, parts in content.items():
        bands[cell.row][cell] = parts
    heights = {row: max(map(line_count, cells.values())) for row, cells in bands.items()}
    first = min(bands)
    for row, cells in sorted(bands.items()):
        others = [height for other, height in heights.items() if other != row]
        several = _holds_most(heights[row], others) and _are_several(cells, rooms, is_first=row == first)
        yield from _by_line(cells) if several else [cells]


def line_count(parts: Sequence[Line]) -> int:
    """Number of lines of a cell."""
    return 1 + sum(not _same_line(*both) for both in pairwise(parts))


def _holds_most(height: int, others: Sequence[int]) -> bool:
    """True if most lines of a table are between two rules, as in one without rules between its rows.

    Args:
        height: Number of lines between the two.
        others: Number of lines of each other row between rules.
    """
    is_below_header = len(others) == 1 and others[0] <= MAX_LINES_OF_HEADER
    return len(others) <= MAX_OTHERS and height >= (FEWEST_BELOW_HEADER if is_below_header else FEWEST_LINES)


def _are_several(cells: Content, rooms: Mapping[tuple[int, int], float], *, is_first: bool) -> bool:
    """True if the words between two horizontal rules are several rows.

    All cells have as many lines then, or lines of two cells end before they are full.
    """
    if any(part.text.endswith(HYPHEN) for parts in cells.values() for part in parts):
        return False
    lines = {line_count(parts) for parts in cells.values()}
    if len(lines) == 1 and (len(cells) > 2 or (len(cells) == 2 and min(lines) >= EVEN_LINES_OF_TWO)):
        return True
    early = 0
    for cell, parts in cells.items():
        breaks = [
            _ends_early(*both, rooms[cell.column, cell.width]) for both in pairwise(parts) if not _same_line(*both)
        ]
        if breaks and not (is_first and len(breaks) < MAX_LINES_OF_HEADER):
            early += sum(breaks) * 2 >= len(breaks)
    return early > 1


def _rooms(content: Content, grid: Grid) -> dict[tuple[int, int], float]:
    """The width of the words that a line may hold, in points, by the first column of a cell and their number."""
    columns: defaultdict[tuple[int, int], list[Line]] = defaultdict(list)
    for cell, parts in content.items():
        columns[cell.column, cell.width] += parts
    rooms = {}
    for (column, width), parts in columns.items():
        left, right = grid.xs[column], grid.xs[column + width]
        padding = min(min(part.cells[0].left - left, right - part.cells[-1].right) for part in parts)
        rooms[column, width] = right - left - 2 * min(padding, MAX_PADDING * parts[0].size)
    return rooms


def _ends_early(above: Line, line: Line, room: float) -> bool:
    """True if the first word of a line had fitted into the line above, so that it is not wrapped."""
    if above.text.endswith(HYPHEN):
        return False
    width, word = line.cells[-1].right - line.cells[0].left, line.text.split()[0]
    needed = above.cells[-1].right - above.cells[0].left + BLANK * line.size + width * len(word) / len(line.text)
    return needed < room


def _same_line(one: Line, other: Line) -> bool:
    return abs(one.baseline - other.baseline) < SAME_LINE * max(one.size, 1.0)


def _by_line(cells: Content) -> list[Content]:
    """The words of cells by the lines in which they are, from the top."""
    words = [(cell, part) for cell, parts in cells.items() for part in parts]
    words.sort(key=lambda each: -each[1].baseline)
    found: list[Content] = []
    above: Line | None = None
    for cell, part in words:
        if above is None or not _same_line(above, part):
            found.append(defaultdict(list))
            above = part
        found[-1].setdefault(cell, []).append(part)
    return found
