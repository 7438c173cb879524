"""Writing a store: files with their documents and passages, new or copied from another store."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from ..errors import InputError
from ..formats import Parsed
from ..types import Document, Passage, name_title, place_of
from .database import SCHEMA, connect, text_hash, uri
from .documents import view_to_json
from .filters import MAX_VALUE, as_date, as_number
from .store import OWN_FIELDS, SKIPPED, UNREAD, WARNING, SqliteStore

#: A row of the table ``fields``: document, name, value, number and date.
FieldRow = tuple[int, str, str, float | None, str | None]

#: Document id, kind and text.
Remarks = Sequence[tuple[str, str, str]]


def remarks_of(parsed: Parsed) -> Remarks:
    """The remarks of a parsed file: skipped parts first, then warnings."""
    skipped = [(remark.document_id, SKIPPED, remark.text) for remark in parsed.skipped]
    return [
        *skipped,
        *((each.document_id, UNREAD if each.is_unread else WARNING, each.text) for each in parsed.warnings),
    ]


class StoreWriter:
    """Writes a store, file by file in order of path; passage rows are numbered from 0 in that order.

    Args:
        path: Path of the store; None for a store in memory.
        embedder: Fingerprint of the embedder of its vectors.
        source: Path of the store that ``copy`` copies from.
    """

    def __init__(self, path: Path | None, embedder: str, source: Path | None = None) -> None:
        self._connection = connect(path)
        # The whole folder is flushed to disk before it becomes readable.
        self._connection.executescript(f"PRAGMA synchronous = OFF; {SCHEMA}")
        self._connection.execute("INSERT INTO about VALUES ('embedder', ?)", (embedder,))
        self._connection.commit()
        if source:
            self._connection.execute("ATTACH ? AS source", (uri(source) + "?immutable=1",))
        self._files = self._documents = self.rows = 0

    def store(self) -> SqliteStore:
        """Commit, and open what has been written as a store."""
        self._connection.commit()
        return SqliteStore(self._connection)

    def add(
        self, path: str, digest: str, documents: Sequence[tuple[Document, Sequence[Passage]]], remarks: Remarks = ()
    ) -> None:
        """Add a file.

        Args:
            path: Path of the file, a prefix of the ids of its documents.
            digest: SHA-256 of its bytes.
            documents: Documents with their passages.
            remarks: Remarks on the file.

        Raises:
            InputError: Two documents share an id, or a text is not valid Unicode.
        """
        stored = [(document_id.removeprefix(path), kind, text) for document_id, kind, text in remarks]
        before = self._documents, self.rows
        # Releasing a savepoint outside a transaction would commit.
        if not self._connection.in_transaction:
            self._connection.execute("BEGIN")
        self._connection.execute("SAVEPOINT file")
        try:
            self._connection.execute(
                "INSERT INTO files VALUES (?, ?, ?, ?)", (self._files, path, digest, _json(stored))
            )
            for document, passages in documents:
                self._add_document(document, passages)
        except (sqlite3.IntegrityError, UnicodeEncodeError) as error:
            self._connection.execute("ROLLBACK TO file")
            self._documents, self.rows = before
            if isinstance(error, UnicodeEncodeError):
                raise InputError(f"{path!r}: holds half a surrogate pair, which is not valid Unicode") from error
            raise InputError(f"{path}: two documents share an id; give each its own") from error
        finally:
            self._connection.execute("RELEASE file")
        self._files += 1

    def refuse(self, path: str, digest: str, reason: str) -> None:
        """Record that a file with this hash is unreadable, and why."""
        self._connection.execute("INSERT INTO refused VALUES (?, ?, ?)", (path, digest, reason))

    def copy(self, first: int, last: int, rename: str | None = None) -> range:
        """Copy the files numbered ``first`` to ``last`` from the source; returns their rows in the source.

        Args:
            first, last: Numbers in the source, inclusive.
            rename: New path, if a single file was moved.
        """
        run = "source.documents WHERE file BETWEEN :first AND :last"
        low, high = self._connection.execute(
            f"SELECT min(document), max(document) FROM {run}", {"first": first, "last": last}
        ).fetchone()
        start, stop = self._connection.execute(
            "SELECT min(row), max(row) + 1 FROM source.passages WHERE document BETWEEN ? AND ?", (low, high)
        ).fetchone()
        values = {
            "first": first, "last": last, "low": low, "high": high, "path": rename,
            "files": self._files - first, "documents": self._documents - (low or 0), "rows": self.rows - (start or 0),
        }  # fmt: skip
        for statement in (
            "INSERT INTO files SELECT file + :files, coalesce(:path, path), hash, remarks FROM source.files "
            "WHERE file BETWEEN :first AND :last ORDER BY file",
            "INSERT INTO documents SELECT document + :documents, file + :files, coalesce(:path || substr(id, 1 + "
            "(SELECT length(path) FROM source.files WHERE file = :first)), id), title, text, body, metadata, places "
            f"FROM {run} ORDER BY document",
            "INSERT INTO ocr_words SELECT document + :documents, start, stop, left_side, top, width, height, score "
            "FROM source.ocr_words WHERE document BETWEEN :low AND :high",
            "INSERT INTO passages SELECT row + :rows, document + :documents, start, stop, text, tokens, page, "
            "last_page, heading, hash, view FROM source.passages WHERE document BETWEEN :low AND :high ORDER BY row",
            "INSERT INTO fields SELECT document + :documents, name, value, number, date FROM source.fields "
            "WHERE document BETWEEN :low AND :high",
        ):
            self._connection.execute(statement, values)
        if rename is not None:
            self._update_own_fields(self._files)
        self._files += last - first + 1
        self._documents += high - low + 1 if low is not None else 0
        rows = range(start, stop) if start is not None else range(0)
        self.rows += len(rows)
        return rows

    def commit(self) -> None:
        """Commit what was added so far, so that it survives a crash."""
        self._connection.commit()

    def set_near_duplicates(self, found: Sequence[tuple[str, str, float]]) -> None:
        """Store what ``SqliteStore.near_duplicates`` returns."""
        self._connection.execute("INSERT INTO about VALUES ('near_duplicates', ?)", (_json(found),))

    def finish(self) -> None:
        """Commit, and close the file."""
        self._connection.commit()
        self._connection.execute("PRAGMA main.optimize")
        self.close()

    def close(self) -> None:
        """Close the file without committing."""
        self._connection.close()

    def _add_document(self, document: Document, passages: Sequence[Passage]) -> None:
        title = document.title if document.title != name_title(document.id) else None
        places = [(place.start, place.page, place.heading) for place in document.places]
        number = self._documents
        self._connection.execute(
            "INSERT INTO documents VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (number, self._files, document.id, title, document.text, document.body, _json(document.metadata),
             _json(places)),
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO passages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            [
                (self.rows + i, number, passage.start, passage.end, passage.text, passage.tokens, passage.page,
                 place_of(document.places, passage.end - 1).page, passage.heading,
                 text_hash(passage.read_text), view_to_json(passage.view))
                for i, passage in enumerate(passages)
            ],
        )  # fmt: skip
        self._connection.executemany(
            "INSERT INTO ocr_words VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [(number, *word) for word in document.ocr]
        )
        self._connection.executemany(
            "INSERT INTO fields VALUES (?, ?, ?, ?, ?)", _field_rows(number, field_values(document))
        )
        self._documents += 1
        self.rows += len(passages)

    def _update_own_fields(self, file: int) -> None:
        """Rewrite the fields that derive from a file's path."""
        found = self._connection.execute("SELECT document, id, title FROM main.documents WHERE file = ?", (file,))
        for number, document_id, title in found.fetchall():
            self._connection.execute(
                "DELETE FROM main.fields WHERE document = ? AND name IN ('title', 'path')", (number,)
            )
            own = _own_fields(document_id, title or name_title(document_id))
            self._connection.executemany(
                "INSERT INTO main.fields VALUES (?, ?, ?, ?, ?)", _field_rows(number, _flat("", own))
            )


def _own_fields(document_id: str, title: str) -> dict[str, object]:
    return {"title": title, "path": document_id}


def field_values(document: Document) -> Iterator[tuple[str, str]]:
    """Names and values of the fields that filters look at, as the document writes the values."""
    others = {name: value for name, value in document.metadata.items() if name.casefold() not in OWN_FIELDS}
    return _flat("", {**_own_fields(document.id, document.title), **others})


def _field_rows(number: int, fields: Iterable[tuple[str, str]]) -> Iterator[FieldRow]:
    for name, value in fields:
        text = value.casefold()[:MAX_VALUE]
        yield number, name, text, as_number(text), as_date(text)


def _flat(name: str, value: object) -> Iterator[tuple[str, str]]:
    """Flatten a value into fields: mapping items as ``name.key``, list items all as ``name``."""
    if isinstance(value, Mapping):
        for key, inner in value.items():
            # Cut, because the names of nested mappings add up.
            yield from _flat(f"{name}.{key}".strip(".").casefold()[:MAX_VALUE], inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _flat(name, inner)
    elif value is not None and str(value).strip():
        yield name, str(value).strip()


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)
