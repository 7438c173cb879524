"""Deleting an index from its store."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path

from ...errors import IndexFolderError, IndexMismatch, InputError, StoreUnavailable
from ..manifest import Manifest
from ..versions import current_version
from .address import Address
from .connection import Connection
from .head import Head, folder_id
from .schema import is_passages_name, is_passages_schema


def passage_collections(connection: Connection) -> list[str]:
    """Names of the collections of passages of the index at the connection's address.

    Only collections with a name that fits are looked at; one that vanishes meanwhile is left out.

    Raises:
        StoreUnavailable: The store failed.
    """
    names = [name for name in connection.collections() if is_passages_name(connection.address, name)]
    return [name for name in names if _holds_passages(connection, name)]


def _holds_passages(connection: Connection, name: str) -> bool:
    try:
        return is_passages_schema(connection.fields(name))
    except StoreUnavailable:
        if connection.has(name):
            raise
        return False


def drop(connection: Connection) -> None:
    """Delete the collections of the index at the connection's address.

    Raises:
        StoreUnavailable: The store failed; try again.
    """
    for name in passage_collections(connection):
        connection.drop(name)
    # Last: without it, nobody would know whose the passages are.
    if connection.has(connection.address.collection):
        connection.drop(connection.address.collection)


def drop_index_of(folder: Path, store: str = "", written_as: Path | None = None) -> None:
    """Delete what a store holds of the index of a folder; without a store, nothing.

    What another folder has written stays, unless this one names the version that it wrote last: a copy that was left
    behind does not delete the index. What is in another format, or not an index, stays as well.

    Args:
        folder: Folder of the index, which stays; the caller knows that nobody writes to it.
        store: Address of the store. Default: the one that the manifest names.
        written_as: Where the folder was when it was written to, if it was renamed since.

    Raises:
        StoreUnavailable: The store cannot be reached, or failed.
        InputError: The address is invalid, or the extra ``milvus`` is not installed.
    """
    # Made before the first request of a run.
    if not folder.exists():
        return
    manifest = None
    with suppress(IndexFolderError):
        manifest = Manifest.read(current_version(folder))
    named = store or (str(manifest.store.get("address", "")) if manifest else "")
    if not named:
        return
    with closing(Connection(Address.parse(named))) as connection:
        try:
            head = Head.read(connection)
        except (InputError, IndexMismatch):
            return
        # Without a head, a first run was broken off when it began.
        if head is None or head.folder == folder_id(written_as or folder) or _is_last(head, manifest):
            drop(connection)


def _is_last(head: Head, manifest: Manifest | None) -> bool:
    """True if a manifest names the version that was written last."""
    return manifest is not None and head.id == manifest.store.get("id") and head.committed <= manifest.store["version"]
