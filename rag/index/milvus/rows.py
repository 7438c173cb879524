"""Passages by row, each fetched once with all that a search needs of it."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from ...errors import IndexDamaged
from ...types import Passage
from ..documents import view_from_json
from ..vectors import Rows, Vectors
from .connection import Connection, Row
from .schema import visible

#: Passages kept in memory, about 5 KB each.
KEPT = 4_096

#: Rows whose keys are listed in a filter; more are searched in several requests.
LISTED = 4_000

FIELDS = (
    "id", "document", "document_id", "title", "text", "start", "stop", "tokens", "page", "heading", "view", "terms",
    "vector",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class StoredPassage:
    """A passage with its vector and words.

    Attributes:
        passage: The passage.
        title: Title of its document.
        document: Key of its document.
        terms: Its terms, as stored.
        vector: ``float32 [dimension]``, unit length.
    """

    passage: Passage
    title: str
    document: str
    terms: tuple[str, ...]
    vector: Vectors


class Selection:
    """The passages that a filter leaves.

    Args:
        rows: The passages of the version.
        expression: The filter, as Milvus takes it.
    """

    def __init__(self, rows: PassageRows, expression: str) -> None:
        self._rows, self.expression = rows, expression
        self._count: int | None = None

    def __len__(self) -> int:
        if self._count is None:
            self._count = self._rows.count(self.expression)
        return self._count

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All rows, ``int64``, ascending; takes as long as there are many."""
        return self._rows.keys(self.expression).astype(dtype or np.int64)


class PassageRows:
    """The passages that a version shows; ``rag.index.contract.Passages`` over Milvus.

    A row is the primary key of a passage; see ``schema.passage_key``.

    Args:
        connection: To the server.
        collection: Name of the collection.
        version: The version.
        size: Number of passages.
    """

    def __init__(self, connection: Connection, collection: str, version: int, size: int) -> None:
        self.connection, self.collection = connection, collection
        self.visible = visible(version)
        self._size = size
        self._kept: OrderedDict[int, StoredPassage] = OrderedDict()
        self._titles: dict[str, str] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return self._size

    def __getitem__(self, row: int) -> Passage:
        return self.stored([row])[0].passage

    def __iter__(self) -> Iterator[Passage]:
        return (passage for _, passage in self.items())

    def items(self) -> Iterator[tuple[int, Passage]]:
        """All passages with their rows."""
        fields = [field for field in FIELDS if field not in ("terms", "vector")]
        for row in self.connection.every(self.collection, self.visible, fields):
            yield int(row["id"]), passage_of(row)

    def stored(self, rows: Sequence[int] | Rows) -> list[StoredPassage]:
        """The passages of some rows, in order.

        Raises:
            IndexDamaged: A row is not in the store.
        """
        keys = [int(row) for row in rows]
        with self._lock:
            found = {key: self._kept[key] for key in keys if key in self._kept}
        missing = list(dict.fromkeys(key for key in keys if key not in found))
        for row in self.connection.get(self.collection, missing, FIELDS) if missing else ():
            found[int(row["id"])] = _stored(row)
        with self._lock:
            if len(self._titles) > KEPT:
                self._titles.clear()
            for key in keys:
                if key in found:
                    self._kept[key] = found[key]
                    self._kept.move_to_end(key)
                    self._titles[found[key].passage.document_id] = found[key].title
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        if lost := [key for key in keys if key not in found]:
            raise IndexDamaged(
                f"{self.connection.address}: passage {lost[0]} is gone: the store has moved on, or is damaged; open "
                "the index again, or repair it with `rag verify --repair`"
            )
        return [found[key] for key in keys]

    def title(self, document_id: str) -> str | None:
        """Title of a document, if one of its passages is in memory."""
        with self._lock:
            return self._titles.get(document_id)

    def count(self, expression: str) -> int:
        """Number of the passages that match."""
        return self.connection.count(self.collection, f"{self.visible} and ({expression})")

    def keys(self, expression: str) -> Rows:
        """Rows of the passages that match, ``int64``, ascending."""
        found = self.connection.every(self.collection, f"{self.visible} and ({expression})", ["id"])
        return np.array(sorted(int(row["id"]) for row in found), dtype=np.int64)

    def search(
        self,
        field: str,
        query: Any,
        k: int,
        params: dict[str, Any],
        subset: object,
        *,
        fields: Sequence[str] = ("id",),
    ) -> list[Row]:
        """The passages proposed for a query, at least the ``k`` best, in no particular order.

        Args:
            field: Column to search.
            query: A vector or a text.
            k: Number of passages.
            params: Search parameters.
            subset: A ``Selection`` or rows; None searches all passages.
            fields: Columns to return.
        """
        if subset is None:
            filters = [self.visible]
        elif isinstance(subset, Selection):
            filters = [f"{self.visible} and ({subset.expression})"]
        else:
            rows = np.asarray(subset, dtype=np.int64)
            filters = [f"id in {rows[at : at + LISTED].tolist()}" for at in range(0, len(rows), LISTED)]
        search = self.connection.search
        return [
            row
            for each in filters
            for row in search(self.collection, field, query, k, expression=each, params=params, fields=fields)
        ]


def passage_of(row: Row) -> Passage:
    """The passage in a row."""
    return Passage(
        row["document_id"], row["start"], row["stop"], row["text"], row["tokens"],
        row["page"] if row["page"] >= 0 else None, row["heading"] or None,
        view_from_json(row["view"] or None),
    )  # fmt: skip


def _stored(row: Row) -> StoredPassage:
    vector = np.asarray(row["vector"], dtype=np.float32)
    return StoredPassage(passage_of(row), row["title"], row["document"], tuple(row["terms"].split()), vector)
