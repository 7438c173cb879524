"""Read access to the documents, passages and files of an index, in one SQLite file.

Passages and documents are loaded one at a time, so memory does not grow with the collection. Each passage's text is
stored beside its offsets, because slicing it from a long document takes longer than reading it; ``check`` compares the
two. ``store_writer`` writes the file.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np

from ..errors import InputError
from ..types import Document, Place, name_title, place_of
from .database import connect, text_hash
from .documents import DOCUMENT_COLUMNS, Documents, Passages, document_from_row, places_from_json, view_from_json
from .filter_sql import where_clause
from .filters import Conditions
from .vectors.base import Rows

#: Kinds of remarks: a part that was skipped, something in a document that was not read, and another warning.
SKIPPED, UNREAD, WARNING = "skipped", "unread", "warning"

#: Fields that every document or passage has; metadata of the same name is ignored.
OWN_FIELDS = ("title", "path", "page", "heading")

#: Field names listed in an unknown-field error.
FIELDS_LISTED = 20


@dataclass(frozen=True, slots=True)
class FileRecord:
    """An indexed file.

    Attributes:
        number: In the store.
        path: Relative to the indexed folder.
        stored: SHA-256 of its bytes, in hexadecimal; for a remote file followed by a space and its stamp.
    """

    number: int
    path: str
    stored: str

    @property
    def hash(self) -> str:
        """SHA-256 of its bytes, in hexadecimal."""
        return self.stored.partition(" ")[0]

    @property
    def identity(self) -> str:
        """What the file is compared by: the stamp of a remote file, the hash of another one."""
        return self.stored.rpartition(" ")[2]


class SqliteStore:
    """Documents, passages and files in SQLite behind the ``DocumentStore`` contract; safe to use from several threads.

    Args:
        connection: To a database of ``rag.index.database.SCHEMA``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.documents = Documents(connection)
        self.passages = Passages(connection)

    @classmethod
    def open(cls, path: Path, *, finished: bool = True) -> Self:
        """Open a store file; if it is unfinished, with its committed rows.

        Raises:
            sqlite3.Error: The file is not a store.
        """
        store = cls(connect(path, immutable=finished))
        # SQLite notices an invalid file only when it reads from it.
        store._connection.execute("SELECT 1 FROM about, files, documents, passages, fields LIMIT 1").fetchall()
        return store

    def about(self, key: str) -> str | None:
        """A property of the store: ``embedder`` is the fingerprint of the embedder of its vectors.

        ``near_duplicates`` is what ``near_duplicates`` returns, as JSON.
        """
        found = self._connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def files(self) -> dict[str, FileRecord]:
        """All files by path, sorted by path."""
        found = self._connection.execute("SELECT file, path, hash FROM files ORDER BY path")
        return {path: FileRecord(number, path, digest) for number, path, digest in found}

    def file_of(self, document_id: str) -> FileRecord | None:
        """The file that holds a document; None for an unknown document."""
        found = self._connection.execute(
            "SELECT file, path, hash FROM files WHERE file = (SELECT file FROM documents WHERE id = ?)", (document_id,)
        ).fetchone()
        return FileRecord(*found) if found else None

    def refused(self) -> dict[str, tuple[str, str]]:
        """Unreadable files by path: the hash of their content, and the reason."""
        found = self._connection.execute("SELECT path, hash, reason FROM refused ORDER BY path")
        return {path: (digest, reason) for path, digest, reason in found}

    def document_counts(self) -> dict[str, int]:
        """Number of documents of each file that has any, by path."""
        found = self._connection.execute("SELECT path, count(*) FROM documents JOIN files USING (file) GROUP BY path")
        return dict(found.fetchall())

    def remarks(self, file: int | None = None) -> Iterator[tuple[str, str, str]]:
        """Remarks on one file, or on all: document id, kind (such as ``SKIPPED``), and text."""
        found = self._connection.execute(
            "SELECT path, remarks FROM files WHERE remarks != '[]' AND file = coalesce(?, file)", (file,)
        )
        for path, remarks in found:
            for suffix, kind, text in json.loads(remarks):
                yield path + suffix, kind, text

    def unread(self) -> Iterator[tuple[str, str, str]]:
        """What the store does not hold of its files: path, id of the file or a part of it, what is missing or why."""
        for path, (_, reason) in self.refused().items():
            yield path, path, f"not read: {reason}"
        for path, remarks in self._connection.execute("SELECT path, remarks FROM files WHERE remarks != '[]'"):
            for suffix, kind, text in json.loads(remarks):
                if kind != WARNING:
                    yield path, path + suffix, f"not read: {text}" if kind == SKIPPED else text

    def near_duplicates(self) -> list[tuple[str, str, float]]:
        """Documents whose text is nearly the same as that of another one: their ids, and the similarity."""
        return [tuple(each) for each in json.loads(self.about("near_duplicates") or "[]")]

    def content_keys(self, most: int) -> list[tuple[str, str]]:
        """Id of each document, and what identifies its content; without those of files with more than ``most``."""
        found = self._connection.execute(
            "SELECT id, hash || substr(id, length(path) + 1) FROM documents JOIN files USING (file) "
            "JOIN (SELECT file FROM documents GROUP BY file HAVING count(*) <= ?) USING (file) ORDER BY document",
            (most,),
        )
        return found.fetchall()

    def documents_of(self, file: int) -> list[Document]:
        """The documents of a file, by the file's number."""
        found = self._connection.execute(f"{DOCUMENT_COLUMNS} WHERE file = ? ORDER BY document", (file,))
        return [document_from_row(self._connection, row) for row in found.fetchall()]

    def titles_of(self, file: int, limit: int) -> list[tuple[str, str]]:
        """Id and title of a file's first documents, by the file's number."""
        found = self._connection.execute(
            "SELECT id, title FROM documents WHERE file = ? ORDER BY document LIMIT ?", (file, limit)
        )
        return [(document_id, title or name_title(document_id)) for document_id, title in found]

    def text_hashes(self, path: str) -> list[bytes]:
        """The ``text_hash`` of each passage of a file."""
        found = self._connection.execute(
            "SELECT p.hash FROM passages p JOIN documents USING (document) JOIN files f USING (file) WHERE path = ?",
            (path,),
        )
        return [digest for (digest,) in found]

    def row_of(self, digest: bytes) -> int | None:
        """The row of any passage whose text has this ``text_hash``."""
        found = self._connection.execute("SELECT row FROM passages WHERE hash = ? LIMIT 1", (digest,)).fetchone()
        return found[0] if found else None

    def rows_at(self, document_id: str, start: int, end: int) -> list[int]:
        """Rows of the passages that overlap ``[start, end)`` of a document, the one that holds the most first."""
        found = self._connection.execute(
            "SELECT row FROM passages WHERE document = (SELECT document FROM documents WHERE id = ?) "
            "AND start < ? AND ? < stop ORDER BY min(stop, ?) - max(start, ?) DESC, row",
            (document_id, end, start, end, start),
        )
        return [row for (row,) in found]

    def title(self, document_id: str) -> str:
        """The title of a document."""
        found = self._connection.execute("SELECT title FROM documents WHERE id = ?", (document_id,)).fetchone()
        return found[0] or name_title(document_id)

    def place(self, document_id: str, at: int) -> Place:
        """Page and heading at a code point of a document."""
        found = self._connection.execute("SELECT places FROM documents WHERE id = ?", (document_id,)).fetchone()
        return place_of(places_from_json(found[0]), at)

    def ocr_score(self, document_id: str, start: int, end: int) -> float | None:
        """Lowest score of the words in ``[start, end)`` of a document that OCR read; None if it read none of them."""
        found = self._connection.execute(
            "WITH one (document) AS (SELECT document FROM documents WHERE id = ?), first (start) AS (SELECT max(start) "
            "FROM ocr_words WHERE document = (SELECT document FROM one) AND start <= ?) SELECT min(score) "
            "FROM ocr_words WHERE document = (SELECT document FROM one) AND start < ? AND stop > ? "
            "AND start >= coalesce((SELECT start FROM first), 0)",
            (document_id, start, end, start),
        ).fetchone()
        return None if found[0] is None else float(found[0])

    def fields(self) -> list[str]:
        """Names of all fields that filters can use, sorted."""
        # Jumps from name to name in the index; DISTINCT would read every row.
        found = self._connection.execute(
            "WITH RECURSIVE names (name) AS (SELECT min(name) FROM fields UNION ALL "
            "SELECT (SELECT min(fields.name) FROM fields WHERE fields.name > names.name) FROM names "
            "WHERE names.name IS NOT NULL) SELECT name FROM names WHERE name IS NOT NULL"
        )
        return sorted({*OWN_FIELDS, *(name for (name,) in found)})

    def field_values(self, name: str, limit: int) -> list[tuple[str, int]]:
        """The first distinct values of a field, casefolded and sorted, each with its number of documents."""
        found = self._connection.execute(
            "SELECT value, count(*) FROM fields WHERE name = ? GROUP BY value ORDER BY value LIMIT ?", (name, limit)
        )
        return found.fetchall()

    def metadata_with(self, name: str, value: str) -> dict[str, object]:
        """The metadata of a document whose field has a casefolded value; empty if there is none."""
        found = self._connection.execute(
            "SELECT metadata FROM documents WHERE document = "
            "(SELECT document FROM fields WHERE name = ? AND value = ? LIMIT 1)",
            (name, value),
        ).fetchone()
        return json.loads(found[0]) if found else {}

    def rows(self, conditions: Conditions) -> Rows:
        """Rows of the passages that meet all conditions: ``int64``, ascending.

        Raises:
            InputError: No document has a field that a condition names, or a value does not fit its field.
        """
        self._check_fields(conditions)
        clause, values = where_clause(conditions)
        found = self._connection.execute(f"SELECT row FROM passages WHERE {clause} ORDER BY row", values)
        return np.fromiter((row for (row,) in found), dtype=np.int64)

    def matching(self, rows: list[int], conditions: Conditions) -> list[int]:
        """Those of the rows that meet all conditions, in their order.

        Raises:
            InputError: See ``rows``.
        """
        kept = frozenset(self.rows(conditions).tolist())
        return [row for row in rows if row in kept]

    def rows_by_document(self, conditions: Conditions) -> dict[str, Rows]:
        """Rows of the passages that meet all conditions, by document in index order; see ``rows``.

        Without conditions, documents without passages are included.

        Raises:
            InputError: See ``rows``.
        """
        self._check_fields(conditions)
        clause, values = where_clause(conditions)
        rows: dict[int, list[int]] = {}
        for document, row in self._connection.execute(f"SELECT document, row FROM passages WHERE {clause}", values):
            rows.setdefault(document, []).append(row)
        names = self._connection.execute("SELECT document, id FROM documents ORDER BY document")
        return {
            name: np.array(sorted(rows.get(document, [])), dtype=np.int64)
            for document, name in names
            if document in rows or not conditions
        }

    def _check_fields(self, conditions: Conditions) -> None:
        known = self.fields()
        names = frozenset(known)
        for condition in (condition for group in conditions for condition in group):
            if condition.field not in names:
                more = f", and {len(known) - FIELDS_LISTED} more" if len(known) > FIELDS_LISTED else ""
                raise InputError(
                    f"no document has the field {condition.field!r}; "
                    f"known fields: {', '.join(known[:FIELDS_LISTED])}{more}"
                )

    def check(self) -> Iterator[str]:
        """Yield a line for each inconsistency in the store; reads all of it."""
        for (line,) in self._connection.execute("PRAGMA integrity_check"):
            if line != "ok":
                yield f"the database is damaged: {line}"
        count, first, last = self._connection.execute("SELECT count(*), min(row), max(row) FROM passages").fetchone()
        if count and (first, last) != (0, count - 1):
            yield f"{count} passages have rows from {first} to {last}"
        passages = self._connection.cursor()
        for number, document_id, text in self._connection.execute("SELECT document, id, text FROM documents"):
            for start, stop, passage, stored, digest in passages.execute(
                "SELECT start, stop, text, view, hash FROM passages WHERE document = ?", (number,)
            ):
                view = view_from_json(stored)
                read = view.text if view else passage
                if not passage or text[start:stop] != passage or text_hash(read) != digest:
                    yield f"{document_id}: the passage at characters {start}-{stop} is not the slice that was indexed"
