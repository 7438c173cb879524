"""``MilvusStorage``: an index that is written to Milvus."""

from __future__ import annotations

import uuid
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ...embedding.encoder import Encoder
from ...errors import IndexMismatch
from ...text.chunking import ChunkSettings
from ..manifest import Manifest
from ..previous import Previous
from .address import Address
from .connection import Connection
from .document_store import MilvusStore
from .head import Head, folder_id
from .open import check, parts_of
from .schema import records_indexes, records_schema
from .writer import MilvusWriter

if TYPE_CHECKING:
    from ..index import Report


@dataclass(frozen=True, slots=True)
class MilvusPrevious(Previous):
    """The version of a store that an update starts from."""

    store: MilvusStore


class MilvusStorage:
    """Writes an index to Milvus; its folder holds manifests only.

    Args:
        folder: Folder of the index; the caller holds its lock.
        address: Of the store.
        encoder: Embedder of the next version.
        version, manifest: The version to start from; None if there is none.
        lost: A version whose place the next one takes, without anything but its vectors.

    Raises:
        InputError: The collection is not one of ours, or the extra ``milvus`` is not installed.
        IndexMismatch: The store holds the index of another folder.
        IndexDamaged: The store no longer holds the version.
        StoreUnavailable: The server cannot be reached.
    """

    def __init__(
        self,
        folder: Path,
        address: Address,
        encoder: Encoder,
        version: Path | None = None,
        manifest: Manifest | None = None,
        *,
        lost: Manifest | None = None,
    ) -> None:
        self._encoder = encoder
        self._connection = Connection(address)
        self.previous: MilvusPrevious | None = None
        here = folder_id(folder)
        if version and manifest:
            head = check(self._connection, manifest)
            number = int(manifest.store["version"])
            if head.committed > number and head.folder != here:
                raise IndexMismatch(
                    f"{address}: another folder has updated the index to version {head.committed}, this one names "
                    f"version {number}; copy that folder, or update the index from there"
                )
            # Otherwise the manifest is written again, so that readers take the new options of the address.
            is_named = str(address) == manifest.store["address"]
            store, _, _ = parts_of(self._connection, manifest)
            self.previous = MilvusPrevious(version, manifest, store, head.attempt == number and is_named)
            self._head = replace(head, folder=here)
            return
        found = Head.read(self._connection)
        # A first run that was broken off left nothing to copy; a copy that is behind must not replace what is newer.
        is_lost = found and lost and found.id == lost.store["id"] and found.committed <= int(lost.store["version"])
        if found and found.committed and found.folder != here and not is_lost:
            raise IndexMismatch(
                f"{address}: the store holds the index of another folder; copy that folder, or choose another "
                "collection"
            )
        self._head = replace(found, folder=here) if found else Head(uuid.uuid4().hex, here)

    def writer(self, version: Path, settings: ChunkSettings, report: Report | None) -> MilvusWriter:
        """See ``rag.index.storage.Storage.writer``."""
        collection = self._connection.address.collection
        if not self._connection.has(collection):
            self._connection.create(collection, records_schema(), records_indexes())
        head = replace(self._head, attempt=max(self._head.attempt, self._head.committed) + 1)
        head.write(self._connection)
        before = (self.previous.manifest, self.previous.store) if self.previous else None
        return MilvusWriter(
            version, self._connection, head, self._encoder, settings=settings, before=before, report=report
        )
