"""Rows of tables with ruled cells: words that are wrapped in a cell stay together, and a row is one line.

Not every grid is a table: forms, frames, drawings and prose in boxes are left as they are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

from .bands import Content, line_count, rows_of
from .grids import Grid, GridCell
from .layout import HYPHEN, Line, with_cells
from .ruled_table import RuledTable, row_of

#: Height above the baseline at which a line is looked up in a grid, and the length by which words may reach over the
#: edge of their cell, in font sizes.
MIDDLE, OVER = 0.3, 0.5
#: Fewest rows with words in two cells.
FEWEST_ROWS = 2
#: Mean length of a cell with words, in code points, above which it is prose in boxes.
LONGEST_MEAN = 120
#: Smallest shares of the rows that have no spanning cells, and of the cells that have words.
MIN_REGULAR, MIN_FILLED = 0.5, 1 / 3
#: Words between wide gaps, per line of a cell, from which it has gaps; and the largest share of such cells: with more,
#: not all columns have rules.
MIN_GAPS, MAX_WITH_GAPS = 1.5, 0.1


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
    inner = _inner_rows(grid)
    at = 0
    for line in lines:
        for cell, part in _parts(line, grid, inner):
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


def _inner_rows(grid: Grid) -> range:
    """The rows of a grid between its first and last ones that are one cell.

    These are a title and a note, or the rest of the page in its frame.
    """
    several = [row for row in range(grid.rows) if grid.cells[row * grid.columns].width < grid.columns]
    return range(several[0], several[-1] + 1) if several else range(0)


def _parts(line: Line, grid: Grid, rows: range) -> Iterator[tuple[GridCell | None, Line]]:
    """The words of a line in each cell of these rows of a grid, and those outside of them."""
    y = line.baseline + MIDDLE * line.size
    if not grid.ys[0] <= y < grid.ys[-1]:
        yield None, line
        return

    def cell_at(x: float) -> GridCell | None:
        cell = grid.cell_at(x, y)
        return cell if cell and cell.row in rows else None

    if line.is_row:
        yield cell_at((line.left + line.right) / 2), line
        return
    cells = [cell_at((each.left + each.right) / 2) for each in line.cells]
    for cell, group in groupby(range(len(cells)), key=cells.__getitem__):
        numbers = list(group)
        is_whole = len(numbers) == len(cells)
        yield cell, line if is_whole else with_cells(line, numbers[0], numbers[-1] + 1)


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
    return sum(len(part.cells) for part in parts) >= MIN_GAPS * line_count(parts)


def _row(grid: Grid, row: int) -> tuple[GridCell, ...]:
    return grid.cells[row * grid.columns : (row + 1) * grid.columns]


def _table(content: Content, grid: Grid) -> RuledTable:
    """The table without columns that are empty in all rows."""
    columns = sorted({cell.column for cell in content})
    rows = tuple(
        row_of({columns.index(cell.column): parts for cell, parts in cells.items()}) for cells in rows_of(content, grid)
    )
    edges = (*(grid.xs[column] for column in columns), grid.xs[-1])
    return RuledTable(rows, edges, grid.ys[0], grid.ys[-1])
