"""Tables to documents: which column holds the text, the title, the date; each row becomes a document.

A row's id is the file's with ``#`` and the number of the row, counted from 1 without the header; its other columns
are metadata, ``row`` among them. Rows without text are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..types import Document, name_title
from .sanitize import iso_date, one_line

Row = Mapping[str, object]

#: Names of columns, best first; case does not matter.
TEXTS = tuple(
    "text content body passage paragraph context document article abstract description answer summary message comment "
    "review note notes".split()
)
TITLES = ("title", "name", "headline", "subject")
DATES = ("date", "published", "published_at", "created", "created_at", "datetime", "timestamp", "time", "year")


def rows_to_documents(
    document_id: str, columns: Sequence[str], rows: Mapping[int, Row], metadata: Row
) -> list[Document]:
    """A document for each row that has a text.

    Args:
        document_id: Of the file.
        columns: Names of the columns, in their order.
        rows: Values by column, by the row's number.
        metadata: What is true of all of them, such as the encoding.
    """
    text_column = _text_column(columns, rows)
    title_column = _named(columns, TITLES, but=text_column)
    date_columns = [column for name in DATES for column in columns if column.strip().lower() == name]
    documents = []
    for number, row in rows.items():
        text = row.get(text_column) if text_column is not None else None
        if not isinstance(text, str) or not text.strip():
            continue
        row_id = f"{document_id}#{number}"
        title = row.get(title_column) if title_column is not None else None
        others = {name: value for name, value in row.items() if name != text_column}
        dates = [date for column in date_columns if (date := iso_date(row.get(column, "")))]
        documents.append(
            Document(
                row_id,
                text,
                (one_line(title) if isinstance(title, str) else "") or name_title(row_id),
                metadata={**metadata, **others, **({"date": dates[0]} if dates else {}), "row": number},
            )
        )
    return documents


def _text_column(columns: Sequence[str], rows: Mapping[int, Row]) -> str | None:
    """The column that is called like a text, else the one with the longest texts; None without any text."""
    lengths: Counter[str] = Counter()
    for row in rows.values():
        for column, value in row.items():
            if isinstance(value, str):
                lengths[column] += len(value.strip())
    written = [column for column in columns if lengths[column]]
    named = _named(written, TEXTS) or _named(columns, TEXTS)
    return named or max(written, key=lengths.__getitem__, default=None)


def _named(columns: Sequence[str], names: Sequence[str], but: str | None = None) -> str | None:
    """The first column that has the first of the names that one has."""
    called = [(column.strip().lower(), column) for column in columns if column != but]
    return next((column for name in names for lower, column in called if lower == name), None)
