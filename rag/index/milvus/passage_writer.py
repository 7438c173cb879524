"""Writing the passages of a version: those whose text has no vector yet are embedded, block by block."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from ...embedding.encoder import Encoder, Vectors
from ..staging import BLOCK
from .connection import BATCH, Connection, Row
from .schema import OPEN, PASSAGE_FIELDS, any_of, passages_indexes, passages_schema, visible

if TYPE_CHECKING:
    from ..index import Report


class PassageWriter:
    """Writes passages that a version shows, and marks those that it no longer shows.

    Args:
        connection: To the server.
        collection: Name of the collection; it is created if it does not exist.
        before: Number of the version to start from; 0 if there is none.
        version: Number of the version to write.
        encoder: Embeds passages whose text is new.
        report: Called with the passages embedded and the expected total.

    Attributes:
        added, retired: Numbers of passages.
        terms: Terms of all passages added, less those of all retired, each as often as it occurs.
        passages_with: Passages added that contain a term, less those retired.
    """

    def __init__(
        self,
        connection: Connection,
        collection: str,
        encoder: Encoder,
        *,
        before: int,
        version: int,
        report: Report | None,
    ) -> None:
        self._connection, self._collection = connection, collection
        self._before, self._version = before, version
        self._encoder, self._report = encoder, report
        self._queue: list[tuple[Row, str]] = []
        self._given: dict[str, Vectors] = {}
        self._embedded = 0
        self.added = self.retired = self.terms = 0
        self.passages_with: Counter[str] = Counter()
        # A new collection holds no vectors to look for.
        self._is_new = not connection.has(collection)
        if self._is_new:
            connection.create(collection, passages_schema(encoder.dimension), passages_indexes(connection.address))
        else:
            connection.load(collection)

    def mend(self) -> None:
        """Take back the marks of a run that was broken off."""
        marked = f"since <= {self._before} and until > {self._before} and until < {OPEN}"
        rows = list(self._connection.every(self._collection, marked, PASSAGE_FIELDS, page=BATCH))
        self._connection.upsert(self._collection, [{**row, "until": OPEN} for row in rows])

    def add(self, rows: Sequence[tuple[Row, str]], vectors: Mapping[bytes, Vectors]) -> int:
        """Queue passages with the texts that are read; returns their number.

        Args:
            rows: The passages.
            vectors: Vectors that others have made of some of them, by ``text_hash``.
        """
        for row, text in rows:
            if (vector := vectors.get(bytes.fromhex(row["hash"]))) is not None:
                self._given[row["hash"]] = vector
            self._queue.append((row, text))
            self._count(row, 1)
        self.added += len(rows)
        return len(rows)

    def known_texts(self, path: str) -> frozenset[bytes]:
        """The ``text_hash`` of all passages of a file that have a vector, in this version or another."""
        if self._is_new:
            return frozenset()
        # "_" stands for any character, so that passages of other files may be among them, which does no harm.
        prefix = re.sub(r'[%_"\\]', "_", path)
        rows = self._connection.every(self._collection, f'document_id like "{prefix}%"', ["id", "hash"], page=BATCH)
        return frozenset(bytes.fromhex(row["hash"]) for row in rows)

    def retire(self, document: str) -> None:
        """Mark the passages of a document of the version before, by its key."""
        of_document = f'document == "{document}" and {visible(self._before)}'
        rows = list(self._connection.every(self._collection, of_document, PASSAGE_FIELDS, page=BATCH))
        for row in rows:
            self._count(row, -1)
        self._connection.upsert(self._collection, [{**row, "until": self._version} for row in rows])
        self.retired += len(rows)

    def embed_full_block(self, expected: Callable[[], int]) -> None:
        """Embed and write the queue if it is long enough; ``expected`` tells how many passages are still to come."""
        if len(self._queue) >= BLOCK:
            self._embed(expected())

    def embed_all(self) -> None:
        """Embed and write the queue."""
        self._embed(0)

    def _count(self, row: Row, change: int) -> None:
        terms = row["terms"].split()
        self.terms += change * len(terms)
        for term in set(terms):
            self.passages_with[term] += change

    def _embed(self, expected: int) -> None:
        wanted = {row["hash"] for row, _ in self._queue}
        vectors = dict(self._given)
        vectors |= self._known(sorted(wanted - vectors.keys()))
        texts = {row["hash"]: text for row, text in self._queue if row["hash"] not in vectors}
        done = self._embedded

        def progress(count: int, total: int) -> None:
            if self._report:
                self._report("embedding", done + count, done + total + expected)

        if texts:
            made = self._encoder.encode(list(texts.values()), progress)
            vectors.update(zip(texts, made, strict=True))
            self._embedded += len(texts)
        rows = [{**row, "vector": vectors[row["hash"]].tolist()} for row, _ in self._queue]
        self._connection.upsert(self._collection, rows)
        self._queue.clear()
        self._given.clear()

    def _known(self, hashes: Sequence[str]) -> dict[str, Vectors]:
        """Vectors of texts that were embedded before, in this version or another, by the texts' hashes."""
        found: dict[str, Vectors] = {}
        for start in range(0, 0 if self._is_new else len(hashes), BATCH):
            wanted = any_of("hash", list(hashes[start : start + BATCH]))
            for row in self._connection.every(self._collection, wanted, ["id", "hash", "vector"], page=BATCH):
                vector = np.asarray(row["vector"], dtype=np.float32)
                if abs(float(vector @ vector) - 1) < 1e-3:
                    found[row["hash"]] = vector
        return found
