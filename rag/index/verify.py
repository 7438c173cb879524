"""Is an index whole, and still true to its files? And what can be done where it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..embedding.encoder import Encoder, SentenceTransformerEncoder
from ..errors import DocumentError, IndexDamaged, IndexFolderError, InputError
from ..sources.discovery import Source, content_hash, find_sources, read_bytes
from ..text.chunking import ChunkSettings
from .build import update
from .index import LIBRARY, VECTORS, Report, open_store, open_vectors, open_words
from .manifest import Manifest
from .staging import Parts, VersionFile, salvaged, whole_parts
from .store import DocumentStore
from .vectors import VectorStore
from .versions import current_version, new_version, versions, writing

#: Vectors checked at a time; 100 MB at 384 dimensions.
BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Verification:
    """What ``verify`` found.

    Attributes:
        problems: What is wrong with the index, a line each; none where it is whole.
        stale: Files that are not as they were indexed, and how: ``changed``, ``added`` or ``removed``; or why a
            source cannot be compared. No fault of the index.
        documents, passages: How many it holds, as it says itself.
    """

    problems: list[str]
    stale: list[tuple[str, str]]
    documents: int = 0
    passages: int = 0


def verify(folder: Path | str) -> Verification:
    """Check an index folder from end to end.

    Checksums of all files; the database's own check; that every passage is the slice that was indexed; that there are
    as many vectors and words as passages, the vectors finite and of unit length; and whether the indexed files have
    changed since.

    Raises:
        IndexMissing: There is no index.
        IndexMismatch: It is of another format.
    """
    folder = Path(folder)
    try:
        version = current_version(folder)
        manifest = Manifest.read(version)
    except IndexDamaged as error:
        return Verification([str(error)], [])
    damaged = manifest.damaged_files(version)
    problems = list(damaged.values())
    if not problems:
        problems += _inside(version, manifest)
    if problems and current_version(folder) != version:
        # A writer that finished twice meanwhile has cleared the version away.
        return verify(folder)
    stale = list(_stale(open_store(version), manifest)) if LIBRARY not in damaged else []
    return Verification(problems, stale, manifest.documents, manifest.passages)


def repair(folder: Path | str, encoder: Encoder | None = None, report: Report | None = None) -> str:
    """Rebuild what is damaged from what is whole; returns what was done, in a line.

    Words and vectors are made anew from the store's texts; a damaged store from the indexed files; where these are
    gone, the version before is made current again.

    Args:
        folder: Of the index.
        encoder: What its vectors are made with; the one that it names where None.
        report: Told of progress.

    Raises:
        IndexMissing: There is no index.
        IndexMismatch: It was made with another embedder.
        InputError: Nothing is left to rebuild it from; or the folder cannot be written to.
        IndexBusy: Another process is writing to it.
    """
    folder = Path(folder)
    _current_or_newest(folder)
    with writing(folder):
        if not verify(folder).problems:
            return "nothing to repair: the index is whole"
        current = _current_or_newest(folder)
        parts = whole_parts(folder)
        manifest = parts.manifest if parts else None
        with suppress(IndexFolderError):
            manifest = Manifest.read(current)
        if manifest is None:
            raise InputError(f"{folder}: nothing in it is whole; build it again with `rag index PATH --index {folder}`")
        encoder = encoder or SentenceTransformerEncoder(manifest.embedder)
        manifest.check_encoder(folder, encoder)
        if parts and parts.version == current:
            _rebuild(parts, folder, encoder, report)
            return f"rebuilt from the texts in the index: {parts.manifest.documents} documents"
        named = [Path(source) for source in manifest.sources]
        sources: list[Source] = []
        with suppress(InputError):
            sources = find_sources(named)
        if sources:
            settings = _settings(manifest)
            changes = update(named, sources, folder, encoder, settings=settings, report=report)
            return f"built again from the files: {changes.documents} documents"
        if parts is None:
            raise InputError(f"{folder}: nothing in it is whole; build it again with `rag index PATH --index {folder}`")
        _rebuild(parts, folder, encoder, report)
        return f"went back to the version before: {parts.manifest.documents} documents; run `rag index` to update it"


def _current_or_newest(folder: Path) -> Path:
    """The current version, or, where the pointer to it is lost, the newest one.

    Raises:
        IndexMissing: There is no index in the folder.
    """
    try:
        return current_version(folder)
    except IndexDamaged:
        if newest := versions(folder):
            return newest[0]
        raise


def _settings(manifest: Manifest) -> ChunkSettings:
    return ChunkSettings(**manifest.chunking)  # type: ignore[arg-type]


def _inside(version: Path, manifest: Manifest) -> Iterator[str]:
    """What is wrong with files that are as they were written."""
    try:
        store = open_store(version)
        yield from (f"{version / LIBRARY}: {line}" for line in store.check())
        held, said = (len(store.documents), len(store.passages)), (manifest.documents, manifest.passages)
        if held != said:
            yield f"{version / LIBRARY}: holds {held} documents and passages, {said} are expected"
        yield from _check_vectors(open_vectors(version, manifest))
        open_words(version, manifest)
    except (OSError, ValueError, KeyError, RuntimeError, sqlite3.Error) as error:
        yield f"{version}: cannot be read ({error})"


def _check_vectors(vectors: VectorStore) -> Iterator[str]:
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        lengths = np.linalg.norm(vectors.vectors(rows), axis=1)
        bad = rows[~(np.abs(lengths - 1) < 1e-3)]
        if len(bad):
            yield f"{VECTORS}: vectors not of unit length: {len(bad)}, the first of passage {bad[0]}"


def _stale(store: DocumentStore, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Files that differ from what was indexed."""
    known = store.files()
    refused = store.refused()
    try:
        sources = find_sources([Path(source) for source in manifest.sources])
    except InputError as error:
        yield "", f"the files cannot be compared: {error}"
        return
    for source in sources:
        path = source.document_id
        try:
            digest = content_hash(read_bytes(source))
        except DocumentError as error:
            # What could not be read then either is no change.
            if path in known:
                yield path, str(error)
            continue
        if path in refused and refused[path][0] == digest:
            continue
        if path not in known:
            yield path, "added"
        elif known[path].hash != digest:
            yield path, "changed"
    there = {source.document_id for source in sources}
    yield from ((path, "removed") for path in known if path not in there)


def _rebuild(parts: Parts, folder: Path, encoder: Encoder, report: Report | None) -> None:
    """A new version of what a store holds, with those parts taken over that are whole."""
    salvage = salvaged(folder, encoder)
    settings = _settings(parts.manifest)
    with (
        new_version(folder, parts.version) as version,
        VersionFile(version, encoder, settings, previous=parts, salvage=salvage, report=report) as file,
    ):
        for path, refused in parts.store.refused().items():
            file.refuse(path, *refused)
        for record in parts.store.files().values():
            file.copy(record, record.path)
        file.finish([Path(source) for source in parts.manifest.sources])
