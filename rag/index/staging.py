"""Writing an index version file by file, so that memory does not grow with the collection."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ..embedding.encoder import Encoder, Vectors
from ..sources.remote import Location
from ..text.chunking import Budget, ChunkSettings
from .database import text_hash
from .index import LIBRARY, VECTORS, WORDS, Report, open_store
from .lexical import WordsWriter
from .manifest import FORMAT, Manifest, hash_files
from .near_duplicates import find_near_duplicates
from .prepare import PreparedFile, cut_again
from .progress import Forecast
from .salvage import ReusableParts, StagedVectors
from .store import FileRecord, SqliteStore
from .store_writer import StoreWriter
from .vectors import VectorWriter, build_approximate_index

#: Passages embedded together; a crash loses at most this many.
BLOCK = 2048


class VersionWriter:
    """Writes one version; a context manager that closes its files.

    Args:
        folder: Empty folder of the version.
        encoder: Embeds passages whose text is new.
        settings: Chunk settings.
        previous: Earlier version to reuse files and vectors from.
        staged: Vectors of interrupted builds, to reuse as well.
        report: Called with the passages embedded and the expected total.
    """

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        settings: ChunkSettings,
        *,
        previous: ReusableParts | None,
        staged: Sequence[StagedVectors],
        report: Report | None,
    ) -> None:
        self._folder, self._encoder, self._settings = folder, encoder, settings
        self._previous, self._staged, self._report = previous, staged, report
        self._forecast = Forecast({})
        self._window = Budget(encoder.count_tokens, encoder.window)
        same_embedder = previous is not None and previous.manifest.fingerprint == encoder.fingerprint
        self._old_vectors = previous.vectors if previous and same_embedder else None
        self._old_words = previous.words if previous else None
        source = previous.version / LIBRARY if previous else None
        self._files = ExitStack()
        self._store = StoreWriter(folder / LIBRARY, encoder.fingerprint, source)
        self._files.callback(self._store.close)
        self._vectors = self._files.enter_context(VectorWriter(folder / VECTORS, encoder.dimension))
        self._words = self._files.enter_context(WordsWriter(folder / WORDS, self._old_words))
        self._pending: dict[int, str] = {}
        self._embedded = 0
        # Passages can be copied only if the settings would give the same ones.
        self._same_chunks = bool(previous and same_embedder and previous.manifest.chunking == asdict(settings))
        self._run: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._files.__exit__(kind, error, at)

    @property
    def passages(self) -> int:
        """Number of passages so far."""
        self._copy_run()
        return self._store.rows

    @property
    def can_copy(self) -> bool:
        """True if ``copy`` copies a file's passages instead of cutting and embedding them again."""
        return self._same_chunks

    def expect(self, sizes: Mapping[str, int], changed: Collection[str]) -> None:
        """Announce the files to be read; see ``Forecast``. Reports then include their passages in the total."""
        self._forecast = Forecast(sizes, changed)

    def add_prepared(self, file: PreparedFile) -> None:
        """Add a file; passages whose vectors neither it nor an earlier version has are embedded later.

        Raises:
            InputError: See ``StoreWriter.add``.
        """
        self._copy_run()
        self._store.add(file.path, file.stored, file.documents, file.remarks)
        texts = [passage.read_text for _, passages in file.documents for passage in passages]
        queued = self._add_texts(texts, file.vectors)
        self._forecast.add(file.path, len(texts), queued + len(file.vectors))
        self._embed_full_block()
        if file.vectors and self._report:
            self._embedded += len(file.vectors)
            self._report("embedding", self._embedded, self._embedded + self._forecast.passages())

    def commit(self) -> None:
        """Commit what was added so far, so that it survives a crash of this process."""
        # Vectors are flushed before rows are committed, so after a crash every row has its vector.
        self._vectors.flush()
        self._store.commit()

    def known_texts(self, path: str) -> frozenset[bytes]:
        """The ``text_hash`` of passages of a file that an earlier version or an interrupted build has vectors of."""
        earlier = self._previous.store.text_hashes(path) if self._previous and self._old_vectors is not None else []
        return frozenset(earlier).union(*(each.text_hashes(path) for each in self._staged))

    def refuse(self, path: str, digest: str, reason: str) -> None:
        """Remember that a file cannot be read; see ``StoreWriter.refuse``."""
        self._forecast.add(path, 0, 0)
        self._store.refuse(path, digest, reason)

    def copy(self, old: FileRecord, path: str) -> None:
        """Copy a file of the previous version to ``path``, which may differ from its old path."""
        assert self._previous
        if not self._same_chunks:
            self.add_prepared(cut_again(self._previous.store, old, path, self._settings, self._window))
        elif path != old.path:
            self._copy_run()
            self._copy_rows(self._store.copy(old.number, old.number, rename=path))
        else:
            # Adjacent files are copied together: most files of a large collection are unchanged.
            if self._run and self._run[-1] + 1 != old.number:
                self._copy_run()
            self._run.append(old.number)

    def finish(
        self, sources: Sequence[Location], *, limits: Mapping[str, int], follow_links: bool, reading: int
    ) -> SqliteStore:
        """Embed the queued passages, and write the manifest.

        Args:
            sources: The indexed paths, stored in the manifest.
            limits: What reading a file could take, stored in the manifest.
            follow_links: Whether links out of the paths were followed, stored in the manifest.
            reading: See ``Manifest.reading``.
        """
        self._copy_run()
        self._embed(expected=0)
        before = self._previous.version if self._previous else None
        self._store.set_near_duplicates(find_near_duplicates(self._store.store(), self._folder, before))
        self._store.finish()
        self._words.finish()
        self._files.close()
        approximate = self._previous.approximate if self._previous and self._old_vectors is not None else None
        # A part of an index may hold no passages.
        found = (
            build_approximate_index(self._folder / VECTORS, self._encoder.dimension, approximate)
            if self.passages
            else None
        )
        store = open_store(self._folder)
        Manifest(
            format=FORMAT,
            created=time.time(),
            embedder=self._encoder.name,
            fingerprint=self._encoder.fingerprint,
            dimension=self._encoder.dimension,
            chunking=asdict(self._settings),
            sources=[str(path) for path in sources],
            documents=len(store.documents),
            passages=self.passages,
            search=asdict(found) if found else {"kind": "exact"},
            limits=limits,
            follow_links=follow_links,
            reading=reading,
            files=hash_files(self._folder),
        ).write(self._folder)
        return store

    def _copy_run(self) -> None:
        if self._run:
            self._copy_rows(self._store.copy(self._run[0], self._run[-1]))
            self._run.clear()

    def _copy_rows(self, rows: range) -> None:
        """Copy words and vectors of the previous version's passages, or make them from the texts if damaged."""
        assert self._previous
        if self._old_vectors is None or self._old_words is None:
            self._add_texts([self._previous.store.passages[row].read_text for row in rows])
            self._embed_full_block()
        else:
            self._vectors.copy(self._old_vectors, rows.start, rows.stop)
            self._words.copy(self._old_words, rows.start, rows.stop)

    def _add_texts(self, texts: list[str], vectors: Mapping[bytes, Vectors] | None = None) -> int:
        """Add words and known vectors of passages; queue the other passages for embedding, and return their number.

        ``vectors`` are further known vectors, by the ``text_hash`` of their text.
        """
        queued = len(self._pending)
        first = self._vectors.reserve(len(texts))
        for row, text in enumerate(texts, start=first):
            self._words.add(text)
            digest = text_hash(text)
            vector = vectors[digest] if vectors and digest in vectors else self._known_vector(digest)
            if vector is None:
                self._pending[row] = text
            else:
                self._vectors.put(np.array([row]), vector[None])
        return len(self._pending) - queued

    def _embed_full_block(self) -> None:
        if len(self._pending) >= BLOCK:
            self._embed(self._forecast.passages())

    def _known_vector(self, digest: bytes) -> Vectors | None:
        """The vector of a text that was embedded before, by the text's hash."""
        if self._previous and self._old_vectors is not None:
            row = self._previous.store.row_of(digest)
            if row is not None:
                vector: Vectors = self._old_vectors.vectors([row])[0]
                return vector
        for vectors in self._staged:
            found = vectors.vector(digest)
            if found is not None:
                return found
        return None

    def _embed(self, expected: int) -> None:
        """Embed the queued passages, each text once; ``expected`` more are in files not read yet."""
        texts = list(dict.fromkeys(self._pending.values()))
        done = self._embedded

        def progress(count: int, total: int) -> None:
            if self._report:
                self._report("embedding", done + count, done + total + expected)

        if texts:
            vectors = dict(zip(texts, self._encoder.encode(texts, progress), strict=True))
            rows = np.array(list(self._pending), dtype=np.int64)
            self._vectors.put(rows, np.stack([vectors[text] for text in self._pending.values()]))
            self._embedded += len(texts)
            self._pending.clear()
        self.commit()
