"""Grids that the rules of a PDF page form, and their cells."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

from .layout import Rectangle
from .rules import TOUCHING, Rule, Rules, touch

#: Most places of cells in a grid that are looked at.
MAX_PLACES = 20_000
#: Share of a row or column that a rule along it covers, on either side of the middle.
COVERED = 0.3


class GridCell(NamedTuple):
    """A cell of a grid.

    Attributes:
        row, column: Its first row and column, from 0 at the upper left.
        height, width: Rows and columns that it spans.
    """

    row: int
    column: int
    height: int
    width: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Rectangular cells that fill a rectangle.

    Attributes:
        xs: Edges of the columns in points, from left to right.
        ys: Edges of the rows in points, from bottom to top.
        cells: The cell at each place: those of the first row from left to right, then those of the next.
    """

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[GridCell, ...]

    @property
    def rows(self) -> int:
        """Number of rows."""
        return len(self.ys) - 1

    @property
    def columns(self) -> int:
        """Number of columns."""
        return len(self.xs) - 1

    def cell_at(self, x: float, y: float) -> GridCell | None:
        """The cell at a point; None outside of the grid."""
        column, up = bisect_right(self.xs, x) - 1, bisect_right(self.ys, y) - 1
        if not (0 <= column < self.columns and 0 <= up < self.rows):
            return None
        return self.cells[(self.rows - 1 - up) * self.columns + column]

    def touches(self, rule: Rule) -> bool:
        """True if a vertical rule is in the grid or at its edge."""
        return (
            self.xs[0] - TOUCHING <= rule.at <= self.xs[-1] + TOUCHING
            and self.ys[0] <= rule.high
            and rule.low <= self.ys[-1]
        )

    def extent(self, cell: GridCell) -> tuple[float, float]:
        """Left and right edge of a cell, in points."""
        return self.xs[cell.column], self.xs[cell.column + cell.width]


def grids_of(rules: Rules) -> list[Grid]:
    """The grids of a page with at least two rows and columns. Their outer edges need no rules."""
    grids = [_grid(*group) for group in _connected(rules)]
    return [grid for grid in grids if grid]


def without_forms(rules: Rules, grids: Sequence[Grid], fields: Sequence[Rectangle]) -> tuple[Rules, list[Grid]]:
    """The rules and grids of a page without those of forms: grids that hold a form field."""

    def holds(grid: Grid, field: Rectangle) -> bool:
        return grid.cell_at((field.left + field.right) / 2, (field.bottom + field.top) / 2) is not None

    forms = [grid for grid in grids if any(holds(grid, field) for field in fields)]
    vertical = (rule for rule in rules.vertical if not any(form.touches(rule) for form in forms))
    return replace(rules, vertical=tuple(vertical)), [grid for grid in grids if grid not in forms]


def _connected(rules: Rules) -> list[tuple[list[Rule], list[Rule]]]:
    """The vertical and horizontal rules that touch each other, directly or by others."""
    left_vertical, left_horizontal = set(rules.vertical), set(rules.horizontal)
    groups = []
    while left_vertical:
        group: tuple[list[Rule], list[Rule]] = [left_vertical.pop()], []
        done = [0, 0]
        while done != [len(group[0]), len(group[1])]:
            for kind, left in ((0, left_horizontal), (1, left_vertical)):
                for rule in group[kind][done[kind] :]:
                    touching = [other for other in left if touch(rule, other)]
                    left.difference_update(touching)
                    group[1 - kind].extend(touching)
                    done[kind] += 1
        groups.append(group)
    return groups


def _grid(vertical: Sequence[Rule], horizontal: Sequence[Rule]) -> Grid | None:
    """The grid of rules that touch each other; None if they form none."""
    if not horizontal:
        return None
    ends = [rule.low for rule in horizontal], [rule.high for rule in horizontal]
    xs = _places([*(rule.at for rule in vertical), min(ends[0]), max(ends[1])])
    ends = [rule.low for rule in vertical], [rule.high for rule in vertical]
    ys = _places([*(rule.at for rule in horizontal), min(ends[0]), max(ends[1])])
    if min(len(xs), len(ys)) < 3 or len(xs) * len(ys) > MAX_PLACES:
        return None
    # Whether a rule is drawn on each inner edge, with the rows counted from the top.
    right = _drawn(vertical, xs, ys)
    below = _drawn(horizontal, ys, xs)
    cells = _cells(
        [[(column, len(ys) - 2 - row) in right for column in range(1, len(xs))] for row in range(len(ys) - 1)],
        [[(len(ys) - 2 - row, column) in below for column in range(len(xs) - 1)] for row in range(len(ys) - 1)],
    )
    return Grid(xs, ys, cells) if cells else None


def _places(found: Sequence[float]) -> tuple[float, ...]:
    """The different places of rules, ascending."""
    places: list[float] = []
    for place in sorted(found):
        if not places or place - places[-1] > TOUCHING:
            places.append(place)
    return tuple(places)


def _drawn(rules: Sequence[Rule], places: Sequence[float], edges: Sequence[float]) -> set[tuple[int, int]]:
    """The index of its place and that of each part between two edges that a rule covers."""
    drawn = set()
    for rule in rules:
        place = bisect_right(places, rule.at) - 1
        first = max(0, bisect_left(edges, rule.low) - 1)
        for part, (low, high) in enumerate(pairwise(edges[first:]), start=first):
            if low > rule.high:
                break
            middle, reach = (low + high) / 2, COVERED * (high - low)
            if rule.low <= middle - reach and middle + reach <= rule.high:
                drawn.add((place, part))
    return drawn


def _cells(right: Sequence[Sequence[bool]], below: Sequence[Sequence[bool]]) -> tuple[GridCell, ...]:
    """The cell at each place; empty if one is not a rectangle.

    Args:
        right, below: Whether a rule is drawn right of and below each place ``[row][column]``; outer edges do not count.
    """
    rows, columns = len(right), len(right[0])
    cells: list[list[GridCell | None]] = [[None] * columns for _ in range(rows)]
    for row in range(rows):
        for column in range(columns):
            if cells[row][column]:
                continue
            end = column + 1
            while end < columns and not right[row][end - 1]:
                end += 1
            bottom = row + 1
            while bottom < rows and not any(below[bottom - 1][column:end]):
                bottom += 1
            cell = GridCell(row, column, bottom - row, end - column)
            for i in range(row, bottom):
                is_open = any(right[i][column : end - 1]) or (end < columns and not right[i][end - 1])
                if is_open or any(cells[i][column:end]):
                    return ()
                cells[i][column:end] = [cell] * (end - column)
            if bottom < rows and not all(below[bottom - 1][column:end]):
                return ()
    return tuple(cell for line in cells for cell in line if cell)
