"""Gold tables: the same questions of every document, with the right quotes of each cell.

The format is JSON Lines, one question per line, documented in ``eval/questions/README.md``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Document
from .places import Gold, locate
from .schema import check_new_id, parse_line, read_lines, read_records

FIELDS, CELL_FIELDS = {"id", "question", "cells"}, {"sentence", "quote"}


@dataclass(frozen=True, slots=True)
class GoldColumn:
    """A question of a table, and its right answers in each document.

    Attributes:
        id: Unique in its table.
        text: The question, or the name of a field such as "date of the summit".
        cells: Alternative right quotes by document; empty if the document does not answer.
    """

    id: str
    text: str
    cells: Mapping[str, tuple[Gold, ...]]


def is_gold_table(path: Path) -> bool:
    """True if the first line of a JSON Lines file has the cells of a table.

    Raises:
        InputError: The file cannot be read.
    """
    first = next((line for line in read_lines(path) if line.strip()), "")
    try:
        values = parse_line(first)
    except InputError:
        return False
    return isinstance(values, dict) and "cells" in values


def load_gold_table(path: Path, documents: Mapping[str, Document]) -> list[GoldColumn]:
    """The columns of a gold table, in file order; all have a cell for the same documents.

    Raises:
        InputError: A line is invalid (the message names file and line), or there is none.
    """

    def read(values: Any, earlier: Mapping[str, GoldColumn]) -> GoldColumn:
        column = _read_column(values, documents)
        check_new_id(column.id, earlier)
        _check_same_documents(column, next(iter(earlier.values()), column))
        return column

    columns = read_records(path, read)
    if not columns:
        raise InputError(f"{path}: no questions; add a line with 'id', 'question' and 'cells'")
    return list(columns.values())


def _read_column(values: Any, documents: Mapping[str, Document]) -> GoldColumn:
    if not isinstance(values, dict) or values.keys() != FIELDS:
        raise InputError("a question of a table must have the fields 'id', 'question' and 'cells'")
    for name in ("id", "question"):
        if not isinstance(values[name], str) or not values[name].strip():
            raise InputError(f"{name!r} must be a non-empty string")
    if not isinstance(values["cells"], dict) or not values["cells"]:
        raise InputError("'cells' must be an object with a list of quotes for each document")
    cells = {name: _read_cell(name, quotes, documents) for name, quotes in values["cells"].items()}
    return GoldColumn(values["id"], values["question"], cells)


def _read_cell(name: str, quotes: Any, documents: Mapping[str, Document]) -> tuple[Gold, ...]:
    if not isinstance(quotes, list):
        raise InputError(f"the cell of {name} must be a list of quotes, empty if the document does not answer")
    if name not in documents:
        raise InputError(f"there is no document {name!r}")
    found = []
    for quote in quotes:
        if not isinstance(quote, dict) or quote.keys() != CELL_FIELDS:
            raise InputError(f"a quote in the cell of {name} must have the fields 'sentence' and 'quote'")
        if not all(isinstance(value, str) and value for value in quote.values()):
            raise InputError(f"'sentence' and 'quote' in the cell of {name} must be non-empty strings")
        found.append(locate(name, quote["sentence"], quote["quote"], documents))
    return tuple(found)


def _check_same_documents(column: GoldColumn, first: GoldColumn) -> None:
    if different := column.cells.keys() ^ first.cells.keys():
        name = min(different)
        without = column.id if name in first.cells else first.id
        raise InputError(f"the question {without!r} has no cell for {name}; all questions must have the same documents")
