"""The files that an index was made of, as they were when it was made: what the source of an answer is shown from.

Nothing can be read but what the index holds: a document is found by its id there, its file under a path that the index
remembers, and its bytes must have the hash that they had.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from ..errors import DocumentError, IndexDamaged, InputError
from ..formats.archive import read_member
from ..sources.discovery import Source, content_hash, read_bytes
from .index import open_store
from .manifest import REMEDY, Manifest
from .store import DocumentStore, FileRecord
from .versions import current_version

#: What follows the path of a table in the id of a row.
ROW = re.compile(r"#\d+$")


CHANGED = "has changed since it was indexed; run `rag index` to bring the index up to date"


class Originals:
    """The files behind the documents of an index.

    Args:
        store: Says which documents there are, of which files, and what these were known by.
        sources: The paths that were indexed, absolute and without links.
    """

    def __init__(self, store: DocumentStore, sources: Sequence[Path]) -> None:
        self._store = store
        self._sources = sources

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """Those of an index folder, as it is now; open them together with what answers from it.

        Raises:
            IndexFolderError: There is no index, or it cannot be read.
        """
        version = current_version(Path(folder))
        sources = Manifest.read(version).sources
        try:
            return cls(open_store(version), [Path(source) for source in sources])
        except sqlite3.Error as error:
            raise IndexDamaged(f"{version}: cannot be read ({error}); {REMEDY}") from error

    def read(self, document_id: str) -> bytes:
        """The bytes of the file that a document was made of; of one in an archive those of the file in there.

        Raises:
            InputError: The index holds no such document.
            DocumentError: The file has changed since it was indexed, is gone, cannot be read, or lies elsewhere now.
        """
        record = self._store.file_of(document_id)
        if record is None:
            raise InputError(
                f"{document_id[:200]!r}: the index holds no such document; name one of those it answers with"
            )
        part = ROW.sub("", document_id)
        raw = self._read(record)
        if record.path == part:
            return raw
        try:
            return read_member(raw, part[len(record.path) + 1 :])
        except DocumentError as error:
            raise DocumentError(f"{document_id}: {error}") from error

    def _read(self, record: FileRecord) -> bytes:
        """The file's bytes, from wherever it lies below the paths that were indexed."""
        fault = "is gone since it was indexed; put it back, or run `rag index`"
        for source, path in _candidates(record.path, self._sources):
            try:
                raw = _read_below(source, path)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except DocumentError as error:
                fault = str(error)
                continue
            if content_hash(raw) == record.hash:
                return raw
            fault = CHANGED
        raise DocumentError(f"{record.path}: {fault}")


def _candidates(path: str, sources: Sequence[Path]) -> Iterator[tuple[Path, Path]]:
    """Where a file may lie, after ``find_sources``, and below which of the paths."""
    for source in sources:
        if source.name == path and source.is_file():
            yield source, source
        before = f"{source.name}/" if len(sources) > 1 else ""
        if path.startswith(before):
            yield source, source / path[len(before) :]


def _read_below(source: Path, path: Path) -> bytes:
    """The bytes of a file, if it does lie below a folder, or is it.

    Raises:
        FileNotFoundError, NotADirectoryError: It is not there.
        DocumentError: It is elsewhere, cannot be read, or is nothing that could have been indexed.
    """
    try:
        real = path.resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, RuntimeError) as error:  # a link that leads to itself is either
        raise DocumentError(_unreadable(error)) from error
    if not real.is_relative_to(source):
        raise DocumentError(
            "is a link that leads out of the indexed folders, which is not followed; put the file itself there"
        )
    try:
        return read_bytes(Source(path.name, real))
    except DocumentError as error:
        cause = error.__cause__
        raise DocumentError(_unreadable(cause) if isinstance(cause, OSError) else CHANGED) from error


def _unreadable(error: OSError | RuntimeError) -> str:
    return f"cannot be read ({getattr(error, 'strerror', None) or error}); check its permissions"
