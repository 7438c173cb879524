"""The head of a store: whose index it holds, and which versions are there."""

from __future__ import annotations

import socket
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from ...errors import IndexMismatch, InputError
from .connection import Connection
from .records import Record, Records, encode
from .schema import FORMAT, RECORD_FIELDS, digest

NAME = digest("head")


@dataclass(frozen=True, slots=True)
class Head:
    """The one record that all versions show.

    Attributes:
        id: Identifies the index; the manifest holds it as well.
        folder: Hash of host and path of the index folder that writes to the store.
        attempt: Number of the last version that a run began to write.
        committed: Number of the last version that was written completely.
        oldest: Number of the oldest version that is still there.
        format: Layout of the collections.
    """

    id: str
    folder: str
    attempt: int = 0
    committed: int = 0
    oldest: int = 0
    format: int = FORMAT

    @classmethod
    def read(cls, connection: Connection) -> Self | None:
        """The head; None if the store is empty.

        Raises:
            InputError: The collection is not one of ours.
            IndexMismatch: Another version of this package wrote it.
        """
        address = connection.address
        if not connection.has(address.collection):
            return None
        if set(connection.fields(address.collection)) != set(RECORD_FIELDS):
            raise InputError(
                f"{address.server}: the collection {address.collection!r} was not written by `rag index`; choose "
                "another name"
            )
        connection.load(address.collection)
        found = Records(connection, address.collection, 0).named("head", [NAME]).get(NAME)
        if found is None:
            return None
        values = found.value
        if values.get("format") != FORMAT:
            raise IndexMismatch(
                f"{address}: the store has format {values.get('format')}, this version of rag reads format {FORMAT}; "
                "build the index again in another collection"
            )
        return cls(**values)

    def write(self, connection: Connection) -> None:
        """Write it; it replaces the one before."""
        row = next(Record("head", NAME, encode(asdict(self))).rows(since=0))
        connection.upsert(connection.address.collection, [{**row, "key": "head"}])


def folder_id(folder: Path) -> str:
    """Identifies an index folder by host and path."""
    return digest(socket.gethostname(), str(folder.resolve()))
