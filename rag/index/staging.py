"""Writing a version: store, vectors and words, a file at a time, so that memory does not grow with the collection."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from ..embedding.encoder import Encoder, Vectors
from ..errors import IndexFolderError
from ..text.chunking import Budget, ChunkSettings, chunk
from ..types import Document, renamed
from .index import LIBRARY, VECTORS, WORDS, Report, open_store, open_words
from .lexical import Lexical, WordsWriter
from .manifest import FORMAT, Manifest, hash_files
from .store import DocumentStore, FileRecord, text_hash
from .store_writer import Remarks, StoreWriter
from .vectors import APPROXIMATE, FaissStore, VectorStore, VectorWriter, build_approximate_index, map_vectors
from .versions import current_version, halves, versions

#: Passages that are embedded together, and so the most that a crash throws away.
BLOCK = 2048


@dataclass(frozen=True, slots=True)
class Parts:
    """What there is of an earlier version to take over: its store, and of the rest those parts that are whole.

    Attributes:
        version: Its folder.
        manifest: What it says of itself.
        store: Its documents and passages.
        vectors, words: None where they are damaged.
        approximate: Its approximate index, if it has one that is whole.
        whole: Is nothing of it damaged?
    """

    version: Path
    manifest: Manifest
    store: DocumentStore
    vectors: VectorStore | None
    words: Lexical | None
    approximate: Path | None
    whole: bool

    @classmethod
    def of(cls, version: Path) -> Self | None:
        """The whole parts of a version; None where its store is not among them."""
        try:
            manifest = Manifest.read(version)
        except IndexFolderError:
            return None
        damaged = manifest.damaged_files(version)
        if LIBRARY in damaged:
            return None
        try:
            store = open_store(version)
        except sqlite3.Error:
            return None
        # Only the vectors are reused; the approximate index is built again.
        vectors = None if VECTORS in damaged else FaissStore(map_vectors(version / VECTORS, manifest.dimension))
        words = None if any(name.startswith(WORDS) for name in damaged) else open_words(version, manifest)
        approximate = version / APPROXIMATE if APPROXIMATE in manifest.files and APPROXIMATE not in damaged else None
        return cls(version, manifest, store, vectors, words, approximate, not damaged)

    def is_current_for(self, encoder: Encoder, settings: ChunkSettings) -> bool:
        """Is this the current version, whole, made with this embedder and cut like this?"""
        try:
            current = current_version(self.version.parent)
        except IndexFolderError:
            return False
        made = (self.manifest.fingerprint, self.manifest.chunking)
        return self.whole and self.version == current and made == (encoder.fingerprint, asdict(settings))


def whole_parts(folder: Path) -> Parts | None:
    """The parts of the current version of a folder; of the one before where the current one's store is damaged."""
    try:
        candidates = [current_version(folder)]
    except IndexFolderError:
        candidates = []
    candidates += [version for version in versions(folder) if version not in candidates]
    return next((parts for version in candidates if (parts := Parts.of(version))), None)


class Salvage:
    """The vectors that a crash left in a half-written version, by the text that they are of.

    Args:
        half: The folder.
        encoder: Vectors of another one are of no use.
    """

    def __init__(self, half: Path, encoder: Encoder) -> None:
        self._store: DocumentStore | None = None
        try:
            # To be written to, so that SQLite takes back what was not committed.
            store = DocumentStore.open(half / LIBRARY, finished=False)
            self._vectors = map_vectors(half / VECTORS, encoder.dimension)
            if store.about("embedder") == encoder.fingerprint:
                self._store = store
        except (OSError, ValueError, sqlite3.Error):
            return

    def vector(self, digest: bytes) -> Vectors | None:
        """The vector of the passage whose text has this hash."""
        try:
            row = self._store.row_of(digest) if self._store else None
        except sqlite3.Error:
            # A machine that lost its power may have kept a part of a file.
            self._store = row = None
        if row is None or row >= len(self._vectors):
            return None
        vector: Vectors = self._vectors[row]
        # Or the row, and not its vector.
        return vector if abs(float(vector @ vector) - 1) < 1e-3 else None


