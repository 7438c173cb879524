"""Tables in a document, so that the page shows them in rows and columns.

All characters stay in their place: what stands between cells is hidden, so that offsets in the page hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rag import Document
from rag.text.columns import names_and_values
from rag.text.segmentation import Extent
from rag.text.tables import FieldCut, Table, tables

from .highlight import Mark


def table_marks(document: Document, start: int, end: int) -> list[Mark]:
    """The marks of the tables in ``[start, end)`` of a document, innermost first."""
    # A table may begin before: its header says what the columns are.
    first = max(document.body, document.text.rfind("\n\n", 0, start))
    marks = []
    for table in tables(document.text, min(first, start), end):
        rows = _fields(document.text, table) if isinstance(table.cut, FieldCut) else _rows(document.text, table)
        found = [mark for row in rows if row[-1].end > start for mark in row]
        if found:
            marks += [*found, Mark(table.start, table.end, "table", "span")]
    return marks


def _fields(text: str, table: Table) -> Iterator[list[Mark]]:
    """The marks of a line of fields: the name above each value."""
    line = table.lines[0]
    marks = []
    at = line.start
    for name, value in names_and_values(text, line):
        marks += [
            Mark(at, name.start, "gap", "span"),
            Mark(*name, "name", "span"),
            Mark(name.end, value.start, "gap", "span"),
            Mark(name.start, value.end, "cell", "span"),
        ]
        at = value.end
    yield [*marks, Mark(*line, "row", "span")]


def _rows(text: str, table: Table) -> Iterator[list[Mark]]:
    """The marks of each row, the row itself last; what stands before a row is hidden with it."""
    at = table.start
    for names in _header_lines(text, table):
        row = Extent(at, names[-1].end)
        yield [*_cells(names, row, "cell head"), Mark(*row, "row", "span")]
        at = row.end
    for number, extent in enumerate(table.lines):
        yield [Mark(at, extent.start, "gap", "span")]
        yield [*_cells(table.cells(text, number), extent, "cell"), Mark(*extent, "row", "span")]
        at = extent.end
    yield [Mark(at, table.end, "gap", "span")]


def _header_lines(text: str, table: Table) -> Iterator[list[Extent]]:
    """The cells of each line of the header; an empty one before the others has no length."""
    names = sorted({name for column in table.header for name in column})
    line: list[Extent] = []
    for name in names:
        if line and "\n" in text[line[-1].end : name.start]:
            yield _padded(line, table)
            line = []
        line.append(name)
    if line:
        yield _padded(line, table)


def _padded(line: Sequence[Extent], table: Table) -> list[Extent]:
    """A line of the header with empty cells, so that each name stands above its column."""
    last = max(column for column, names in enumerate(table.header) if line[-1] in names)
    padded: list[Extent] = []
    shown: set[Extent] = set()
    for names in table.header[: last + 1]:
        name = next((each for each in names if each in line and each not in shown), None)
        padded.append(name or Extent(0, 0))
        shown |= {name} if name else set()
    return padded


def _cells(cells: Sequence[Extent], row: Extent, kind: str) -> Iterator[Mark]:
    """The marks of the cells of a row, and of what stands between them; some of that stands for empty cells."""
    at = row.start
    empty = 0
    for cell in cells:
        if cell.start >= cell.end:
            empty += 1
            continue
        fillers = min(empty, cell.start - at)
        yield from (Mark(at + i, at + i + 1, f"{kind} empty", "span") for i in range(fillers))
        yield Mark(at + fillers, cell.start, "gap", "span")
        yield Mark(*cell, kind, "span")
        at, empty = cell.end, 0
    yield Mark(at, row.end, "gap", "span")
