"""Tables of the page: filled row by row, opened at their quotes, and exported."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from rag import InputError, TableCell, TableRow
from rag.export.tables import write_table
from rag.questions.columns import Column, columns_of
from rag.tables import table_rows

from .collections import Collections

#: Documents of a table on the page at most; it is drawn again with each row.
MAX_DOCUMENTS = 200

#: How tables are exported, by file extension, and whether the content is text.
EXPORTS = {"csv": True, "xlsx": False}


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
        left_out: Number of documents that match but are not asked.
        ended: False while rows are added.
    """

    collection: str
    columns: Sequence[Column]
    repeated: Sequence[str]
    rows: list[TableRow] = field(default_factory=list)
    files: dict[str, str] = field(default_factory=dict)
    total: int = 0
    left_out: int = 0
    ended: bool = False


class TableService:
    """Fills tables on behalf of the page.

    Args:
        collections: The collections that can be asked.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def fill(self, questions: str, collection: str, where: Sequence[str]) -> Iterator[PageTable]:
        """Yield a table, first empty, then again after each row; it is one object.

        Args:
            questions: Questions or names of fields, one a line.
            collection: Id of the collection.
            where: Filter conditions.

        Raises:
            RagError: The collection cannot be opened, or a question or a condition is invalid.
        """
        columns, repeated = columns_of(questions.splitlines())
        assistant = self._collections.assistant(collection)
        names = list(assistant.index.rows_by_document(where))
        chosen = names[:MAX_DOCUMENTS]
        rows = table_rows(lambda: assistant, [column.question for column in columns], chosen, where)
        table = PageTable(collection, columns, repeated, total=len(chosen), left_out=len(names) - len(chosen))
        yield table
        for row in rows:
            table.rows.append(row)
            if file := assistant.index.file_of(row.document):
                table.files[row.document] = file.hash
            yield table


def cell_at(table: PageTable, document: str, start: int, end: int) -> TableCell:
    """The cell of a table whose answer stands at a place.

    Raises:
        InputError: There is none.
    """
    for row in table.rows:
        for cell in row.cells if row.document == document else ():
            if cell.answer and (cell.answer.start, cell.answer.end) == (start, end):
                return cell
    raise InputError("the table has no such cell; start it again")


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
