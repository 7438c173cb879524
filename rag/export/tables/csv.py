"""Tables as CSV (RFC 4180), UTF-8."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from pathlib import Path

from ...questions.columns import Column
from ...tables import TableRow
from .lines import Value, header, line

#: A text that begins with one of these is a formula to a spreadsheet.
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def write_csv(path: Path, columns: Sequence[Column], rows: Iterable[TableRow], quotes_only: bool) -> None:
    """Write a table; a text that a spreadsheet would take for a formula gets an apostrophe before it.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([_safe(name) for name in header(columns, quotes_only)])
        for row in rows:
            writer.writerow([_safe(value) for value in line(row, columns, quotes_only)])


def _safe(value: Value) -> Value:
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
