"""Is an index whole, and still true to its files? And what can be done where it is not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..chunking import ChunkSettings
from ..documents import content_hash, find_sources, read_bytes
from ..encoder import Encoder, SentenceTransformerEncoder
from ..errors import DocumentError, IndexDamaged, IndexFolderError, InputError
from ..vectors import VectorStore
from .build import Changes, build_index
from .index import LIBRARY, Report, open_library, open_vectors, open_words
from .library import Library
from .manifest import Manifest
from .version_file import Parts, VersionFile, salvaged, whole_parts
from .versions import current_version, new_version, versions, writing

#: Vectors that are checked at once.
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
    stale = list(_stale(open_library(version), manifest)) if LIBRARY not in damaged else []
    return Verification(problems, stale, manifest.documents, manifest.passages)


def repair(folder: Path | str, encoder: Encoder | None = None, report: Report | None = None) -> str:
    """Rebuild what is damaged from what is whole; returns what was done, in a line.

    Words and vectors are made anew from the library's texts; a damaged library from the indexed files; where these are
    gone, the version before is made current again.

    Raises:
        IndexMissing: There is no index.
        InputError: Nothing is left to rebuild it from; or the folder cannot be written to.
        IndexBusy: Another process is writing to it.
    """
    folder = Path(folder)
    if not verify(folder).problems:
        return "nothing to repair: the index is whole"
    try:
        current: Path | None = current_version(folder)
    except IndexFolderError:
        # Without a pointer the newest version is the current one.
        current = next(iter(versions(folder)), None)
    encoder = encoder or SentenceTransformerEncoder()
    parts = whole_parts(folder)
    if parts and parts.version == current:
        with writing(folder):
            _rebuild(parts, folder, encoder, report)
        return f"rebuilt from the texts in the index: {parts.manifest.documents} documents"
    if changes := _built_again(current, parts, folder, encoder, report):
        return f"built again from the files: {changes.documents} documents"
    if parts is None:
        raise InputError(f"{folder}: nothing in it is whole; build it again with `rag index PATH --index {folder}`")
    with writing(folder):
        _rebuild(parts, folder, encoder, report)
    return f"went back to the version before: {parts.manifest.documents} documents; run `rag index` to update it"


def _built_again(
    current: Path | None, parts: Parts | None, folder: Path, encoder: Encoder, report: Report | None
) -> Changes | None:
    """An index of the files that the current version, or the one before, was made of; None where these are gone."""
    manifest = parts.manifest if parts else None
    with suppress(IndexFolderError):
        manifest = Manifest.read(current) if current else manifest
    with suppress(InputError):
        return build_index(manifest.sources, folder, encoder, report=report) if manifest else None
    return None


def _inside(version: Path, manifest: Manifest) -> Iterator[str]:
    """What is wrong with files that are as they were written."""
    try:
        library = open_library(version)
        yield from (f"{version / LIBRARY}: {line}" for line in library.check())
        held, said = (len(library.documents), len(library.passages)), (manifest.documents, manifest.passages)
        if held != said:
            yield f"{version / LIBRARY}: holds {held} documents and passages, {said} are expected"
        yield from _bad_vectors(open_vectors(version, manifest))
        open_words(version, manifest)
    except (OSError, ValueError, KeyError, RuntimeError, sqlite3.Error) as error:
        yield f"{version}: cannot be read ({error})"


def _bad_vectors(vectors: VectorStore) -> Iterator[str]:
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        lengths = np.linalg.norm(vectors.vectors(rows), axis=1)
        bad = rows[~(np.abs(lengths - 1) < 1e-3)]
        if len(bad):
            yield f"vectors: that of passage {bad[0]} is not of unit length (and {len(bad) - 1} more after it)"


def _stale(library: Library, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Files that differ from what was indexed."""
    known = library.files()
    try:
        sources = find_sources([Path(source) for source in manifest.sources])
    except InputError as error:
        yield "", f"the files cannot be compared: {error}"
        return
    for source in sources:
        try:
            digest = content_hash(read_bytes(source))
        except DocumentError as error:
            # What could not be read then either is no change.
            if source.document_id in known:
                yield source.document_id, str(error)
            continue
        record = known.get(source.document_id)
        if record is None:
            yield source.document_id, "added"
        elif record.hash != digest:
            yield source.document_id, "changed"
    there = {source.document_id for source in sources}
    yield from ((path, "removed") for path in known if path not in there)


def _rebuild(parts: Parts, folder: Path, encoder: Encoder, report: Report | None) -> None:
    """A new version of what a library holds, with those parts taken over that are whole."""
    settings = ChunkSettings(**parts.manifest.chunking)  # type: ignore[arg-type]
    salvage = salvaged(folder, encoder)
    with (
        new_version(folder) as version,
        VersionFile(version, encoder, settings, previous=parts, salvage=salvage, report=report) as file,
    ):
        for record in parts.library.files().values():
            file.copy(record, record.path)
        file.finish([Path(source) for source in parts.manifest.sources])
