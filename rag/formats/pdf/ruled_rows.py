"""Rows of tables with ruled cells: words that are wrapped in a cell stay together, and a row is one line.

Not every grid is a table: forms, frames, drawings and prose in boxes are left as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby, pairwise

from .grids import Grid, GridCell
from .layout import HYPHEN, Line, with_cells
from .ruled_table import RuledTable, row_of

#: Height above the baseline at which a line is looked up in a grid, and the length by which words may reach over the
#: edge of their cell, in font sizes.
MIDDLE, OVER = 0.3, 0.5
#: Vertical distance of the lines of a row, in font sizes.
SAME_LINE = 0.3
#: Fewest rows with words in two cells.
FEWEST_ROWS = 2
#: Mean length of a cell with words, in code points, above which it is prose in boxes.
LONGEST_MEAN = 120
#: Smallest shares of the rows that have no spanning cells, and of the cells that have words.
MIN_REGULAR, MIN_FILLED = 0.5, 1 / 3
#: Words between wide gaps, per line of a cell, from which it has gaps; and the largest share of such cells: with more,
#: not all columns have rules.
MIN_GAPS, MAX_WITH_GAPS = 1.5, 0.1
#: Largest padding of a cell on one side, and width of a blank, in font sizes.
MAX_PADDING, BLANK = 0.9, 0.3
#: Lines of a cell in the first row that may be broken by hand, as the names of columns are.
MAX_LINES_OF_HEADER = 2
#: Lines that all cells between two horizontal rules have if they are rows, with two cells and with more.
EVEN_LINES_OF_TWO, EVEN_LINES = 5, 3

#: The words in each cell of a grid, in parts of lines.
Content = dict[GridCell, list[Line]]


def with_ruled_rows(lines: Sequence[Line], grids: Iterable[Grid]) -> tuple[list[Line], list[RuledTable]]:
    """The lines of a page with each row of a ruled table as one line, with tabs between its cells; and these tables.

    Args:
        lines: In reading order.
        grids: The grids of the page.
    """
    found = list(lines)
    tables: list[RuledTable] = []
    for grid in sorted(grids, key=lambda each: (each.xs[-1] - each.xs[0]) * (each.ys[-1] - each.ys[0])):
        found, table = _with_table(found, grid)
        tables += [table] if table else []
    return found, tables


def _with_table(lines: list[Line], grid: Grid) -> tuple[list[Line], RuledTable | None]:
    """The lines with the rows of a grid, and its table; unchanged if it is none."""
    content: Content = defaultdict(list)
    others: list[Line] = []
    at = 0
    for line in lines:
        for cell, part in _parts(line, grid):
            if cell is None:
                others.append(part)
            elif line.is_row or not _is_within(part, cell, grid):
                return lines, None
            else:
                at = at if content else len(others)
                content[cell].append(part)
    if not _is_table(content, grid):
        return lines, None
    table = _table(content, grid)
    return [*others[:at], *table.rows, *others[at:]], table


def _parts(line: Line, grid: Grid) -> Iterator[tuple[GridCell | None, Line]]:
    """The words of a line in each cell of a grid, and those outside of its table."""
    if not grid.ys[0] <= line.baseline + MIDDLE * line.size < grid.ys[-1]:
        yield None, line
        return
    if line.is_row:
        yield _table_cell((line.left + line.right) / 2, line, grid), line
        return
    cells = [_table_cell((each.left + each.right) / 2, line, grid) for each in line.cells]
    for cell, group in groupby(range(len(cells)), key=cells.__getitem__):
        numbers = list(group)
        is_whole = len(numbers) == len(cells)
        yield cell, line if is_whole else with_cells(line, numbers[0], numbers[-1] + 1)


def _table_cell(x: float, line: Line, grid: Grid) -> GridCell | None:
    """The cell of a line at a place; None outside of the grid, and in its first and last rows if they are one cell.

    The one is a title, the other a note, or both are the rest of the page in its frame.
    """
    cell = grid.cell_at(x, line.baseline + MIDDLE * line.size)
    if cell is None or cell.width < grid.columns:
        return cell
    rows = [grid.cells[row * grid.columns].width == grid.columns for row in range(grid.rows)]
    return None if all(rows[: cell.row]) or all(rows[cell.row + cell.height :]) else cell


def _is_within(part: Line, cell: GridCell, grid: Grid) -> bool:
    """True if the words are in the cell, and not across its edge."""
    left, right = grid.extent(cell)
    over = OVER * part.size
    return left - over <= part.cells[0].left and part.cells[-1].right <= right + over


def _is_table(content: Content, grid: Grid) -> bool:
    """True if most words are upright, and the cells with words are regular, filled and short, as in a table."""
    inner = [cell for cell in dict.fromkeys(grid.cells) if cell.width < grid.columns]
    filled = [cell for cell in inner if cell in content]
    words = Counter(cell.row for cell in filled)
    if sum(number > 1 for number in words.values()) < FEWEST_ROWS:
        return False
    regular = [row for row in words if all(cell.width == 1 for cell in _row(grid, row))]
    uprights = [part.is_upright for parts in content.values() for part in parts]
    lengths = [sum(len(part.text) for part in content[cell]) for cell in filled]
    with_gaps = sum(_has_gaps(content[cell]) for cell in filled)
    return (
        sum(uprights) * 2 > len(uprights)
        and len(regular) >= max(FEWEST_ROWS, MIN_REGULAR * len(words))
        and len(filled) >= MIN_FILLED * len(inner)
        and sum(lengths) <= LONGEST_MEAN * len(filled)
        and with_gaps <= MAX_WITH_GAPS * len(filled)
        # The word goes on elsewhere.
        and not any(parts[-1].text.endswith(HYPHEN) for parts in content.values())
    )


def _has_gaps(parts: Sequence[Line]) -> bool:
    """True if the lines of a cell have wide gaps between their words, more than justified ones may have."""
    return sum(len(part.cells) for part in parts) >= MIN_GAPS * _lines(parts)


def _lines(parts: Sequence[Line]) -> int:
    """Number of lines of a cell."""
    return 1 + sum(not _same_line(*both) for both in pairwise(parts))


def _row(grid: Grid, row: int) -> tuple[GridCell, ...]:
    return grid.cells[row * grid.columns : (row + 1) * grid.columns]


def _table(content: Content, grid: Grid) -> RuledTable:
    """The table without columns that are empty in all rows."""
    columns = sorted({cell.column for cell in content})
    first = min(cell.row for cell in content)
    rooms = _rooms(content, grid)
    by_row: defaultdict[int, Content] = defaultdict(dict)
    for cell, parts in content.items():
        by_row[cell.row][cell] = parts
    rows: list[Line] = []
    for row, cells in sorted(by_row.items()):
        several = _are_several(cells, rooms, is_first=row == first)
        for some in _by_line(cells) if several else [cells]:
            rows.append(row_of({columns.index(cell.column): parts for cell, parts in some.items()}))
    edges = (*(grid.xs[column] for column in columns), grid.xs[-1])
    return RuledTable(tuple(rows), edges, grid.ys[0], grid.ys[-1])


def _are_several(cells: Content, rooms: Mapping[tuple[int, int], float], *, is_first: bool) -> bool:
    """True if the words between two horizontal rules are several rows.

    All cells have as many lines then, or lines of two cells end before they are full.
    """
    if any(part.text.endswith(HYPHEN) for parts in cells.values() for part in parts):
        return False
    lines = {_lines(parts) for parts in cells.values()}
    if len(lines) == 1 and min(lines) >= (EVEN_LINES_OF_TWO if len(cells) == 2 else EVEN_LINES) and len(cells) > 1:
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
