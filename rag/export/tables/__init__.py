"""Tables as files: CSV, XLSX, HTML, JSON Lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from ...errors import InputError
from ...files import writing_aside
from ...questions.columns import Column
from ...tables import TableRow
from .csv import write_csv
from .html import write_html
from .jsonl import write_jsonl
from .xlsx import write_xlsx

__all__ = ["WRITERS", "check_table_file", "write_table"]

#: Writes a table to a new file; gets the columns, the rows as they are computed, and whether only quotes are wanted.
Writer = Callable[[Path, Sequence[Column], Iterable[TableRow], bool], None]

#: Writers by suffix.
WRITERS: dict[str, Writer] = {".csv": write_csv, ".xlsx": write_xlsx, ".html": write_html, ".jsonl": write_jsonl}


def check_table_file(path: Path, *, replace: bool = False) -> None:
    """Refuse a file before the table is computed.

    Args:
        path: The file to write.
        replace: It may exist.

    Raises:
        InputError: The suffix is unknown, the folder does not exist, or there is such a file already.
    """
    if path.suffix.lower() not in WRITERS:
        *others, last = WRITERS
        raise InputError(f"{path}: a table is written as {', '.join(others)} or {last}; use one of these suffixes")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}; make it first")
    if path.is_dir():
        raise InputError(f"{path}: is a folder; name a file")
    if path.exists() and not replace:
        raise InputError(f"{path}: exists already; name a new file, or give --force to replace it")


def write_table(path: Path, columns: Sequence[Column], rows: Iterable[TableRow], *, quotes_only: bool = False) -> None:
    """Write a table in the format of the suffix; the file appears, or is replaced, when all rows are written.

    Args:
        path: The file to write; see ``check_table_file``.
        columns: The columns.
        rows: The rows, written as they are computed.
        quotes_only: Leave out confidence, page and offsets in CSV and XLSX.

    Raises:
        InputError: The file cannot be written.
    """
    with writing_aside(path) as aside:
        WRITERS[path.suffix.lower()](aside, columns, rows, quotes_only)
