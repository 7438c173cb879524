"""How the rows of a table are read."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass
from typing import NamedTuple


class Run(NamedTuple):
    """Characters of a view that are those of the document.

    Attributes:
        at: Where they begin in the view, in code points.
        start, end: Their offsets in the document, in code points.
        cell: Whether they are a cell of the passage, so that they may be quoted; else a name that is repeated.
    """

    at: int
    start: int
    end: int
    cell: bool


class ViewRow(NamedTuple):
    """A row of a view; offsets in code points.

    Attributes:
        at, stop: Extent in the view.
        start, end: Extent in the document.
    """

    at: int
    stop: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class View:
    """The rows of a table as they are embedded, searched and read: ``Town Vellin: Mayor: Ana Ruiz; Founded: 1284``.

    Attributes:
        text: A line for each row, which repeats the names of its columns.
        runs: Where its characters come from, in order; between them stand colons, semicolons and spaces.
        rows: Its rows, in order.
    """

    text: str
    runs: tuple[Run, ...]
    rows: tuple[ViewRow, ...]

    def cell_at(self, start: int, end: int) -> Run | None:
        """The cell that holds ``[start, end)`` of the view; None if it is not in one cell."""
        run = self.runs[bisect_right(self.runs, start, key=lambda run: run.at) - 1]
        inside = run.cell and run.at <= start and end <= run.at + run.end - run.start
        return run if inside else None

    def is_paragraph(self, run: Run) -> bool:
        """True if a run is what stands above the table: the only one of its row."""
        return any(row.at == run.at and row.stop - row.at == run.end - run.start for row in self.rows)

    def locate(self, start: int, end: int) -> tuple[int, int] | None:
        """Where ``[start, end)`` of the document, within a cell, stands in the view."""
        run = next((run for run in self.runs if run.cell and run.start <= start and end <= run.end), None)
        return (run.at + start - run.start, run.at + end - run.start) if run else None
