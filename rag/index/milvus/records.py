"""Documents, files and statistics as rows of ``COLLECTION``; see ``schema``."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from .connection import Connection, Row
from .schema import OPEN, SAFE, any_of, digest, visible

#: Names looked up in one request.
NAMES = 1_000


@dataclass(frozen=True, slots=True)
class Record:
    """A record; see ``schema`` for kinds.

    Attributes:
        kind, name, parent, number: As in the rows.
        payload: JSON; empty if there is none.
        since: The first version that shows it; no part of what identifies it.
    """

    kind: str
    name: str
    payload: str = ""
    parent: str = ""
    number: int = 0
    since: int = 0

    @property
    def value(self) -> Any:
        """The payload, decoded."""
        return json.loads(self.payload)

    @property
    def key(self) -> str:
        """Identifies kind, name, number and payload."""
        return digest(self.kind, self.name, self.number, self.payload)

    def rows(self, since: int, until: int = OPEN) -> Iterator[Row]:
        """Its rows, one for each part of the payload; versions that show it from another one on have other rows."""
        key = digest(self.key, since)
        for part, start in enumerate(range(0, max(len(self.payload), 1), SAFE)):
            yield {
                "key": f"{key}-{part}", "kind": self.kind, "name": self.name, "parent": self.parent,
                "number": self.number, "part": part, "payload": self.payload[start : start + SAFE],
                "since": since, "until": until, "blank": [0.0, 0.0],
            }  # fmt: skip


def encode(value: object) -> str:
    """A payload."""
    return json.dumps(value, ensure_ascii=False, default=str)


class Records:
    """The records that a version shows.

    Args:
        connection: To the server.
        collection: Name of the collection.
        version: The version.
    """

    _FIELDS = ("key", "kind", "name", "parent", "number", "part", "payload", "since")

    def __init__(self, connection: Connection, collection: str, version: int) -> None:
        self._connection, self._collection = connection, collection
        self._visible = visible(version)

    def of_kind(self, kind: str) -> Iterator[Record]:
        """All records of a kind."""
        yield from self._found(f'kind == "{kind}" and {self._visible}')

    def named(self, kind: str, names: Sequence[str]) -> dict[str, Record]:
        """The records of a kind with these names, by name."""
        found = {}
        for start in range(0, len(names), NAMES):
            part = any_of("name", list(names[start : start + NAMES]))
            for record in self._found(f'kind == "{kind}" and {part} and {self._visible}'):
                found[record.name] = record
        return found

    def first(self, kind: str, name: str) -> Record | None:
        """The record of a kind with this name."""
        return self.named(kind, [name]).get(name)

    def children(self, kind: str, parent: str) -> list[Record]:
        """The records of a kind with a parent, by number."""
        found = self._found(f'kind == "{kind}" and parent == "{parent}" and {self._visible}')
        return sorted(found, key=lambda record: record.number)

    def _found(self, expression: str) -> Iterator[Record]:
        rows = self._connection.every(self._collection, expression, self._FIELDS)
        # In order of their keys, so the parts of a record follow each other.
        yield from _joined(rows)


def _joined(rows: Iterable[Row]) -> Iterator[Record]:
    for _, group in groupby(rows, key=lambda row: row["key"].partition("-")[0]):
        parts = sorted(group, key=lambda row: row["part"])
        payload = "".join(row["payload"] for row in parts)
        first = parts[0]
        yield Record(first["kind"], first["name"], payload, first["parent"], first["number"], first["since"])
