"""Verify that an index is intact and up to date, and repair it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ..embedding.encoder import Encoder
from ..errors import IndexDamaged, IndexFolderError, InputError
from ..sources.discovery import Survey, find_sources, state_of, survey
from ..sources.parse_process import FileLimits
from ..sources.remote import location
from ..text.chunking import ChunkSettings
from ..text.plural import counted
from .build import update
from .contract import DocumentStore
from .embedder import embedder_of
from .index import LIBRARY, VECTORS, Report, open_store, open_vectors, open_words
from .manifest import Manifest
from .milvus import Address, MilvusStorage, open_parts
from .salvage import ReusableParts, reusable_parts, staged_vectors
from .staging import VersionWriter
from .vectors import VectorStore
from .versions import current_version, new_version, versions, writing

#: Vectors checked at a time; 100 MB at 384 dimensions.
BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Verification:
    """Findings of ``verify``.

    Attributes:
        problems: Damage to the index, one line each; empty if it is intact.
        stale: Files that have changed since they were indexed, each ``changed``, ``added`` or ``removed``, or with the
            reason why it cannot be compared. This is not damage.
        unread: What the index does not hold of its files: the file or document, and the reason or what is missing. This
            is not damage.
        documents, passages: Counts according to the manifest.
        unsupported: Files in the indexed folders whose formats are not supported: their number by suffix.
    """

    problems: list[str]
    stale: list[tuple[str, str]]
    documents: int = 0
    passages: int = 0
    unread: tuple[tuple[str, str], ...] = ()
    unsupported: Mapping[str, int] = field(default_factory=dict)


def verify(folder: Path | str) -> Verification:
    """Check an index folder completely.

    For an index in a store, checks the passages against the documents there, and the numbers of both. Otherwise checks
    the checksums of all files; SQLite's integrity check; that every passage is a slice of its document; that
    vectors and lexical index have one row per passage, with vectors of unit length; and whether indexed files have
    changed.

    Args:
        folder: Folder of the index.

    Raises:
        IndexMissing: There is no index.
        IndexMismatch: It has another format, or its store holds another index.
        StoreUnavailable: Its store cannot be reached.
    """
    folder = Path(folder)
    try:
        version = current_version(folder)
        manifest = Manifest.read(version)
    except IndexDamaged as error:
        return Verification([str(error)], [])
    if manifest.store:
        return _verify_store(manifest)
    damaged = manifest.damaged_files(version)
    problems = list(damaged.values())
    if not problems:
        problems += _inconsistencies(version, manifest)
    if problems and current_version(folder) != version:
        # A writer that finished twice in the meantime has deleted this version.
        return verify(folder)
    if LIBRARY in damaged:
        return Verification(problems, [], manifest.documents, manifest.passages)
    store = open_store(version)
    stale, unread = list(_stale(store, manifest)), tuple((document_id, text) for _, document_id, text in store.unread())
    return Verification(problems, stale, manifest.documents, manifest.passages, unread, _unsupported(manifest))


def repair(folder: Path | str, encoder: Encoder | None = None, report: Report | None = None) -> str:
    """Rebuild the damaged parts of an index; returns a one-line summary.

    An index in a store is written there again from the indexed files. In a folder, a damaged lexical index or damaged
    vectors are rebuilt from the stored texts, and a damaged store from the indexed files. If those are gone, the
    previous version becomes current again.

    Args:
        folder: Folder of the index.
        encoder: Embedder of its vectors. Default: the one that the manifest names.
        report: Called with progress.

    Raises:
        IndexMissing: There is no index.
        IndexMismatch: It was made with another embedder.
        InputError: There is nothing to rebuild it from, or the folder cannot be written to.
        IndexBusy: Another process is writing to it.
    """
    folder = Path(folder)
    _current_or_newest(folder)
    with writing(folder):
        if not verify(folder).problems:
            return "nothing to repair: the index is intact"
        current = _current_or_newest(folder)
        parts = reusable_parts(folder)
        manifest = parts.manifest if parts else None
        with suppress(IndexFolderError):
            manifest = Manifest.read(current)
        if manifest is None:
            raise InputError(
                f"{folder}: nothing in it can be recovered; rebuild it with `rag index PATH --index {folder}`"
            )
        encoder = encoder or embedder_of(folder)
        manifest.check_encoder(folder, encoder)
        if manifest.store:
            return _write_again(folder, manifest, encoder, report)
        if parts and parts.version == current:
            _rebuild(parts, folder, encoder, report)
            return f"rebuilt from the texts in the index: {counted(parts.manifest.documents, 'document')}"
        named = [location(source) for source in manifest.sources]
        found = Survey([], {})
        with suppress(InputError):
            found = survey(named, follow_links=manifest.follow_links)
        if found.sources:
            settings = _settings(manifest)
            limits = FileLimits(**manifest.limits) if manifest.limits else None
            changes = update(
                named, found, folder, encoder,
                settings=settings, report=report, limits=limits, follow_links=manifest.follow_links,
            )  # fmt: skip
            return f"rebuilt from the files: {counted(changes.documents, 'document')}"
        if parts is None:
            raise InputError(
                f"{folder}: nothing in it can be recovered; rebuild it with `rag index PATH --index {folder}`"
            )
        _rebuild(parts, folder, encoder, report)
        count = counted(parts.manifest.documents, "document")
        return f"restored the previous version: {count}; run `rag index` to update it"


def _write_again(folder: Path, manifest: Manifest, encoder: Encoder, report: Report | None) -> str:
    """Write an index to its store again, from its files; vectors there that are intact are used again."""
    named = [location(source) for source in manifest.sources]
    changes = update(
        named, survey(named, follow_links=manifest.follow_links), folder, encoder,
        settings=_settings(manifest), report=report, follow_links=manifest.follow_links,
        limits=FileLimits(**manifest.limits) if manifest.limits else None,
        storage=MilvusStorage(folder, Address.parse(manifest.store["address"]), encoder, lost=manifest),
    )  # fmt: skip
    return f"rebuilt from the files: {counted(changes.documents, 'document')}"


def _current_or_newest(folder: Path) -> Path:
    """The current version, or the newest one if the pointer to it is damaged.

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


