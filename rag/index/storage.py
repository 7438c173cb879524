"""Where an index is written: into its folder, or into a store that its manifest names."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from typing import Protocol, Self

from ..embedding.encoder import Encoder
from ..errors import IndexDamaged, IndexFolderError, InputError
from ..sources.remote import Location
from ..text.chunking import ChunkSettings
from .contract import DocumentStore
from .index import Report
from .manifest import Manifest
from .milvus import Address, MilvusStorage
from .prepare import PreparedFile
from .previous import Previous
from .salvage import reusable_parts, staged_vectors
from .staging import VersionWriter
from .store import FileRecord
from .versions import current_version, versions


class Writer(AbstractContextManager["Writer"], Protocol):
    """Writes the next version, file by file in order of path."""

    def __enter__(self) -> Self: ...

    @property
    def passages(self) -> int:
        """Number of passages so far."""

    @property
    def can_copy(self) -> bool:
        """True if ``copy`` copies a file's passages instead of cutting and embedding them again."""

    def expect(self, sizes: Mapping[str, int], changed: Collection[str]) -> None:
        """Announce the files to be read, with their sizes in bytes."""

    def add_prepared(self, file: PreparedFile) -> None:
        """Add a file; passages whose vectors neither it nor an earlier version has are embedded later.

        Raises:
            InputError: Two documents share an id, or a text is not valid Unicode; nothing was added.
        """

    def commit(self) -> None:
        """Let what was added so far survive a crash of this process."""

    def known_texts(self, path: str) -> frozenset[bytes]:
        """The ``text_hash`` of passages of a file that an earlier version or an interrupted run has vectors of."""

    def refuse(self, path: str, digest: str, reason: str) -> None:
        """Remember that a file cannot be read."""

    def copy(self, old: FileRecord, path: str) -> None:
        """Copy a file of the previous version to ``path``, which may differ from its old path."""

    def finish(
        self, sources: Sequence[Location], *, limits: Mapping[str, int], follow_links: bool, reading: int
    ) -> DocumentStore:
        """Complete the version, and write its manifest.

        Args:
            sources, limits, follow_links, reading: See ``Manifest``.
        """


class Storage(Protocol):
    """Where an index is written."""

    @property
    def previous(self) -> Previous | None:
        """The version to start from; None if there is none."""

    def writer(self, version: Path, settings: ChunkSettings, report: Report | None) -> Writer:
        """A writer of the next version, whose folder is empty."""


class FolderStorage:
    """Writes into the folder.

    Args:
        folder: Folder of the index; the caller holds its lock.
        encoder: Embedder of the next version.
    """

    def __init__(self, folder: Path, encoder: Encoder) -> None:
        self._encoder = encoder
        self.previous = reusable_parts(folder)
        # Looked for now: the folder of the next version would be taken for an interrupted one.
        self._staged = staged_vectors(folder, encoder)

    def writer(self, version: Path, settings: ChunkSettings, report: Report | None) -> VersionWriter:
        """See ``Storage.writer``."""
        return VersionWriter(
            version, self._encoder, settings, previous=self.previous, staged=self._staged, report=report
        )


def open_storage(folder: Path, encoder: Encoder, store: str | None = None) -> Storage:
    """Where the index of a folder is written.

    An index that its store has lost is written again from the files.

    Args:
        folder: Folder of the index; the caller holds its lock.
        encoder: Embedder of the next version.
        store: Address of a store, for a new index. Default: where the index is.

    Raises:
        InputError: The index is elsewhere, the address is invalid, or the collection is not one of ours.
        IndexMismatch: The store holds another index.
        StoreUnavailable: The store cannot be reached.
    """
    named = Address.parse(store) if store else None
    version = manifest = None
    for candidate in _versions(folder):
        with suppress(IndexFolderError):
            version, manifest = candidate, Manifest.read(candidate)
            break
    if manifest is None:
        return MilvusStorage(folder, named, encoder) if named else FolderStorage(folder, encoder)
    if not manifest.store:
        if named:
            raise InputError(f"{folder}: holds an index of its own; choose another --index for the one in {named}")
        return FolderStorage(folder, encoder)
    address = Address.parse(manifest.store["address"])
    if named and not (named.is_same_place(address) and named.index == address.index):
        raise InputError(f"{folder}: its index is in {address}; choose another --index for the one in {named}")
    try:
        return MilvusStorage(folder, named or address, encoder, version, manifest)
    except IndexDamaged:
        # As a damaged index in a folder: written again from the files.
        return MilvusStorage(folder, named or address, encoder, lost=manifest)


def _versions(folder: Path) -> list[Path]:
    """The current version, then the others from the newest on."""
    found: list[Path] = []
    with suppress(IndexFolderError):
        found.append(current_version(folder))
    return [*found, *(version for version in versions(folder) if version not in found)]
