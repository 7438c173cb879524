"""Deleting an index from its store."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from ...errors import IndexFolderError
from ..manifest import Manifest
from ..versions import current_version
from .address import Address
from .connection import Connection
from .head import Head, folder_id
from .schema import is_passages_of


def drop(connection: Connection) -> None:
    """Delete the collections of the index at the connection's address.

    Raises:
        StoreUnavailable: The store failed; try again.
    """
    address = connection.address
    for name in connection.collections():
        if is_passages_of(address, name, connection.fields(name)):
            connection.drop(name)
    # Last: without it, nobody would know whose the passages are.
    if connection.has(address.collection):
        connection.drop(address.collection)


def drop_index_of(folder: Path, store: str = "") -> None:
    """Delete what a store holds of the index of a folder; without a store, nothing.

    Args:
        folder: Folder of the index, which stays; the caller knows that nobody writes to it.
        store: Address of the store if the folder does not name it, as before its first version is complete.

    Raises:
        StoreUnavailable: The store cannot be reached, or failed.
        InputError: The collection was not written by ``rag index``.
        IndexMismatch: Another version of this package wrote it.
    """
    manifest = None
    with suppress(IndexFolderError):
        manifest = Manifest.read(current_version(folder))
    named = str(manifest.store.get("address", "")) if manifest else store
    if not named:
        return
    connection = Connection(Address.parse(named))
    head = Head.read(connection)
    if head and (head.id == manifest.store["id"] if manifest else head.folder == folder_id(folder)):
        drop(connection)
