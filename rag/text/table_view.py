"""Passages of tables: rows that repeat the names of their columns, with a map to the document.

A row is read as ``Town Vellin: Mayor: Ana Ruiz; Founded: 1284``, close to the tables that the shipped reader was
trained on. Each character of it, but for the separators, leads back to the document. With a colon after the names,
which those tables lack, 30 of 36 questions about a table of huts were answered, without it 24.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from math import ceil

from ..types import Run, View, ViewRow
from .columns import with_marks
from .segmentation import Extent, paragraphs, trim
from .tables import LONGEST_NAME, Table

#: Cells of a row that are read together: among more, the reader rarely finds the right one. Of 7 questions about a
#: table of 15 columns, 6 are answered right, and 2 where whole rows are read.
MOST_CELLS = 8

#: Fits the text and the view of a passage into its budgets.
Fits = Callable[[int, int, str], bool]


@dataclass(frozen=True, slots=True)
class Piece:
    """A passage of a table: its extent in the document, and its view."""

    start: int
    end: int
    view: View

    @property
    def extent(self) -> Extent:
        """Its extent in the document."""
        return Extent(self.start, self.end)


@dataclass(slots=True)
class _Writer:
    """Builds a view from parts of a text."""

    source: str
    length: int = 0
    parts: list[str] = field(default_factory=list)
    runs: list[Run] = field(default_factory=list)
    rows: list[ViewRow] = field(default_factory=list)

    def glue(self, text: str) -> None:
        self.parts.append(text)
        self.length += len(text)

    def quote(self, extent: Extent, *, cell: bool) -> None:
        self.runs.append(Run(self.length, *extent, cell))
        self.glue(self.source[extent.start : extent.end])

    def view(self) -> View:
        return View("".join(self.parts), tuple(self.runs), tuple(self.rows))


def pieces(text: str, table: Table, lead: Extent | None, fits: Fits) -> Iterator[Piece | Extent]:
    """The passages of a table in order: each row is one, and a row that is too long is cut between its cells.

    A cell that is too long for a passage, and a header that leaves no room for a row, are given as an extent to be cut
    like prose.

    Args:
        text: The text.
        table: A table in it.
        lead: The heading or line above the table that shares its first passage.
        fits: Tells whether ``text[start:end]`` and a view are within the budgets.
    """
    start = lead.start if lead else table.start
    above = lead
    part: Extent | None = None
    for number, line in enumerate(table.lines):
        cells = [(column, cell) for column, cell in enumerate(table.cells(text, number)) if cell.start < cell.end]
        is_last = number + 1 == len(table.lines)
        if len(cells) == 1 and len(table.header) > 2 and not is_last:
            part = cells[0][1]
        elif cells:
            end = table.end if is_last else table.lines[number + 1].start
            row = _Row(text, table, cells, part)
            own_part = part is not None and part.start >= start
            piece = Piece(*trim(text, start, end), row.view(above, own_part=own_part))
            if start < line.start and not fits(*piece.extent, piece.view.text):
                yield trim(text, start, line.start)
                start, above, own_part = line.start, None, False
                piece = Piece(*trim(text, start, end), row.view())
            if len(cells) <= MOST_CELLS and fits(*piece.extent, piece.view.text):
                yield piece
            else:
                yield from _row_pieces(row, start, end, fits, above, own_part=own_part)
            start, above = end, None
    if start < table.end:  # the last rows are empty
        yield trim(text, start, table.end)


def _row_pieces(
    row: _Row, start: int, end: int, fits: Fits, lead: Extent | None, *, own_part: bool
) -> Iterator[Piece | Extent]:
    """The passages of a row that is too long for one; each repeats the label of the row.

    Args:
        row: The row.
        start, end: What the passages cover together.
        fits: See ``pieces``.
        lead: What stands above the table, if the first passage holds it.
        own_part: Whether the first passage holds ``part``.
    """
    left = row.cells
    label = next((cell for column, cell in row.cells if column == row.table.label), None)
    while left:
        count = ceil(len(left) / ceil(len(left) / MOST_CELLS))
        while True:
            stop = end if count == len(left) else row.start_of(*left[count], after=left[count - 1][1].end)
            view = replace(row, cells=left[:count]).view(lead, own_part=own_part, label=label)
            piece = Piece(*trim(row.text, start, stop), view)
            is_fit = fits(*piece.extent, piece.view.text)
            if is_fit or count == 1:
                break
            count = (count + 1) // 2
        yield piece if is_fit else piece.extent
        left = left[count:]
        start, lead, own_part = stop, None, False


@dataclass(frozen=True, slots=True)
class _Row:
    """A row, or some of its cells.

    Attributes:
        text: The text.
        table: Its table.
        cells: The cells that are not empty, each with its column.
        part: The row of one cell above it that names a part of the table.
    """

    text: str
    table: Table
    cells: Sequence[tuple[int, Extent]]
    part: Extent | None

    def view(self, lead: Extent | None = None, *, own_part: bool = False, label: Extent | None = None) -> View:
        """How the row is read.

        Args:
            lead: What stands above the table, if the passage holds it.
            own_part: Whether the passage holds ``part``.
            label: The label of the row, repeated if it is not among the cells.
        """
        writer = _Writer(self.text)
        for paragraph in paragraphs(self.text, *lead) if lead else ():
            at = writer.length
            writer.quote(paragraph, cell="\t" not in self.text[slice(*paragraph)])
            writer.rows.append(ViewRow(at, writer.length, *paragraph))
            writer.glue("\n")
        at = writer.length
        if self.part:
            writer.quote(_short(self.part), cell=own_part)
            writer.glue(", ")
        own = next((cell for column, cell in self.cells if column == self.table.label), None)
        if own or label:
            self._write_names(writer, self.table.label, " ")
        if own:
            writer.quote(own, cell=True)
        elif label:
            writer.quote(_short(label), cell=False)
        others = [(column, cell) for column, cell in self.cells if column != self.table.label]
        for number, (column, cell) in enumerate(others):
            writer.glue("; " if number else ": " if own or label else "")
            self._write_names(writer, column, ": ")
            writer.quote(cell, cell=True)
        whole = with_marks(self.text, Extent(self.cells[0][1].start, self.cells[-1][1].end))
        writer.rows.append(ViewRow(at, writer.length, *whole))
        return writer.view()

    def start_of(self, column: int, cell: Extent, after: int) -> int:
        """Where a cell begins in the text: at its name if that stands between ``after`` and the cell."""
        names = self.table.header[column] if column < len(self.table.header) else ()
        begins = with_marks(self.text, cell).start
        return min((name.start for name in names if after <= name.start < begins), default=begins)

    def _write_names(self, writer: _Writer, column: int, after: str) -> None:
        """Write the names above a column, and what follows them."""
        names = self.table.header[column] if column < len(self.table.header) else ()
        for number, name in enumerate(names, start=1):
            writer.quote(_short(name), cell=False)
            writer.glue(after if number == len(names) else " ")


def _short(name: Extent) -> Extent:
    """The beginning of a name."""
    return Extent(name.start, min(name.end, name.start + LONGEST_NAME))
