"""The rows of a spreadsheet as text: each row is a paragraph that repeats the names of its columns.

A row of a table reads ``Town: Vellin<tab>Mayor: Ana Ruiz``, so that each passage tells what its values are. The first
rows of a sheet, and those after an empty row, may name the columns: short texts, dates or years that differ. Further
down in a sheet they must also be bold, or have a number or a date below. A name that spans several columns is put
before the names below it. Rows of one cell are titles and notes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from ..types import Place
from .blocks import Blocks

#: Longest name of a column, in code points.
MAX_NAME = 60
YEAR = re.compile(r"(?:1[5-9]|20)\d\d")
#: Cells of a sheet that get a place each; in larger sheets each row gets one.
MAX_CELL_PLACES = 10_000


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell that is not empty.

    Attributes:
        address: Such as ``B12``.
        text: Its value as shown, on one line.
        is_text: Whether the value is text, not a number, date or boolean.
        is_date: Whether it is a date.
        is_bold: Whether it is set in bold.
    """

    address: str
    text: str
    is_text: bool = True
    is_date: bool = False
    is_bold: bool = False


#: The cells of a row by column, from 1, in order.
Row = Mapping[int, Cell]


@dataclass(slots=True)
class Sheet:
    """The cells of a sheet.

    Attributes:
        rows: By row number, from 1, in order; empty rows are left out.
        spans: The last column of each cell that spans several, by row and first column.
    """

    rows: dict[int, dict[int, Cell]] = field(default_factory=dict)
    spans: dict[tuple[int, int], int] = field(default_factory=dict)


def add_sheet(blocks: Blocks, sheet: Sheet) -> None:
    """Add the rows of a sheet, with a place for each cell, or for each row of a large sheet.

    Raises:
        DocumentError: The text is too long.
    """
    by_cell = sum(map(len, sheet.rows.values())) <= MAX_CELL_PLACES
    for row, names in _named_rows(sheet):
        pieces: list[str] = []
        places: list[tuple[int, str]] = []
        length = 0
        for column, cell in row.items():
            places.append((length, cell.address))
            name = names.get(column)
            pieces.append(f"{name}: {cell.text}" if name else cell.text)
            length += len(pieces[-1]) + len("\t")
        start = blocks.add("\t".join(pieces))
        blocks.places += [
            Place(start + at, heading=f"cell {address}") for at, address in places[: None if by_cell else 1]
        ]


def _named_rows(sheet: Sheet) -> Iterator[tuple[Row, Mapping[int, str]]]:
    """The rows, each with the names of its columns."""
    names: dict[int, str] = {}
    may_name, before, left = True, 0, 0
    for number, row in sheet.rows.items():
        may_name = may_name or number > before + 1
        before = number
        if left:  # the rest of the names
            left -= 1
            yield row, {}
        elif len(row) == 1:
            yield row, {}
        elif may_name and (found := _names(sheet, number, is_first=not names)):
            names, left = found
            left -= 1
            may_name = False
            yield row, {}
        else:
            names = names if not may_name or row.keys() <= names.keys() else {}
            may_name = False
            yield row, names


def _names(sheet: Sheet, number: int, *, is_first: bool) -> tuple[dict[int, str], int] | None:
    """The names of the columns in a row, and the number of rows that they take; None if it holds none."""
    row, height = sheet.rows[number], 1
    if not _can_name(row):
        return None
    names = {column: cell.text for column, cell in row.items()}
    lower = sheet.rows.get(number + 1)
    spans = {column: sheet.spans.get((number, column), column) for column in row}
    if lower and any(last > column for column, last in spans.items()) and _can_name(lower, repeated=True):
        height = 2
        for column, last in spans.items():
            for inner in set(range(column + 1, last + 1)) & lower.keys():
                names[inner] = names[column]
        for column, cell in lower.items():
            above = names.get(column, "")
            names[column] = cell.text if above in ("", cell.text) else f"{above} {cell.text}"
    below = sheet.rows.get(number + height, {})
    common = [below[column] for column in below if column in names]
    is_bold = all(cell.is_bold for cell in row.values()) and not all(cell.is_bold for cell in common)
    if common and (is_first or is_bold or not all(cell.is_text for cell in common)):
        return names, height
    return None


def _can_name(row: Row, *, repeated: bool = False) -> bool:
    """True if the cells of a row may name columns; below names that span several, they may be repeated."""
    cells = list(row.values())
    numbers = [cell for cell in cells if not cell.is_text]
    return (
        len(cells) > 1
        and (repeated or len({cell.text.casefold() for cell in cells}) == len(cells))
        and all(len(cell.text) <= MAX_NAME for cell in cells)
        and all(cell.is_date or YEAR.fullmatch(cell.text) for cell in numbers)
        and (len(numbers) != 1 or len(cells) > 2)
        and len({cell.is_bold for cell in cells}) == 1
    )
