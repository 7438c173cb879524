"""Tables as XLSX workbooks (ECMA-376)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from ...errors import InputError
from ...questions.columns import Column
from ...tables import TableRow
from .lines import header, line

#: Longest text in a cell of a workbook, in code units of UTF-16.
LONGEST = 32_767

#: Rows of a sheet at most, the header included.
ROWS = 1_048_576

#: Width of a column, in characters.
WIDTH = 28


def write_xlsx(path: Path, columns: Sequence[Column], rows: Iterable[TableRow], quotes_only: bool) -> None:
    """Write a table as one sheet; text is stored as text, never as a formula or a link.

    Raises:
        InputError: The table has more rows than a sheet.
        OSError: The file cannot be written.
    """
    import xlsxwriter
    from xlsxwriter.exceptions import FileCreateError

    names = header(columns, quotes_only)
    # A row is written out before the next one begins, so memory does not grow with the table.
    workbook = xlsxwriter.Workbook(str(path), {"constant_memory": True})
    bold, percent = workbook.add_format({"bold": True, "text_wrap": True}), workbook.add_format({"num_format": "0%"})
    wrapped = workbook.add_format({"text_wrap": True, "valign": "top"})
    sheet = workbook.add_worksheet("table")
    sheet.freeze_panes(1, 1)
    sheet.set_column(0, len(names) - 1, WIDTH)
    for at, name in enumerate(names):
        sheet.write_string(0, at, _cut(name), bold)
    for number, row in enumerate(rows, start=1):
        if number == ROWS:
            raise InputError(f"{path}: a sheet has at most {ROWS - 1:,} documents; write .csv, or narrow --where")
        for at, value in enumerate(line(row, columns, quotes_only)):
            if isinstance(value, str):
                sheet.write_string(number, at, _cut(value), wrapped)
            elif value is not None:
                sheet.write_number(number, at, value, percent if isinstance(value, float) else None)
    try:
        workbook.close()
    except FileCreateError as error:
        raise OSError(*error.args) from error


def _cut(text: str) -> str:
    """A text that fits a cell; quotes are far shorter, only titles may be cut."""
    return text if len(text) <= LONGEST // 2 else text[: LONGEST // 2]
