"""The Table tab as HTML: the cells so far, the deeper in shade the likelier they are right."""

from __future__ import annotations

from rag import TableCell
from rag.export.tables.html import shade, tooltip
from rag.export.tables.lines import NOT_FOUND

from ..services.table_service import PageTable
from .highlight import Mark
from .render import render


def table_html(table: PageTable) -> str:
    """The rows so far; a click on a quote opens its document."""
    return render("table", table=table, not_found=NOT_FOUND, shade=shade, tooltip=tooltip)


def cell_marks(cell: TableCell) -> list[Mark]:
    """The marks in the document of an answered cell: its words, its sentence."""
    found = cell.answer
    if found is None:
        return []
    return [
        Mark(found.start, found.end, "answer focus"),
        Mark(found.sentence.start, found.sentence.end, "sentence"),
    ]
