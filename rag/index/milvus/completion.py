"""Completing a version: what broken runs and older versions left is deleted, and the passages are counted."""

from __future__ import annotations

from dataclasses import replace

from ...errors import IndexBusy, StoreUnavailable
from ..manifest import Manifest
from .connection import Connection
from .drop import passage_collections
from .head import Head
from .schema import visible


def complete(connection: Connection, head: Head, before: Manifest | None, collection: str, passages: int) -> None:
    """Check that a version is written, delete what neither it nor the one before shows, and note it in the head.

    Args:
        connection: To the server.
        head: Head of the store; ``attempt`` is the number of the version.
        before: Manifest of the version before; None if there is none.
        collection: Name of the collection of the version's passages.
        passages: Their number.

    Raises:
        StoreUnavailable: The store failed, or lost something.
        IndexBusy: Another run has written to the store meanwhile.
    """
    address, version = connection.address, head.attempt
    number, collection_before = (int(before.store["version"]), before.store["collection"]) if before else (0, "")
    if Head.read(connection) != head:
        raise IndexBusy(f"{address}: another run has written to the store meanwhile; run `rag index` again")
    # Passages that the version before does not use are of older ones, which were made with the same embedder.
    oldest = number if collection == collection_before else -1
    if number:
        # Before anything is deleted, so that readers of older versions are refused rather than shown a part of them.
        head = replace(head, oldest=number)
        head.write(connection)
    for each, since in ((address.collection, number), (collection, oldest)):
        connection.delete(each, f"since > {since} and since < {version}")
        connection.flush(each)
    found = connection.count(collection, visible(version))
    if found != passages:
        raise StoreUnavailable(
            f"{address}: holds {found:,} passages where {passages:,} were written; the index is unchanged, run "
            "`rag index` again"
        )
    for each in (address.collection, collection):
        connection.delete(each, f"until <= {number}")
    for each in passage_collections(connection):
        if each not in (collection, collection_before):
            connection.drop(each)
    replace(head, committed=version, oldest=number or version).write(connection)