def _inconsistencies(version: Path, manifest: Manifest) -> Iterator[str]:
    """Inconsistencies despite valid checksums."""
    try:
        store = open_store(version)
        yield from (f"{version / LIBRARY}: {line}" for line in store.check())
        found, expected = (len(store.documents), len(store.passages)), (manifest.documents, manifest.passages)
        if found != expected:
            yield f"{version / LIBRARY}: documents and passages: {found}; in the manifest: {expected}"
        yield from _check_vectors(open_vectors(version, manifest))
        open_words(version, manifest)
    except (OSError, ValueError, KeyError, RuntimeError, sqlite3.Error) as error:
        yield f"{version}: cannot be read ({error})"


def _verify_store(manifest: Manifest) -> Verification:
    """``verify`` for an index that is not in its folder."""
    try:
        store = open_parts(manifest)[0]
    except IndexDamaged as error:
        return Verification([str(error)], [], manifest.documents, manifest.passages)
    problems = list(store.check())
    found, expected = store.counts(), (manifest.documents, manifest.passages)
    if found != expected:
        problems.append(f"{manifest.store['address']}: documents and passages: {found}; in the manifest: {expected}")
    unread = tuple((document_id, text) for _, document_id, text in store.unread())
    stale = list(_stale(store, manifest))
    return Verification(problems, stale, manifest.documents, manifest.passages, unread, _unsupported(manifest))


def _unsupported(manifest: Manifest) -> dict[str, int]:
    """See ``Survey.unsupported``; empty if the files cannot be reached."""
    with suppress(InputError):
        sources = [location(source) for source in manifest.sources]
        return survey(sources, follow_links=manifest.follow_links).unsupported
    return {}


def _check_vectors(vectors: VectorStore) -> Iterator[str]:
    for start in range(0, len(vectors), BLOCK):
        rows = np.arange(start, min(start + BLOCK, len(vectors)))
        lengths = np.linalg.norm(vectors.vectors(rows), axis=1)
        bad = rows[~(np.abs(lengths - 1) < 1e-3)]
        if len(bad):
            yield f"{VECTORS}: vectors not of unit length: {len(bad)}, the first of passage {bad[0]}"


def _stale(store: DocumentStore, manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Changed files; see ``Verification.stale``."""
    known = store.files()
    refused = store.refused()
    try:
        sources = find_sources([location(source) for source in manifest.sources], follow_links=manifest.follow_links)
    except InputError as error:
        yield "", f"the files cannot be compared: {error}"
        return
    for source in sources:
        path = source.document_id
        state = state_of(source)
        if state.fault:
            # Otherwise it was already unreadable when indexed.
            if path in known:
                yield path, state.fault
            continue
        if path in refused and refused[path][0] == state.identity:
            continue
        if path not in known:
            yield path, "added"
        elif known[path].identity != state.identity:
            yield path, "changed"
    present = {source.document_id for source in sources}
    yield from ((path, "removed") for path in known if path not in present)


def _rebuild(parts: ReusableParts, folder: Path, encoder: Encoder, report: Report | None) -> None:
    """Write a new version from a store and the other reusable parts of its version."""
    staged = staged_vectors(folder, encoder)
    settings = _settings(parts.manifest)
    with (
        new_version(folder, parts.version) as version,
        VersionWriter(version, encoder, settings, previous=parts, staged=staged, report=report) as writer,
    ):
        for path, refused in parts.store.refused().items():
            writer.refuse(path, *refused)
        for record in parts.store.files().values():
            writer.copy(record, record.path)
        made = parts.manifest
        writer.finish(
            [location(each) for each in made.sources],
            limits=made.limits,
            follow_links=made.follow_links,
            reading=made.reading,
        )
