"""Writing the records of a version."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..near_duplicates import MAX_DOCUMENTS, near_duplicates
from .connection import BATCH, Connection, Row
from .document_store import MilvusStore
from .lexical import term_name
from .records import Record, Records, encode
from .schema import OPEN, RECORD_FIELDS, digest
from .stored import sketch_in

#: Terms above which all are read at once, which takes less time than looking them up.
MANY = 10_000

#: Bytes of payloads written in one request.
BYTES = 8_000_000


class RecordWriter:
    """Writes records that a version shows, and marks those that it no longer shows.

    Args:
        connection: To the server.
        before: Number of the version to start from; 0 if there is none.
        version: Number of the version to write.
    """

    def __init__(self, connection: Connection, before: int, version: int) -> None:
        self._connection, self._before, self._version = connection, before, version
        self._collection = connection.address.collection
        self._queue: list[Row] = []
        self._size = 0
        #: The records of the version to start from.
        self.old = self.at(before)

    def at(self, version: int) -> Records:
        """The records that a version shows."""
        return Records(self._connection, self._collection, version)

    def mend(self) -> None:
        """Take back the marks of a run that was broken off."""
        marked = f"since <= {self._before} and until > {self._before} and until < {OPEN}"
        rows = list(self._connection.every(self._collection, marked, RECORD_FIELDS))
        self._connection.upsert(self._collection, [{**row, "until": OPEN} for row in rows])

    def put(self, record: Record) -> None:
        """Write a record; it must not be one that the version before shows."""
        self._add(record, self._version, OPEN)

    def retire(self, record: Record) -> None:
        """Mark a record of the version before, so that this version does not show it."""
        self._add(record, record.since, self._version)

    def flush(self) -> None:
        """Write what is queued."""
        self._connection.upsert(self._collection, self._queue)
        self._queue, self._size = [], 0

    def write_refused(self, records: Sequence[Record]) -> None:
        """Replace the unreadable files."""
        self._replace_all("refused", {record.key: record for record in records})

    def write_terms(self, changes: Mapping[str, int], *, fresh: bool) -> None:
        """Change the number of passages that contain each term.

        Args:
            changes: More or fewer passages, by stored term.
            fresh: True to count from zero.
        """
        names = {term_name(term): change for term, change in changes.items() if change}
        if fresh or len(names) > MANY:
            old = {record.name: record for record in self.old.of_kind("term")} if self._before else {}
        else:
            old = self.old.named("term", list(names))
        if fresh:
            names = {name: names.get(name, 0) - record.number for name, record in old.items()} | {
                name: change for name, change in names.items() if name not in old
            }
        for name, change in names.items():
            before = old[name].number if name in old else 0
            if not change:
                continue
            if before:
                self.retire(old[name])
            if before + change > 0:
                self.put(Record("term", name, number=before + change))

    def write_fields(self, having: Mapping[str, int], most: Mapping[str, int]) -> None:
        """Change which fields there are.

        Args:
            having: More or fewer documents that have a field, by its name.
            most: The highest number of values in one document, of those that changed.
        """
        old = {record.value[0]: record for record in self.old.of_kind("field")} if self._before else {}
        for name, change in having.items():
            _, documents, values = old[name].value if name in old else (name, 0, 0)
            # Not lowered when a document goes: too many comparisons do no harm.
            new = Record("field", digest("field", name), encode([name, documents + change, max(values, most[name])]))
            if name in old and old[name].key == new.key:
                continue
            if name in old:
                self.retire(old[name])
            if documents + change > 0:
                self.put(new)

    def write_near_duplicates(self, store: MilvusStore) -> None:
        """Find the documents of this version that are nearly the same; see ``rag.index.near_duplicates``."""
        found: list[tuple[str, str, float]] = []
        if len(store.documents) <= MAX_DOCUMENTS:
            hashes = {path: record.hash for path, record in store.files().items()}
            heads = sorted((head["path"], record.number, head["id"], head) for record, head in store.documents.heads())
            sketches = {name: sketch for *_, name, head in heads if (sketch := sketch_in(head)) is not None}
            keys = {name: hashes[path] + name.removeprefix(path) for path, _, name, _ in heads}
            found = [each for each in near_duplicates(sketches) if keys[each[0]] != keys[each[1]]]
        record = Record("about", digest("about", "near duplicates"), encode(found))
        self._replace_all("about", {record.key: record})

    def _replace_all(self, kind: str, new: Mapping[str, Record]) -> None:
        old = {record.key: record for record in self.old.of_kind(kind)} if self._before else {}
        for key in old.keys() - new.keys():
            self.retire(old[key])
        for key in new.keys() - old.keys():
            self.put(new[key])

    def _add(self, record: Record, since: int, until: int) -> None:
        self._queue += record.rows(since, until)
        self._size += len(record.payload)
        if len(self._queue) >= BATCH or self._size >= BYTES:
            self.flush()
