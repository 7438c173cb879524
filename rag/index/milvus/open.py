"""Opening the version of a store that a manifest names."""

from __future__ import annotations

from ...errors import IndexDamaged, IndexMismatch
from ..manifest import Manifest
from .address import Address
from .connection import Connection
from .document_store import MilvusStore
from .head import Head
from .lexical import MilvusLexical
from .records import Records
from .rows import PassageRows
from .vectors import MilvusVectors

Parts = tuple[MilvusStore, MilvusVectors, MilvusLexical]


def open_parts(manifest: Manifest) -> Parts:
    """Documents, vectors and words of the version that a manifest names.

    Raises:
        StoreUnavailable: The server cannot be reached, or does not answer in time.
        IndexDamaged: The collections are gone.
        IndexMismatch: The store holds another index, or no longer holds the version.
        InputError: The address is invalid, or the extra ``milvus`` is not installed.
    """
    connection = Connection(Address.parse(manifest.store["address"]))
    check(connection, manifest)
    return parts_of(connection, manifest)


def check(connection: Connection, manifest: Manifest) -> Head:
    """Check that the store holds the version that a manifest names.

    Raises:
        IndexDamaged, IndexMismatch, InputError, StoreUnavailable: See ``open_parts``.
    """
    address, version = connection.address, int(manifest.store["version"])
    head = Head.read(connection)
    gone = f"{address}: the store no longer holds the index; write it again with `rag verify --repair`"
    if head is None:
        raise IndexDamaged(gone)
    if head.id != manifest.store["id"]:
        raise IndexMismatch(
            f"{address}: the store holds another index than the folder; build it again with `rag index`"
        )
    if version < head.oldest:
        raise IndexMismatch(
            f"{address}: the store holds versions from {head.oldest} on, the folder names version {version}; copy the "
            "folder again from where the index is updated"
        )
    if not connection.has(manifest.store["collection"]):
        raise IndexDamaged(gone)
    connection.load(manifest.store["collection"])
    return head


def parts_of(connection: Connection, manifest: Manifest) -> Parts:
    """The parts of a version, unchecked."""
    store = manifest.store
    version = int(store["version"])
    records = Records(connection, connection.address.collection, version)
    rows = PassageRows(connection, store["collection"], version, manifest.passages)
    documents = MilvusStore(records, rows, manifest.documents)
    return documents, MilvusVectors(rows, manifest.dimension), MilvusLexical(rows, records, int(store["terms"]))
