"""The SQLite database of an index: its schema, connections, and the hash of a passage's text."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

SCHEMA = """
    CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    -- An indexed file, with the hash of its bytes when it was read.
    CREATE TABLE files (file INTEGER PRIMARY KEY, path TEXT NOT NULL UNIQUE, hash TEXT NOT NULL, remarks TEXT NOT NULL);
    CREATE TABLE documents (
        document INTEGER PRIMARY KEY, file INTEGER NOT NULL, id TEXT NOT NULL UNIQUE, title TEXT, text TEXT NOT NULL,
        body INTEGER NOT NULL, metadata TEXT NOT NULL, places TEXT NOT NULL);
    CREATE INDEX documents_of_file ON documents (file);
    -- The words that were read by OCR; see rag.types.OcrWord.
    CREATE TABLE ocr_words (
        document INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL, left_side REAL NOT NULL,
        top REAL NOT NULL, width REAL NOT NULL, height REAL NOT NULL, score REAL NOT NULL,
        PRIMARY KEY (document, start)) WITHOUT ROWID;
    -- Unreadable files by path, with the hash of their content and the reason; "files" may still hold an earlier,
    -- readable version.
    CREATE TABLE refused (path TEXT PRIMARY KEY, hash TEXT NOT NULL, reason TEXT NOT NULL) WITHOUT ROWID;
    -- "row" is the passage's row in the vectors and in the lexical index; "view" is how rows of a table are read, and
    -- "hash" the hash of the text that is read.
    CREATE TABLE passages (
        row INTEGER PRIMARY KEY, document INTEGER NOT NULL, start INTEGER NOT NULL, stop INTEGER NOT NULL,
        text TEXT NOT NULL, tokens INTEGER NOT NULL, page INTEGER, last_page INTEGER, heading TEXT,
        hash BLOB NOT NULL, view TEXT);
    CREATE INDEX passages_of_document ON passages (document);
    CREATE INDEX passages_by_hash ON passages (hash);
    -- Casefolded values for filters; "number" or "date" is set if the value is a number or a date.
    CREATE TABLE fields (
        document INTEGER NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, number REAL, date TEXT);
    CREATE INDEX fields_by_value ON fields (name, value);
    CREATE INDEX fields_of_document ON fields (document);
"""


class _Connection(sqlite3.Connection):
    """A connection that closes itself when it is garbage-collected."""

    def __del__(self) -> None:
        self.close()


def connect(path: Path | None, *, immutable: bool = False) -> sqlite3.Connection:
    """Connect to a database file, or to a new database in memory.

    ``immutable`` skips locking, for a file that will not change.
    """
    name = uri(path) + ("?immutable=1" if immutable else "") if path else ":memory:"
    connection = sqlite3.connect(name, uri=path is not None, check_same_thread=False, factory=_Connection)
    # SQLite folds the case of ASCII only.
    connection.create_function("fold", 1, lambda text: text and text.casefold(), deterministic=True)
    return connection


def uri(path: Path) -> str:
    """The path as a file URI, with special characters escaped."""
    return path.resolve().as_uri()


def text_hash(text: str) -> bytes:
    """A 16-byte BLAKE2b hash that identifies the text that is read of a passage."""
    return hashlib.blake2b(text.encode(), digest_size=16).digest()
