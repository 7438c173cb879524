"""Table rows as documents: finding the columns of text, title and date.

A row's id is that of the file with ``#`` and the row number, from 1 without the header. Other columns become metadata,
along with ``row``. Rows without text are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from ..types import Document, name_title
from .sanitize import iso_date, one_line

Row = Mapping[str, object]

#: Column names, best first; case-insensitive.
TEXTS = tuple(
    "text content body passage paragraph context document article abstract description answer summary message comment "
    "review note notes".split()
)
TITLES = ("title", "name", "headline", "subject")
DATES = ("date", "published", "published_at", "created", "created_at", "datetime", "timestamp", "time", "year")


def rows_to_documents(
    document_id: str,
    columns: Sequence[str],
    rows: Mapping[int, Row],
    metadata: Row,
    texts: Mapping[int, str] | None = None,
) -> list[Document]:
    """A document for each row that has text.

    Args:
        document_id: Id of the file.
        columns: Column names, in order.
        rows: Values by column, by row number.
        metadata: Metadata shared by all rows, such as the encoding.
        texts: The text of each row; if None, the values of one column, which are not metadata then.
    """
    text_column = _text_column(columns, rows) if texts is None else None
    title_column = _named(columns, TITLES, exclude=text_column)
    date_columns = {column: rank for column in columns if (rank := _date_rank(column)) is not None}
    documents = []
    for number, row in rows.items():
        text = texts[number] if texts else row.get(text_column) if text_column is not None else None
        if not isinstance(text, str) or not text.strip():
            continue
        row_id = f"{document_id}#{number}"
        title = row.get(title_column) if title_column is not None else None
        others = {name: value for name, value in row.items() if name != text_column}
        # Only the row's own columns: in JSONL every row may have others.
        ranked = sorted((name for name in row if name in date_columns), key=date_columns.__getitem__)
        dates = [date for column in ranked if (date := iso_date(row[column]))]
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
    """The column with a name in ``TEXTS``, else the one with most text; None without any text."""
    lengths: Counter[str] = Counter()
    for row in rows.values():
        for column, value in row.items():
            if isinstance(value, str):
                lengths[column] += len(value.strip())
    nonempty = [column for column in columns if lengths[column]]
    named = _named(nonempty, TEXTS) or _named(columns, TEXTS)
    return named or max(nonempty, key=lengths.__getitem__, default=None)


def _date_rank(column: str) -> int | None:
    """The place of a column's name in ``DATES``; None if it is not there."""
    name = column.strip().lower()
    return DATES.index(name) if name in DATES else None


def _named(columns: Sequence[str], names: Sequence[str], exclude: str | None = None) -> str | None:
    """The column with the best of the names, or None."""
    candidates = [(column.strip().lower(), column) for column in columns if column != exclude]
    return next((column for name in names for lower, column in candidates if lower == name), None)
