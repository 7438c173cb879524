"""Writing a version of an index to Milvus.

A run writes rows that only the next version shows, and marks rows that it no longer shows; both are invisible until the
manifest names that version. A run that is broken off leaves such rows and marks behind. The next run takes the marks
back, uses the vectors of the rows, and deletes what it did not write itself.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from ...embedding.encoder import Encoder
from ...errors import InputError
from ...sources.remote import Location
from ...text.chunking import Budget, ChunkSettings
from ...types import Document
from ..manifest import FORMAT, Manifest
from ..prepare import PreparedFile, cut_again
from ..progress import Forecast
from ..store import FileRecord
from ..store_writer import field_values
from .completion import complete
from .connection import Connection
from .document_store import MilvusStore
from .head import Head
from .passage_writer import PassageWriter
from .record_writer import RecordWriter
from .records import Record
from .rows import PassageRows
from .schema import digest, passages_name
from .stored import document_key, file_record, head_record, passage_rows, refused_record, text_record

if TYPE_CHECKING:
    from ..index import Report


class MilvusWriter:
    """Writes one version; see ``rag.index.storage.Writer``.

    Args:
        folder: Empty folder of the version, for the manifest.
        connection: To the server.
        head: Head of the store; ``attempt`` is the number of the version.
        encoder: Embeds passages whose text is new.
        settings: Chunk settings.
        before: Manifest and documents of the version to start from.
        report: Called with the passages embedded and the expected total.
    """

    def __init__(
        self,
        folder: Path,
        connection: Connection,
        head: Head,
        encoder: Encoder,
        *,
        settings: ChunkSettings,
        before: tuple[Manifest, MilvusStore] | None,
        report: Report | None,
    ) -> None:
        self._folder, self._connection, self._head = folder, connection, head
        self._encoder, self._settings = encoder, settings
        self._manifest: Manifest | None
        self._old: MilvusStore | None
        self._manifest, self._old = before or (None, None)
        self._before = int(self._manifest.store["version"]) if self._manifest else 0
        self._collection = passages_name(connection.address, encoder.fingerprint, asdict(settings))
        old = self._manifest.store["collection"] if self._manifest else ""
        self._same = old == self._collection
        self._window = Budget(encoder.count_tokens, encoder.window)
        self._forecast = Forecast({})
        self._records = RecordWriter(connection, self._before, head.attempt)
        self._passages = PassageWriter(
            connection, self._collection, encoder, before=self._before, version=head.attempt, report=report
        )
        self._records.mend()
        if self._same:
            self._passages.mend()
        self._documents = self._manifest.documents if self._manifest else 0
        self._files = self._old.files() if self._old else {}
        self._present: set[str] = set()
        self._refused: list[Record] = []
        # Documents that have a field, and the most values that one has; changes only.
        self._having: Counter[str] = Counter()
        self._most: dict[str, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Nothing to close; what was written stays invisible until ``finish``."""

    @property
    def passages(self) -> int:
        """Number of passages so far; nothing can be added afterwards."""
        for path in self._files:
            if path not in self._present:
                self._retire_file(path)
        base = self._manifest.passages if self._manifest and self._same else 0
        return base + self._passages.added - self._passages.retired

    @property
    def can_copy(self) -> bool:
        """True if ``copy`` copies a file's passages instead of cutting and embedding them again."""
        return self._same

    def expect(self, sizes: Mapping[str, int], changed: Collection[str]) -> None:
        """Announce the files to be read; see ``Forecast``. Reports then include their passages in the total."""
        self._forecast = Forecast(sizes, changed)

    def add_prepared(self, file: PreparedFile) -> None:
        """Add a file; its documents that have not changed are kept."""
        path = file.path
        old = {record.value["key"]: record for record in self._old_heads(path)}
        new = []
        for document, passages in file.documents:
            key = document_key(document)
            new.append((document, key, () if key in old and self._same else passages))
        if len({document.id for document, _, _ in new}) < len(new):
            raise InputError(f"{path}: two documents share an id; give each its own")
        heads = [head_record(document, path, number, len(new)) for number, (document, _, _) in enumerate(new)]
        since = self._head.attempt
        rows = [
            list(zip(passage_rows(*each, since), (passage.read_text for passage in each[2]), strict=True))
            for each in new
            if each[2]
        ]
        self._present.add(path)
        for (document, key, _), head in zip(new, heads, strict=True):
            if key not in old:
                self._documents += 1
                self._records.put(head)
                self._records.put(text_record(document, key))
                self._count_fields(document, 1)
            elif old[key].key != head.key:
                self._records.retire(old[key])
                self._records.put(head)
        kept = {key for _, key, _ in new}
        for key, record in old.items():
            if key not in kept:
                self._retire_document(record)
        self._replace(path, file_record(path, file.stored, file.remarks, len(new)))
        texts = sum(map(len, rows))
        self._forecast.add(path, texts, sum(self._passages.add(each, file.vectors) for each in rows))
        self._passages.embed_full_block(self._forecast.passages)

    def commit(self) -> None:
        """Write the passages added so far; the next run uses their vectors if this one is broken off."""
        self._passages.embed_all()

    def known_texts(self, path: str) -> frozenset[bytes]:
        """See ``PassageWriter.known_texts``."""
        return self._passages.known_texts(path)

    def refuse(self, path: str, digest: str, reason: str) -> None:
        """Remember that a file cannot be read."""
        self._forecast.add(path, 0, 0)
        self._refused.append(refused_record(path, digest, reason))

    def copy(self, old: FileRecord, path: str) -> None:
        """Keep a file of the previous version, or copy it to another path."""
        assert self._old
        if self._same and path == old.path:
            self._present.add(path)
            return
        self.add_prepared(cut_again(self._old, old, path, self._settings, self._window))

    def finish(
        self, sources: Sequence[Location], *, limits: Mapping[str, int], follow_links: bool, reading: int
    ) -> MilvusStore:
        """Write what is queued, check it, and write the manifest; see ``rag.index.storage.Writer``.

        Raises:
            StoreUnavailable: The store failed, or lost something.
            IndexBusy: Another run has written to the store meanwhile.
        """
        passages = self.passages
        self._passages.embed_all()
        version = self._head.attempt
        total = (int(self._manifest.store["terms"]) if self._manifest and self._same else 0) + self._passages.terms
        self._records.write_refused(self._refused)
        self._records.write_terms(self._passages.passages_with, fresh=not self._same)
        self._records.write_fields(self._having, self._most)
        self._records.flush()
        rows = PassageRows(self._connection, self._collection, version, passages)
        store = MilvusStore(self._records.at(version), rows, self._documents)
        self._records.write_near_duplicates(store)
        self._records.flush()
        complete(self._connection, self._head, self._manifest, self._collection, passages)
        manifest = Manifest(
            format=FORMAT,
            created=time.time(),
            embedder=self._encoder.name,
            fingerprint=self._encoder.fingerprint,
            dimension=self._encoder.dimension,
            chunking=asdict(self._settings),
            sources=[str(path) for path in sources],
            documents=self._documents,
            passages=passages,
            search={"kind": self._connection.address.index},
            limits=limits,
            follow_links=follow_links,
            reading=reading,
            store={
                "address": str(self._connection.address), "id": self._head.id, "version": version,
                "collection": self._collection, "terms": total,
            },
        )  # fmt: skip
        manifest.write(self._folder)
        return MilvusStore(self._records.at(version), rows, self._documents)

    def _old_heads(self, path: str) -> list[Record]:
        return self._records.old.children("document", digest("file", path)) if path in self._files else []

    def _replace(self, path: str, new: Record) -> None:
        """Put a file's record in the place of its old one."""
        old = self._records.old.first("file", new.name) if path in self._files else None
        if old and old.key == new.key:
            return
        if old:
            self._records.retire(old)
        self._records.put(new)

    def _retire_file(self, path: str) -> None:
        self._present.add(path)
        for record in self._old_heads(path):
            self._retire_document(record)
        if file := self._records.old.first("file", digest("file", path)):
            self._records.retire(file)

    def _retire_document(self, record: Record) -> None:
        head = record.value
        self._documents -= 1
        self._records.retire(record)
        text = self._records.old.first("text", head["key"])
        if text:
            self._records.retire(text)
        if self._same:
            self._passages.retire(head["key"])
        self._count_fields(Document(head["id"], "", head["title"], metadata=head["metadata"]), -1)

    def _count_fields(self, document: Document, change: int) -> None:
        counts = Counter(name for name, _ in field_values(document))
        for name, count in counts.items():
            self._having[name] += change
            self._most[name] = max(count, self._most.get(name, 0))
