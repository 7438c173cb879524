"""The Table tab as HTML: the cells so far, the deeper in shade the likelier they are right."""

from __future__ import annotations

from rag import TableCell
from rag.export.tables.html import shade, tooltip
from rag.export.tables.lines import NOT_FOUND

from ..services.table_service import PageTable
from ..services.table_view import CONFIDENCE, TEXT, TableView, shown_rows
from .highlight import Mark
from .render import render


def table_html(table: PageTable, view: TableView) -> str:
    """The rows that a view shows, so far; a click on a cell opens its document."""
    shown = shown_rows(table.rows, view)
    return render(
        "table",
        table=table,
        view=view,
        shown=shown,
        not_found=NOT_FOUND,
        shade=shade,
        tooltip=tooltip,
        by_text=TEXT,
        by_confidence=CONFIDENCE,
    )


def cell_marks(cell: TableCell) -> list[Mark]:
    """The marks in the document of a cell: its words and their sentence, or those that come closest."""
    found = cell.candidate
    if found is None:
        return []
    return [
        Mark(found.start, found.end, "answer focus" if cell.answer else "other"),
        Mark(found.sentence.start, found.sentence.end, "sentence"),
    ]
