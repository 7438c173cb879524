"""Tables as JSON Lines, one cell a line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path

from ...questions.columns import Column
from ...tables import TableRow
from ..json import Json


def write_jsonl(path: Path, columns: Sequence[Column], rows: Iterable[TableRow], quotes_only: bool) -> None:
    """Write a table; every line has all fields, so ``quotes_only`` changes nothing.

    Raises:
        OSError: The file cannot be written.
    """
    with path.open("w", encoding="utf-8") as file:
        for row in rows:
            file.writelines(json.dumps(cell, ensure_ascii=False) + "\n" for cell in row_to_json(row, columns))


def row_to_json(row: TableRow, columns: Sequence[Column]) -> Iterator[Json]:
    """The cells of a row as objects; a document that was not read has cells with its reason."""
    for number, column in enumerate(columns):
        cell = row.cells[number] if row.cells else None
        found = cell.answer if cell else None
        yield {
            "document": row.document,
            "title": row.title,
            "column": column.name,
            "question": column.question,
            "found": found is not None,
            "text": found and found.text,
            "confidence": found and found.confidence,
            "start": found and found.start,
            "end": found and found.end,
            "page": found and found.page,
            "heading": found and found.heading,
            "sentence": found and asdict(found.sentence),
            "reason": cell.reason if cell else row.reason,
        }
