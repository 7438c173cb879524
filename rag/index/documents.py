"""The documents and passages of an index as collections that load each item on access."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, overload

from ..types import Document, OcrWord, Passage, Place, Run, View, ViewRow, name_title

DOCUMENT_COLUMNS = "SELECT id, text, title, body, metadata, places, document FROM documents"

OCR_COLUMNS = "SELECT start, stop, left_side, top, width, height, score FROM ocr_words"


class Documents(Mapping[str, Document]):
    """Documents by id, in index order.

    Args:
        connection: To a database of ``rag.index.database.SCHEMA``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getitem__(self, document_id: str) -> Document:
        found = self._connection.execute(f"{DOCUMENT_COLUMNS} WHERE id = ?", (document_id,)).fetchone()
        if found is None:
            raise KeyError(document_id)
        return document_from_row(self._connection, found)

    def __iter__(self) -> Iterator[str]:
        return (name for (name,) in self._connection.execute("SELECT id FROM documents ORDER BY document"))

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM documents").fetchone()[0])

    def __contains__(self, document_id: object) -> bool:
        found = self._connection.execute("SELECT 1 FROM documents WHERE id = ?", (document_id,)).fetchone()
        return found is not None


class Passages(Sequence[Passage]):
    """Passages in order of their rows.

    Args:
        connection: To a database of ``rag.index.database.SCHEMA``.
    """

    _COLUMNS = (
        "SELECT d.id, start, stop, p.text, tokens, page, heading, view "
        "FROM passages p JOIN documents d USING (document)"
    )

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    @overload
    def __getitem__(self, row: int) -> Passage: ...
    @overload
    def __getitem__(self, row: slice) -> list[Passage]: ...
    def __getitem__(self, row: int | slice) -> Passage | list[Passage]:
        if isinstance(row, slice):
            return [self[each] for each in range(*row.indices(len(self)))]
        number = int(row) if row >= 0 else len(self) + int(row)
        found = self._connection.execute(f"{self._COLUMNS} WHERE row = ?", (number,)).fetchone()
        if found is None:
            raise IndexError(row)
        return _passage(found)

    def __iter__(self) -> Iterator[Passage]:
        return (_passage(found) for found in self._connection.execute(f"{self._COLUMNS} ORDER BY row"))

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])

    def items(self) -> Iterator[tuple[int, Passage]]:
        """All passages with their rows."""
        return enumerate(self)


def _passage(row: tuple[Any, ...]) -> Passage:
    *values, view = row
    return replace(Passage(*values), view=view_from_json(view))


def view_to_json(view: View | None) -> str | None:
    """A view for the column ``view``."""
    return json.dumps([view.text, view.runs, view.rows], ensure_ascii=False) if view else None


def view_from_json(stored: str | None) -> View | None:
    """The view in the JSON of the column ``view``."""
    if stored is None:
        return None
    text, runs, rows = json.loads(stored)
    return View(text, tuple(Run(*run) for run in runs), tuple(ViewRow(*row) for row in rows))


def document_from_row(connection: sqlite3.Connection, row: tuple[Any, ...]) -> Document:
    """The document in a database row of ``DOCUMENT_COLUMNS``."""
    document_id, text, title, body, metadata, places, number = row
    words = connection.execute(f"{OCR_COLUMNS} WHERE document = ? ORDER BY start", (number,))
    return Document(
        document_id,
        text,
        title or name_title(document_id),
        body,
        json.loads(metadata),
        places_from_json(places),
        tuple(OcrWord(*word) for word in words),
    )


def places_from_json(stored: str) -> tuple[Place, ...]:
    """The places in the JSON of the column ``places``."""
    return tuple(Place(*each) for each in json.loads(stored))
