"""The store: documents and passages of an index in one SQLite file, read a piece at a time.

SQLite, because a passage or a document is fetched by itself without the others being held in memory, because filters
over the documents' fields are what a database is for, and because anybody can open the file and look. A passage's
text stands beside its offsets, since to cut it out of a long document takes longer than to read it; ``check`` compares
the two. ``library_file`` writes it.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, overload

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..types import Document, Passage, Place, name_title, place_of
from .filters import Condition, Conditions

Rows = npt.NDArray[np.int64]

SCHEMA = """
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    -- A file of the user's, and what it was known by when it was read.
    CREATE TABLE files (file INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, remarks TEXT NOT NULL);
    CREATE TABLE documents (
        document INTEGER PRIMARY KEY, file INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, title TEXT, text TEXT NOT NULL,
        body INTEGER NOT NULL, metadata TEXT NOT NULL, places TEXT NOT NULL);
    CREATE INDEX documents_of_file ON documents (file);
    -- What could not be read when it had this hash, and why; under its path an older content may be in "files".
    CREATE TABLE refused (path TEXT PRIMARY KEY, hash TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
    -- "row" is the passage's row in the vectors and in the words; "hash" is that of its text.
    CREATE TABLE passages (
        row INTEGER PRIMARY KEY, document INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
        text TEXT NOT NULL, tokens INTEGER NOT NULL, page INTEGER, last_page INTEGER, heading TEXT,
        hash BLOB NOT NULL);
    CREATE INDEX passages_of_document ON passages (document);
    CREATE INDEX passages_by_hash ON passages (hash);
    -- What filters compare, casefolded; "number" and "date" where the value is one.
    CREATE TABLE fields (
        document INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, number REAL, date TEXT);
    CREATE INDEX fields_by_value ON fields (name, value);
    CREATE INDEX fields_of_document ON fields (document);
"""

#: Fields that every document or passage has, whatever its metadata says.
OWN_FIELDS = ("title", "path", "page", "heading")

#: So many fields are named where one is asked for that is none.
FIELDS_NAMED = 20


@dataclass(frozen=True, slots=True)
class FileRecord:
    """A file that the store holds: its number there, its path, and the SHA-256 of its bytes."""

    number: int
    path: str
    hash: str


class DocumentStore:
    """Documents and passages, read-only; safe to use from several threads.

    Args:
        connection: To a database of ``SCHEMA``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.documents = Documents(connection)
        self.passages = Passages(connection)

    @classmethod
    def open(cls, path: Path, *, finished: bool = True) -> Self:
        """The store in a file; of one that was not finished, what was committed.

        Raises:
            sqlite3.Error: It is none.
        """
        store = cls(connect(path, immutable=finished))
        # A file that is no database says so only when it is read.
        store._connection.execute("SELECT 1 FROM about, files, documents, passages, fields LIMIT 1").fetchall()
        return store

    def about(self, key: str) -> str | None:
        """What the store says of itself: under ``embedder`` the fingerprint of what its vectors are made with."""
        found = self._connection.execute("SELECT value FROM about WHERE key = ?", (key,)).fetchone()
        return found[0] if found else None

    def files(self) -> dict[str, FileRecord]:
        """All files by their paths, in order of these."""
        found = self._connection.execute("SELECT file, path, hash FROM files ORDER BY path")
        return {path: FileRecord(number, path, digest) for number, path, digest in found}

    def file_of(self, document_id: str) -> FileRecord | None:
        """The file that a document was made of; None where there is no such document."""
        found = self._connection.execute(
            "SELECT file, path, hash FROM files WHERE file = (SELECT file FROM documents WHERE id = ?)", (document_id,)
        ).fetchone()
        return FileRecord(*found) if found else None

    def refused(self) -> dict[str, tuple[str, str]]:
        """Files that could not be read, by path: the hash that they had, and the reason."""
        found = self._connection.execute("SELECT path, hash, reason FROM refused ORDER BY path")
        return {path: (digest, reason) for path, digest, reason in found}

    def remarks(self, file: int | None = None) -> Iterator[tuple[str, str, str]]:
        """What there is to say of one file, or of all: document id, ``skipped`` or ``warning``, and the text."""
        found = self._connection.execute(
            "SELECT path, remarks FROM files WHERE remarks != '[]' AND file = coalesce(?, file)", (file,)
        )
        for path, remarks in found:
            for part, kind, text in json.loads(remarks):
                yield path + part, kind, text

    def documents_of(self, file: int) -> list[Document]:
        """The documents of a file, by its number."""
        found = self._connection.execute(f"{Documents.COLUMNS} WHERE file = ? ORDER BY document", (file,))
        return [_document(row) for row in found]

    def row_of(self, digest: bytes) -> int | None:
        """A row whose passage has a text with this ``text_hash``."""
        found = self._connection.execute("SELECT row FROM passages WHERE hash = ? LIMIT 1", (digest,)).fetchone()
        return found[0] if found else None

    def title(self, document_id: str) -> str:
        """The title of a document."""
        found = self._connection.execute("SELECT title FROM documents WHERE id = ?", (document_id,)).fetchone()
        return found[0] or name_title(document_id)

    def place(self, document_id: str, at: int) -> Place:
        """Where in its file a code point of a document stands."""
        found = self._connection.execute("SELECT places FROM documents WHERE id = ?", (document_id,)).fetchone()
        return place_of(_places(found[0]), at)

    def fields(self) -> list[str]:
        """Names of all fields that a filter may ask for."""
        # From name to name by the index: DISTINCT would look at every row.
        found = self._connection.execute(
            "WITH RECURSIVE names (name) AS (SELECT min(name) FROM fields UNION ALL "
            "SELECT (SELECT min(fields.name) FROM fields WHERE fields.name > names.name) FROM names "
            "WHERE names.name IS NOT NULL) SELECT name FROM names WHERE name IS NOT NULL"
        )
        return sorted({*OWN_FIELDS, *(name for (name,) in found)})

    def rows(self, conditions: Conditions) -> Rows:
        """Rows of the passages that meet the conditions, ascending.

        Raises:
            InputError: No document has a field that is asked for.
        """
        known = self.fields()
        for condition in (condition for group in conditions for condition in group):
            if condition.field not in known:
                more = f", and {len(known) - FIELDS_NAMED} more" if len(known) > FIELDS_NAMED else ""
                raise InputError(
                    f"no document has the field {condition.field!r}; there are: {', '.join(known[:FIELDS_NAMED])}{more}"
                )
        wanted = " AND ".join("(" + " OR ".join(_sql(each)[0] for each in group) + ")" for group in conditions)
        values = [value for group in conditions for each in group for value in _sql(each)[1]]
        found = self._connection.execute(f"SELECT row FROM passages WHERE {wanted or 'TRUE'} ORDER BY row", values)
        return np.fromiter((row for (row,) in found), dtype=np.int64)

    def check(self) -> Iterator[str]:
        """What is wrong inside the store, a line each; reads all of it."""
        for (line,) in self._connection.execute("PRAGMA integrity_check"):
            if line != "ok":
                yield f"the database is damaged: {line}"
        count, first, last = self._connection.execute("SELECT count(*), min(row), max(row) FROM passages").fetchone()
        if count and (first, last) != (0, count - 1):
            yield f"{count} passages have rows from {first} to {last}"
        passages = self._connection.cursor()
        for number, document_id, text in self._connection.execute("SELECT document, id, text FROM documents"):
            for start, stop, passage, digest in passages.execute(
                "SELECT start, stop, text, hash FROM passages WHERE document = ?", (number,)
            ):
                if not passage or text[start:stop] != passage or text_hash(passage) != digest:
                    yield f"{document_id}: the passage at characters {start}-{stop} is not the slice that was indexed"


class Documents(Mapping[str, Document]):
    """The documents of a store by their ids, in order; each is fetched when it is asked for."""

    COLUMNS = "SELECT id, text, title, body, metadata, places FROM documents"

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def __getitem__(self, document_id: str) -> Document:
        found = self._connection.execute(f"{self.COLUMNS} WHERE id = ?", (document_id,)).fetchone()
        if found is None:
            raise KeyError(document_id)
        return _document(found)

    def __iter__(self) -> Iterator[str]:
        return (name for (name,) in self._connection.execute("SELECT id FROM documents ORDER BY document"))

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM documents").fetchone()[0])

    def __contains__(self, document_id: object) -> bool:
        found = self._connection.execute("SELECT 1 FROM documents WHERE id = ?", (document_id,)).fetchone()
        return found is not None


class Passages(Sequence[Passage]):
    """The passages of a store in order of their rows; each is fetched when it is asked for."""

    _COLUMNS = (
        "SELECT d.id, start, stop, p.text, tokens, page, heading FROM passages p JOIN documents d USING (document)"
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
        at = int(row) if row >= 0 else len(self) + int(row)
        found = self._connection.execute(f"{self._COLUMNS} WHERE row = ?", (at,)).fetchone()
        if found is None:
            raise IndexError(row)
        return Passage(*found)

    def __iter__(self) -> Iterator[Passage]:
        return (Passage(*found) for found in self._connection.execute(f"{self._COLUMNS} ORDER BY row"))

    def __len__(self) -> int:
        return int(self._connection.execute("SELECT count(*) FROM passages").fetchone()[0])


class _Connection(sqlite3.Connection):
    """Closed when nobody uses it any more."""

    def __del__(self) -> None:
        self.close()


def connect(path: Path | None, *, immutable: bool = False) -> sqlite3.Connection:
    """A connection to a database file, or to a new one in memory."""
    name = uri(path) + ("?immutable=1" if immutable else "") if path else ":memory:"
    connection = sqlite3.connect(name, uri=path is not None, check_same_thread=False, factory=_Connection)
    # SQLite itself knows the case of ASCII only.
    connection.create_function("fold", 1, lambda text: text and text.casefold(), deterministic=True)
    return connection


def uri(path: Path) -> str:
    """How SQLite is told of a file whatever characters its path holds."""
    return path.resolve().as_uri()


def text_hash(text: str) -> bytes:
    """What a passage's text is known by: 16 bytes of BLAKE2b."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()


def _document(row: tuple[Any, ...]) -> Document:
    name, text, title, body, metadata, places = row
    return Document(name, text, title or name_title(name), body, json.loads(metadata), _places(places))


def _places(stored: str) -> tuple[Place, ...]:
    return tuple(Place(*each) for each in json.loads(stored))


def _sql(condition: Condition) -> tuple[str, list[object]]:
    """The condition on a row of ``passages`` as SQL, and its values; ``!=`` is whatever does not meet ``=``."""
    negated = condition.operator == "!="
    operator = "=" if negated else condition.operator
    if condition.field == "page":
        sql, values = _page_sql(operator, condition)
        sql = f"coalesce({sql}, FALSE)"
    elif condition.field == "heading":
        sql, values = _text_sql(operator, condition, "fold(heading)")
        sql = f"coalesce({sql}, FALSE)"
    else:
        compared, values = _value_sql(operator, condition)
        sql, values = f"document IN (SELECT document FROM fields WHERE name = ? AND ({compared}))", [
            condition.field, *values,
        ]  # fmt: skip
    return f"NOT {sql}" if negated else sql, values


def _page_sql(operator: str, condition: Condition) -> tuple[str, list[object]]:
    """A passage stands on every page that it touches."""
    if condition.number is None:
        raise InputError(f"a page is a number, not {condition.value!r}")
    column = {"=": "? BETWEEN page AND last_page", ">=": "last_page >= ?", ">": "last_page > ?"}
    return column.get(operator, f"page {operator} ?"), [condition.number]


def _text_sql(operator: str, condition: Condition, column: str) -> tuple[str, list[object]]:
    """A text compared as a whole, with ``*`` for any characters."""
    if "*" not in condition.value:
        return f"{column} {operator} ?", [condition.value]
    if operator != "=":
        raise InputError(f"{operator}{condition.value}: * goes with = and != only")
    return f"{column} GLOB ?", [condition.value.replace("[", "[[]").replace("?", "[?]")]


def _value_sql(operator: str, condition: Condition) -> tuple[str, list[object]]:
    """A field compared: a number with numbers, a date, as far as it is given, with dates, and a text with texts.

    Equal is also what is the same text; greater or less is only what is of the same kind.
    """
    kinds: list[tuple[str, object]] = []
    if condition.number is not None:
        kinds.append((f"number {operator} ?", condition.number))
    if condition.is_date:
        # A year alone may be meant as either: where the value is a number it is compared as one.
        numbers_apart = "number IS NULL AND " if condition.number is not None else ""
        kinds.append((f"{numbers_apart}substr(date, 1, {len(condition.value)}) {operator} ?", condition.value))
    if kinds and operator != "=":
        return " OR ".join(sql for sql, _ in kinds), [value for _, value in kinds]
    text, values = _text_sql(operator, condition, "value")
    return " OR ".join([text, *(sql for sql, _ in kinds)]), [*values, *(value for _, value in kinds)]
