"""The original files behind an index, checked to be unchanged; used to show the source of an answer.

Only indexed files can be read: a document is looked up by its id in the index, its file by the path stored there, and
the bytes must have the stored hash.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Self

from ..errors import DocumentError, IndexDamaged, InputError
from ..formats import read_part
from ..sources.discovery import OutsideLink, Source, content_hash, read_bytes
from ..sources.remote import Location, RemoteFolder, location
from .contract import DocumentStore
from .index import open_documents
from .manifest import REMEDY, Manifest
from .store import FileRecord
from .versions import current_version

#: Suffix of the document id of a table row.
ROW = re.compile(r"#\d+$")

OUTSIDE = (
    "lies outside the indexed folders (links out of them are not followed); put the file itself in an indexed folder"
)
CHANGED = "has changed since it was indexed; run `rag index` to bring the index up to date"


class Originals:
    """The files behind the documents of an index.

    Args:
        store: Maps documents to files and their hashes.
        sources: Indexed paths, absolute and resolved. Those in a remote storage are not read from.
        follow_links: Also read files outside the indexed paths that links lead to, as for ``build_index``.
    """

    def __init__(self, store: DocumentStore, sources: Sequence[Location], *, follow_links: bool = False) -> None:
        self._store = store
        self._sources = [source for source in sources if isinstance(source, Path)]
        self._several = len(sources) > 1
        self._remote = [source for source in sources if isinstance(source, RemoteFolder)]
        self._follow_links = follow_links

    @classmethod
    def open(cls, folder: Path | str) -> Self:
        """The originals of an index folder's current version; open them together with the index.

        Raises:
            IndexFolderError: There is no index, or it cannot be read.
        """
        version = current_version(Path(folder))
        manifest = Manifest.read(version)
        try:
            paths = [location(source) for source in manifest.sources]
            return cls(open_documents(version, manifest), paths, follow_links=manifest.follow_links)
        except sqlite3.Error as error:
            raise IndexDamaged(f"{version}: cannot be read ({error}); {REMEDY}") from error

    def read(self, document_id: str) -> bytes:
        """The bytes of a document's file; for one in an archive or a message, those of its part.

        Raises:
            InputError: The document is not in the index.
            DocumentError: The file has changed since it was indexed, is missing or unreadable, or lies outside the
                indexed paths.
        """
        record = self._store.file_of(document_id)
        if record is None:
            raise InputError(f"{document_id[:200]!r}: not in the index; give the id of a document in it")
        part = ROW.sub("", document_id)
        raw = self._read(record)
        if record.path == part:
            return raw
        try:
            return read_part(record.path, raw, part[len(record.path) + 1 :])
        except DocumentError as error:
            raise DocumentError(f"{document_id}: {error}") from error

    def _read(self, record: FileRecord) -> bytes:
        """The file's bytes, from any of the indexed paths."""
        fault = "was removed after it was indexed; put it back, or run `rag index`"
        for remote in self._remote:
            if not self._several or record.path.startswith(f"{remote.name}/"):
                fault = f"lies in a remote storage ({remote}), which only `rag index` reads; read its text instead"
        for source, path in _candidates(record.path, self._sources, several=self._several):
            try:
                raw = _read_below(path, None if self._follow_links else source)
            except (FileNotFoundError, NotADirectoryError):
                continue
            except DocumentError as error:
                fault = str(error)
                continue
            if content_hash(raw) == record.hash:
                return raw
            fault = CHANGED
        raise DocumentError(f"{record.path}: {fault}")


def _candidates(path: str, sources: Sequence[Path], *, several: bool) -> Iterator[tuple[Path, Path]]:
    """Possible locations of a file, as ``find_sources`` names files, each with its indexed path."""
    for source in sources:
        if source.name == path and source.is_file():
            yield source, source
        prefix = f"{source.name}/" if several else ""
        if path.startswith(prefix):
            yield source, source / path[len(prefix) :]


def _read_below(path: Path, inside: Path | None) -> bytes:
    """The bytes of a file that is the path ``inside`` or lies below it, or of any file if that is None.

    Raises:
        FileNotFoundError, NotADirectoryError: The file does not exist.
        DocumentError: It is outside, unreadable, or cannot have been indexed.
    """
    try:
        path.resolve(strict=True)
    except (FileNotFoundError, NotADirectoryError):
        raise
    except (OSError, RuntimeError) as error:  # a link to itself raises either
        raise DocumentError(_unreadable(error)) from error
    try:
        return read_bytes(Source(path.name, path, inside=inside))
    except OutsideLink as error:
        raise DocumentError(OUTSIDE) from error
    except DocumentError as error:
        cause = error.__cause__
        raise DocumentError(_unreadable(cause) if isinstance(cause, OSError) else CHANGED) from error


def _unreadable(error: OSError | RuntimeError) -> str:
    return f"cannot be read ({getattr(error, 'strerror', None) or error}); check its permissions"
