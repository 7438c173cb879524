"""Tables of the page: filled row by row, opened at their cells, corrected, and exported."""

from __future__ import annotations

import base64
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from rag import Assistant, InputError, TableCell, TableRow
from rag.export.tables import write_table
from rag.questions.anchors import Selection
from rag.questions.columns import Column, columns_of
from rag.questions.feedback import FeedbackFile
from rag.tables import KeptCells, corrected, table_rows

from .collections import Collection, Collections

#: How tables are exported, by file extension, and whether the content is text.
EXPORTS = {"csv": True, "xlsx": False}

#: Size of the file of kept cells from which it is begun anew, in bytes: some hundred thousand cells.
MOST_KEPT = 200_000_000


@dataclass(slots=True)
class PageTable:
    """A table, which grows row by row.

    Attributes:
        collection: Id of the collection.
        columns: The columns.
        repeated: Lines left out because an earlier one asks the same.
        rows: The rows so far.
        files: Hash of each document's file, so that offsets are never applied to other content.
        total: Number of documents.
        ended: False while rows are added.
        problem: Why no more rows are added; empty if nothing is wrong.
    """

    collection: str
    columns: Sequence[Column]
    repeated: Sequence[str]
    rows: list[TableRow] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    total: int = 0
    ended: bool = False
    problem: str = ""

    def row_of(self, document: str) -> int:
        """Number of the row of a document.

        Raises:
            InputError: There is none.
        """
        for number, row in enumerate(self.rows):
            if row.document == document:
                return number
        raise InputError("the table has no such row; fill it again")

    def cell(self, document: str, column: int) -> TableCell:
        """The cell of a document in a column.

        Raises:
            InputError: There is none.
        """
        cells = self.rows[self.row_of(document)].cells
        if not 0 <= column < len(cells):
            raise InputError("the table has no such cell; fill it again")
        return cells[column]


class TableService:
    """Fills tables on behalf of the page.

    Args:
        collections: The collections that can be asked.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def fill(self, questions: str, collection: str, where: Sequence[str]) -> Iterator[PageTable]:
        """Yield a table, first empty, then again after each row; it is one object.

        Cells of unchanged documents that were computed before are taken from a file beside the feedback. Each row is
        read from the version of the index that is current then.

        Args:
            questions: Questions or names of fields, one a line.
            collection: Id of the collection.
            where: Filter conditions.

        Raises:
            RagError: The collection cannot be opened, or is gone, or a question or a condition is invalid.
        """
        columns, repeated = columns_of(questions.splitlines())
        assistant = self._collections.assistant(collection)
        names = list(assistant.index.rows_by_document(where))

        def current() -> Assistant:
            nonlocal assistant
            assistant = self._collections.assistant(collection)
            return assistant

        kept = _kept_cells(self._collections.get(collection))
        rows = table_rows(current, [column.question for column in columns], names, where, kept=kept)
        table = PageTable(collection, columns, repeated, total=len(names))
        yield table
        for row in rows:
            table.rows.append(row)
            if file := assistant.index.file_of(row.document):
                table.files[row.document] = file.hash
            yield table

    def correct(
        self, table: PageTable, document: str, column: int, words: Selection | None = None, by: str = ""
    ) -> str:
        """Save that other words answer a cell, or that its words are wrong; returns a confirmation.

        Args:
            table: The table, which is changed.
            document: Id of the cell's document.
            column: Number of its column.
            words: The right words; None if the words of the cell are wrong.
            by: Name of the account that corrects it; empty if there are no accounts.

        Raises:
            InputError: There is no such cell, its document has changed, or the account may not give feedback.
        """
        cell = table.cell(document, column)
        assistant = self._collections.assistant(table.collection)
        feedback = FeedbackFile(self._collections.teachable(table.collection).taught)
        file = assistant.index.file_of(document)
        if file is None or file.hash != table.files[document]:
            raise InputError("the document has changed since the table was filled; fill it again")
        documents = assistant.index.documents
        if words is not None:
            if words.document != document:
                raise InputError("select words of the document of this cell")
            feedback.add(cell.question, documents, right=[words], by=by)
        elif cell.answer is None:
            raise InputError("the cell has no words that could be wrong")
        else:
            place = Selection(document, cell.answer.start, cell.answer.end)
            feedback.add(cell.question, documents, wrong=[place], by=by)
        number = table.row_of(document)
        row = table.rows[number]
        changed = corrected(cell, feedback.about(cell.question), documents[document])
        cells = (changed if at == column else each for at, each in enumerate(row.cells))
        table.rows[number] = replace(row, cells=tuple(cells))
        return "Saved: these are the right words." if words else "Saved: these words are wrong."


def exported(table: PageTable, kind: str) -> tuple[str, str]:
    """Name and content of a table as a file; a workbook is in Base64.

    Raises:
        InputError: There is no such format.
    """
    if kind not in EXPORTS:
        raise InputError("a table is saved as CSV or XLSX; reload the page")
    name = f"table.{kind}"
    with TemporaryDirectory() as folder:
        path = Path(folder) / name
        write_table(path, table.columns, table.rows)
        content = path.read_bytes()
    return name, content.decode("utf-8") if EXPORTS[kind] else base64.b64encode(content).decode("ascii")


def _kept_cells(collection: Collection) -> KeptCells | None:
    """The cells of a collection that earlier tables have computed; None if none can be kept there.

    Raises:
        InputError: The file cannot be read.
    """
    path = collection.taught.with_suffix(".cells.jsonl")
    try:
        if collection.files is None:
            path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > MOST_KEPT:
            path.unlink()
    except OSError:
        return None
    return KeptCells(path) if os.access(path.parent, os.W_OK) else None