class VersionFile:
    """Writes one version; a context manager that closes its files whatever happens.

    Args:
        folder: Of the version; empty.
        encoder: Makes the vectors of passages whose text is new.
        settings: How to cut.
        previous: What files and vectors are taken over from.
        salvage: Where else vectors are looked for.
        report: Told how many passages are embedded.
    """

    def __init__(
        self,
        folder: Path,
        encoder: Encoder,
        settings: ChunkSettings,
        *,
        previous: Parts | None,
        salvage: Sequence[Salvage],
        report: Report | None,
    ) -> None:
        self._folder, self._encoder, self._settings = folder, encoder, settings
        self._previous, self._salvage, self._report = previous, salvage, report
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
        # Files are not taken over as they are where they would be cut otherwise now.
        self._same_cut = bool(previous and same_embedder and previous.manifest.chunking == asdict(settings))
        self._run: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._files.__exit__(kind, error, at)

    @property
    def passages(self) -> int:
        """How many there are so far."""
        self._copy_run()
        return self._store.rows

    def add(self, path: str, digest: str, documents: Iterable[Document], remarks: Remarks) -> None:
        """Cut the documents of a file, and add it; see ``StoreWriter.add``."""
        self._copy_run()
        cut = [(document, list(chunk(document, self._settings, self._window))) for document in documents]
        self._store.add(path, digest, cut, remarks)
        self._take([passage.text for _, passages in cut for passage in passages])

    def refuse(self, path: str, digest: str, reason: str) -> None:
        """Remember that a file cannot be read; see ``StoreWriter.refuse``."""
        self._store.refuse(path, digest, reason)

    def copy(self, old: FileRecord, path: str) -> None:
        """Take over a file of the previous version, under a path that need not be the one it had."""
        if not self._same_cut:
            self._cut_again(old, path)
        elif path != old.path:
            self._copy_run()
            self._take_rows(self._store.copy(old.number, old.number, rename=path))
        else:
            # Neighbours are taken over together: of a large collection most files are as they were.
            if self._run and self._run[-1] + 1 != old.number:
                self._copy_run()
            self._run.append(old.number)

    def finish(self, sources: Sequence[Path]) -> DocumentStore:
        """Write what is left, and the manifest.

        Args:
            sources: The paths that were indexed, to be remembered.
        """
        self._copy_run()
        self._embed()
        self._store.finish()
        self._words.finish()
        self._files.close()
        before = self._previous.approximate if self._previous and self._old_vectors is not None else None
        found = build_approximate_index(self._folder / VECTORS, self._encoder.dimension, before)
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
            files=hash_files(self._folder),
        ).write(self._folder)
        return store

    def _copy_run(self) -> None:
        if self._run:
            self._take_rows(self._store.copy(self._run[0], self._run[-1]))
            self._run.clear()

    def _cut_again(self, old: FileRecord, path: str) -> None:
        """Add a file of the previous version as if its documents had just been read."""
        assert self._previous
        documents = [
            renamed(document, path + document.id.removeprefix(old.path))
            for document in self._previous.store.documents_of(old.number)
        ]
        remarks = [
            (path + document_id.removeprefix(old.path), kind, text)
            for document_id, kind, text in self._previous.store.remarks(old.number)
        ]
        self.add(path, old.hash, documents, remarks)

    def _take_rows(self, rows: range) -> None:
        """Add words and vectors of passages of the previous version, in whichever way is left."""
        assert self._previous
        if self._old_vectors is None or self._old_words is None:
            self._take([self._previous.store.passages[row].text for row in rows])
        else:
            self._vectors.copy(self._old_vectors, rows.start, rows.stop)
            self._words.copy(self._old_words, rows.start, rows.stop)

    def _take(self, texts: list[str]) -> None:
        """Add the words of passages, and their vectors where they are known; the others wait to be embedded."""
        first = self._vectors.reserve(len(texts))
        for row, text in enumerate(texts, start=first):
            self._words.add(text)
            vector = self._known(text_hash(text))
            if vector is None:
                self._pending[row] = text
            else:
                self._vectors.put(np.array([row]), vector[None])
        if len(self._pending) >= BLOCK:
            self._embed()

    def _known(self, digest: bytes) -> Vectors | None:
        """The vector of a text that was embedded before."""
        if self._previous and self._old_vectors is not None:
            row = self._previous.store.row_of(digest)
            if row is not None:
                vector: Vectors = self._old_vectors.vectors([row])[0]
                return vector
        for each in self._salvage:
            found = each.vector(digest)
            if found is not None:
                return found
        return None

    def _embed(self) -> None:
        """Embed the passages that wait, each text once."""
        texts = list(dict.fromkeys(self._pending.values()))
        done = self._embedded

        def progress(count: int, total: int) -> None:
            if self._report:
                self._report("embedding", done + count, done + total)

        if texts:
            vectors = dict(zip(texts, self._encoder.encode(texts, progress), strict=True))
            rows = np.array(list(self._pending), dtype=np.int64)
            self._vectors.put(rows, np.stack([vectors[text] for text in self._pending.values()]))
            self._embedded += len(texts)
            self._pending.clear()
        # Every row that the store holds after a crash has its vector.
        self._vectors.flush()
        self._store.commit()


def salvaged(folder: Path, encoder: Encoder) -> list[Salvage]:
    """What crashes left in an index folder, for the one who holds its lock."""
    return [Salvage(half, encoder) for half in halves(folder)]
