"""Tables as lines of values, for CSV and XLSX."""

from __future__ import annotations

from collections.abc import Sequence

from ...questions.columns import Column
from ...tables import TableCell, TableRow

Value = str | int | float | None

#: What stands where a document does not answer.
NOT_FOUND = "not found"

#: Columns of each question after its quote.
DETAILS = ("confidence", "page", "start", "end")


def header(columns: Sequence[Column], quotes_only: bool) -> list[str]:
    """Names of the columns: document, title, the quotes of each question, and a remark on the document."""
    names = ["document", "title"]
    for column in columns:
        names.append(column.name)
        names += [] if quotes_only else [f"{column.name}: {detail}" for detail in DETAILS]
    return [*names, "remark"]


def line(row: TableRow, columns: Sequence[Column], quotes_only: bool) -> list[Value]:
    """The values of a row, in the order of the header; the cells of a document that was not read are empty."""
    values: list[Value] = [row.document, row.title]
    width = 1 if quotes_only else 1 + len(DETAILS)
    for cell in row.cells:
        values += _values(cell)[:width]
    if not row.cells:
        values += [None] * width * len(columns)
    return [*values, row.reason]


def _values(cell: TableCell) -> list[Value]:
    found = cell.answer
    if found is None:
        return [NOT_FOUND, None, None, None, None]
    return [found.text, round(found.confidence, 4), found.page, found.start, found.end]
