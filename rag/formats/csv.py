"""CSV and TSV: the first row names the columns, every other one becomes a document.

Rows are counted as a spreadsheet shows them, from 1 without the header: one with line breaks in it is one row, and an
empty one is counted as well. The delimiter of a ``.csv`` is found out by ``csv.Sniffer``, and is a comma where what
that finds does not make it a table.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from ..errors import DocumentError
from .base import Parsed, Remark
from .tables import rows_to_documents
from .text import decode, guess_remarks

DELIMITERS = ",;\t|"
#: Code points that are looked at: the library's time grows with their square.
SNIFFED = 4_096
#: The longest value, in code points: as long as a file may be. The library's own limit is shorter than many texts.
MAX_FIELD = 20_000_000

NO_TABLE = "is no table: most rows have another number of fields than the first; check the delimiter and the quotes"


def read_csv(document_id: str, raw: bytes) -> Parsed:
    """The rows of a CSV file; values are strings."""
    text, encoding = decode(raw)
    delimiter = _sniffed(text)
    if delimiter != ",":
        try:
            return _read(document_id, text, encoding, delimiter)
        except DocumentError:  # sniffed wrongly
            pass
    return _read(document_id, text, encoding, ",")


def read_tsv(document_id: str, raw: bytes) -> Parsed:
    """The rows of a file of tab-separated values, which are strings."""
    text, encoding = decode(raw)
    return _read(document_id, text, encoding, "\t")


def _read(document_id: str, text: str, encoding: str, delimiter: str) -> Parsed:
    table = _rows(text, delimiter)
    header = next((row for row in table if row), [])
    if isinstance(header, str):
        raise DocumentError(f"is no table: its first row {header}")
    columns = _unique(header)
    rows: dict[int, dict[str, object]] = {}
    skipped = []
    for number, row in enumerate(table, start=1):
        if isinstance(row, str):
            skipped.append(Remark(f"{document_id}#{number}", row))
        elif not any(field.strip() for field in row):
            continue
        elif len(row) != len(columns):
            told = f"has {len(row)} fields where the header has {len(columns)}; check its delimiters and quotes"
            skipped.append(Remark(f"{document_id}#{number}", told))
        else:
            rows[number] = dict(zip(columns, row, strict=True))
    if len(skipped) > len(rows):
        raise DocumentError(NO_TABLE)
    documents = rows_to_documents(document_id, columns, rows, {"encoding": encoding})
    return Parsed(documents, skipped, guess_remarks(document_id, encoding))


def _sniffed(text: str) -> str:
    """The delimiter, as far as it can be told."""
    sample = text[:SNIFFED]
    try:
        found = csv.Sniffer().sniff(sample, DELIMITERS).delimiter
    except csv.Error:  # one column, for example
        return ","
    return found if found in sample.lstrip().partition("\n")[0] else ","


def _rows(text: str, delimiter: str) -> Iterator[list[str] | str]:
    """The rows, empty ones as well; of one that cannot be read, the reason."""
    csv.field_size_limit(max(MAX_FIELD, csv.field_size_limit()))
    # Strict, because otherwise a quote that is never closed swallows the rest of the file without a word.
    reader = csv.reader(StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True)
    while True:
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end" in str(error):
                yield "a quote that it opens is never closed, so nothing after it was read; close it"
            else:
                yield f"cannot be read ({error}); check its quotes"
        else:
            yield row


def _unique(header: list[str]) -> list[str]:
    """Names for the columns: a number for one without a name, and after one that was there before."""
    names: dict[str, None] = {}
    for number, name in enumerate((each.strip() for each in header), start=1):
        names[name if name and name not in names else f"{name or 'column'} {number}"] = None
    return list(names)
