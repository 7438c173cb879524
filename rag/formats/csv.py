"""CSV and TSV: every row becomes a document, a line of its fields with the names of their columns.

A row reads ``Town: Vellin<tab>Mayor: Ana Ruiz``; the texts of columns with long ones follow as paragraphs. The first
row names the columns, unless it holds values. Rows are numbered as in a spreadsheet, from 1 without the header: a row
may span several lines, and empty rows count.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import StringIO

from ..errors import DocumentError
from ..text.plural import counted
from .base import Parsed, Remark
from .blocks import BLANK_LINE
from .csv_dialect import STATED, has_header, separator_of
from .dates import DateColumn
from .sanitize import one_line
from .tables import rows_to_documents
from .text import decode, guess_remarks

#: Maximum length of a value, in code points: that of a file. The default limit of ``csv`` is too short for texts.
MAX_FIELD = 20_000_000
#: A column with a longer value, in code points, or with a line break in one, holds texts.
LONGEST_FIELD = 200
#: Names of columns in a remark.
NAMED = 30

NO_TABLE = "is not a table: most rows differ from the first in their number of fields; check the delimiter and quotes"

Row = Mapping[str, str]


def read_csv(document_id: str, raw: bytes) -> Parsed:
    """The rows of a CSV file; all values are strings."""
    text, encoding = decode(raw)
    text = text.removeprefix("\ufeff")
    if stated := STATED.match(text):
        return _read(document_id, text[stated.end() :], encoding, stated[1])
    separator = separator_of(text)
    if separator != ",":
        try:
            return _read(document_id, text, encoding, separator)
        except DocumentError:  # recognised wrongly
            pass
    return _read(document_id, text, encoding, ",")


def read_tsv(document_id: str, raw: bytes) -> Parsed:
    """The rows of a TSV file; all values are strings."""
    text, encoding = decode(raw)
    return _read(document_id, text.removeprefix("\ufeff"), encoding, "\t")


def _read(document_id: str, text: str, encoding: str, separator: str) -> Parsed:
    table = list(_rows(text, separator))
    first = next((number for number, row in enumerate(table) if row), len(table))
    header = table[first] if first < len(table) else []
    if isinstance(header, str):
        raise DocumentError(f"is not a table; first row: {header}")
    body = table[first + 1 :]
    is_named = has_header(header, [row for row in body if isinstance(row, list)])
    columns = _unique(header if is_named else [""] * len(header))
    rows: dict[int, Row] = {}
    skipped = []
    for number, row in enumerate(body if is_named else [header, *body], start=1):
        if isinstance(row, str):
            skipped.append(Remark(f"{document_id}#{number}", row))
        elif not any(field.strip() for field in row):
            continue
        elif len(row) != len(columns):
            expected = f"the {'header' if is_named else 'first row'} has {len(columns)}"
            reason = f"has {counted(len(row), 'field')} where {expected}; check its delimiters and quotes"
            skipped.append(Remark(f"{document_id}#{number}", reason))
        else:
            rows[number] = dict(zip(columns, row, strict=True))
    if len(skipped) > len(rows):
        raise DocumentError(NO_TABLE)
    dates = {column: found for column in columns if (found := DateColumn.of(row[column] for row in rows.values()))}
    layout = _Layout.of(columns, rows.values(), is_named=is_named)
    documents = rows_to_documents(
        document_id,
        [column for column in columns if column not in layout.texts],
        {number: _metadata(row, dates, layout.texts) for number, row in rows.items()},
        {"encoding": encoding},
        {number: layout.text(row) for number, row in rows.items()},
    )
    remarks = [
        *guess_remarks(document_id, encoding),
        Remark(document_id, _columns_remark(columns, separator, is_named=is_named)),
        *(Remark(document_id, _unclear(name, each.ambiguous)) for name, each in dates.items() if each.ambiguous),
    ]
    return Parsed(documents, skipped, remarks if documents else guess_remarks(document_id, encoding))


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the rows of a file are written.

    Attributes:
        texts: Columns with long texts, which follow the line of the other fields.
        is_named: Whether the fields in the line have names.
    """

    texts: frozenset[str]
    is_named: bool

    @classmethod
    def of(cls, columns: Sequence[str], rows: Iterable[Row], *, is_named: bool) -> _Layout:
        texts = {
            column
            for row in rows
            for column, value in row.items()
            if len(value) > LONGEST_FIELD or len(value.strip().splitlines()) > 1
        }
        return cls(frozenset(columns if len(columns) == 1 else texts), is_named)

    def text(self, row: Row) -> str:
        """The text of a row; empty fields are left out."""
        fields = [(column, one_line(value)) for column, value in row.items() if column not in self.texts]
        line = "\t".join(f"{column}: {value}" if self.is_named else value for column, value in fields if value)
        texts = [row[column] for column in row if column in self.texts and row[column].strip()]
        return BLANK_LINE.join(filter(None, [line, *texts]))


def _metadata(row: Row, dates: Mapping[str, DateColumn], texts: frozenset[str]) -> dict[str, object]:
    """The fields of a row for filters; dates as ISO dates."""
    return {
        column: (dates[column].iso(value) if column in dates else None) or value
        for column, value in row.items()
        if column not in texts
    }


def _columns_remark(columns: Sequence[str], separator: str, *, is_named: bool) -> str:
    shown = {"\t": "tab", "\x1f": "unit separator"}.get(separator, separator)
    by = "" if separator in ",\t" else f" (separated by {shown})"
    if not is_named:
        return f"the first row holds values, so the columns{by} have no names; add a first row that names them"
    names = ", ".join(columns[:NAMED])
    more = f" and {len(columns) - NAMED} more" if len(columns) > NAMED else ""
    return f"columns{by}: {names}{more}"


def _unclear(column: str, example: str) -> str:
    return (
        f"column {column}: {example} may begin with the day or the month, so filters do not take the column for dates; "
        f"write them as 2022-12-31"
    )


def _rows(text: str, separator: str) -> Iterator[list[str] | str]:
    """The rows, including empty ones; for an unreadable row, the reason."""
    csv.field_size_limit(max(MAX_FIELD, csv.field_size_limit()))
    # Strict, because otherwise an unclosed quote silently swallows the rest of the file.
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                yield "a quote is never closed, so nothing after it was read; close it"
            else:
                yield f"cannot be read ({error}); check its quotes"
        else:
            yield row


def _unique(header: list[str]) -> list[str]:
    """Unique column names: a number replaces a missing name and follows a repeated one."""
    names: dict[str, None] = {}
    for number, name in enumerate((one_line(each) for each in header), start=1):
        names[name if name and name not in names else f"{name or 'column'} {number}"] = None
    return list(names)
