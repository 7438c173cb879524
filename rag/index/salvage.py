"""Reusable parts of an index for its next version: earlier versions, and vectors of interrupted builds."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..embedding.encoder import Encoder, Vectors
from ..errors import IndexFolderError
from .index import LIBRARY, VECTORS, WORDS, open_store, open_words
from .lexical import Lexical
from .manifest import Manifest
from .previous import Previous
from .store import SqliteStore
from .vectors import APPROXIMATE, FaissStore, VectorStore, map_vectors
from .versions import current_version, staging_folders, versions


@dataclass(frozen=True, slots=True)
class ReusableParts(Previous):
    """Reusable parts of an earlier version: its store, and those of its other files that are undamaged.

    Attributes:
        vectors, words: None if damaged.
        approximate: Path of its approximate index; None if it has none or it is damaged.
    """

    store: SqliteStore
    vectors: VectorStore | None
    words: Lexical | None
    approximate: Path | None

    @classmethod
    def of(cls, version: Path) -> Self | None:
        """The reusable parts of a version in its folder; None if its documents are damaged, or elsewhere."""
        try:
            manifest = Manifest.read(version)
        except IndexFolderError:
            return None
        if manifest.store:
            return None
        damaged = manifest.damaged_files(version)
        if LIBRARY in damaged:
            return None
        try:
            store = open_store(version)
        except sqlite3.Error:
            return None
        # Only the vectors themselves: an approximate index is always built again.
        # A part of an index may hold no passages, and an empty file cannot be mapped.
        usable = VECTORS not in damaged and manifest.passages
        vectors = FaissStore(map_vectors(version / VECTORS, manifest.dimension)) if usable else None
        words = None if any(name.startswith(WORDS) for name in damaged) else open_words(version, manifest)
        approximate = version / APPROXIMATE if APPROXIMATE in manifest.files and APPROXIMATE not in damaged else None
        return cls(version, manifest, store, not damaged, vectors, words, approximate)


def reusable_parts(folder: Path) -> ReusableParts | None:
    """The reusable parts of the current version, or of an earlier one if the current store is damaged."""
    try:
        candidates = [current_version(folder)]
    except IndexFolderError:
        candidates = []
    candidates += [version for version in versions(folder) if version not in candidates]
    return next((parts for version in candidates if (parts := ReusableParts.of(version))), None)


class StagedVectors:
    """Vectors in the staging folder of an interrupted build, by the hash of their text.

    Args:
        staging: The staging folder.
        encoder: Vectors of any other embedder are ignored.
    """

    def __init__(self, staging: Path, encoder: Encoder) -> None:
        self._store: SqliteStore | None = None
        try:
            # Opened for writing, so that SQLite rolls back an uncommitted transaction.
            store = SqliteStore.open(staging / LIBRARY, finished=False)
            self._vectors = map_vectors(staging / VECTORS, encoder.dimension)
            if store.about("embedder") == encoder.fingerprint:
                self._store = store
        except (OSError, ValueError, sqlite3.Error):
            return

    def text_hashes(self, path: str) -> list[bytes]:
        """The ``text_hash`` of each passage of a file; most of them have a vector."""
        try:
            return self._store.text_hashes(path) if self._store else []
        except sqlite3.Error:
            self._store = None
            return []

    def vector(self, digest: bytes) -> Vectors | None:
        """The vector of a passage, by the ``text_hash`` of its text."""
        try:
            row = self._store.row_of(digest) if self._store else None
        except sqlite3.Error:
            # After a power failure the file may be incomplete.
            self._store = row = None
        if row is None or row >= len(self._vectors):
            return None
        vector: Vectors = self._vectors[row]
        # The row may have reached the disk without its vector.
        return vector if abs(float(vector @ vector) - 1) < 1e-3 else None


def staged_vectors(folder: Path, encoder: Encoder) -> list[StagedVectors]:
    """Vectors that interrupted builds left in an index folder; the caller holds the folder's lock."""
    return [StagedVectors(staging, encoder) for staging in staging_folders(folder)]
