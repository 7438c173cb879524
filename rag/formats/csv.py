"""CSV and TSV: the first row names the columns, every other row becomes a document.

Rows are numbered as in a spreadsheet, from 1 without the header: a row may span several lines, and empty rows count.
``csv.Sniffer`` detects the delimiter of a ``.csv`` file; if that does not give a table, it is a comma.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from ..errors import DocumentError
from ..text.plural import counted
from .base import Parsed, Remark
from .tables import rows_to_documents
from .text import decode, guess_remarks

DELIMITERS = ",;\t|"
#: Code points to sniff; the time of ``csv.Sniffer`` grows quadratically.
SNIFFED = 4_096
#: Maximum length of a value, in code points: that of a file. The default limit of ``csv`` is too short for texts.
MAX_FIELD = 20_000_000

NO_TABLE = "is not a table: most rows differ from the first in their number of fields; check the delimiter and quotes"


def read_csv(document_id: str, raw: bytes) -> Parsed:
    """The rows of a CSV file; all values are strings."""
    text, encoding = decode(raw)
    delimiter = _sniffed(text)
    if delimiter != ",":
        try:
            return _read(document_id, text, encoding, delimiter)
        except DocumentError:  # sniffed wrongly
            pass
    return _read(document_id, text, encoding, ",")


def read_tsv(document_id: str, raw: bytes) -> Parsed:
    """The rows of a TSV file; all values are strings."""
    text, encoding = decode(raw)
    return _read(document_id, text, encoding, "\t")


def _read(document_id: str, text: str, encoding: str, delimiter: str) -> Parsed:
    table = _rows(text, delimiter)
    header = next((row for row in table if row), [])
    if isinstance(header, str):
        raise DocumentError(f"is not a table; first row: {header}")
    columns = _unique(header)
    rows: dict[int, dict[str, object]] = {}
    skipped = []
    for number, row in enumerate(table, start=1):
        if isinstance(row, str):
            skipped.append(Remark(f"{document_id}#{number}", row))
        elif not any(field.strip() for field in row):
            continue
        elif len(row) != len(columns):
            reason = (
                f"has {counted(len(row), 'field')} where the header has {len(columns)}; check its delimiters and quotes"
            )
            skipped.append(Remark(f"{document_id}#{number}", reason))
        else:
            rows[number] = dict(zip(columns, row, strict=True))
    if len(skipped) > len(rows):
        raise DocumentError(NO_TABLE)
    documents = rows_to_documents(document_id, columns, rows, {"encoding": encoding})
    return Parsed(documents, skipped, guess_remarks(document_id, encoding))


def _sniffed(text: str) -> str:
    """The delimiter that ``csv.Sniffer`` detects, else a comma."""
    sample = text[:SNIFFED]
    try:
        found = csv.Sniffer().sniff(sample, DELIMITERS).delimiter
    except csv.Error:  # one column, for example
        return ","
    return found if found in sample.lstrip().partition("\n")[0] else ","


def _rows(text: str, delimiter: str) -> Iterator[list[str] | str]:
    """The rows, including empty ones; for an unreadable row, the reason."""
    csv.field_size_limit(max(MAX_FIELD, csv.field_size_limit()))
    # Strict, because otherwise an unclosed quote silently swallows the rest of the file.
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True)
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
    for number, name in enumerate((each.strip() for each in header), start=1):
        names[name if name and name not in names else f"{name or 'column'} {number}"] = None
    return list(names)
