"""The index: documents, passages, vectors and words together, as a question needs them."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..embedding.encoder import Encoder
from ..errors import IndexDamaged, InputError
from ..text.chunking import Budget, ChunkSettings, chunk
from ..types import Document, Place
from .filters import Where, conditions
from .lexical import Lexical
from .manifest import REMEDY, Manifest
from .store import Documents, DocumentStore, FileRecord, Passages
from .store_writer import StoreWriter
from .vectors import FaissStore, Rows, VectorStore
from .versions import current_version

#: ``(stage, done, total)``; the stages are "checking" and "reading" (files), and "embedding" (passages).
Report = Callable[[str, int, int], None]

#: Names in a version folder.
LIBRARY, VECTORS, WORDS = "library.sqlite", "vectors.f32", "words"


@dataclass(frozen=True, slots=True)
class Index:
    """An open index; row ``i`` of ``vectors`` and of ``lexical`` belongs to ``passages[i]``."""

    store: DocumentStore
    vectors: VectorStore
    lexical: Lexical
    settings: ChunkSettings

    @property
    def documents(self) -> Documents:
        """The documents by their ids."""
        return self.store.documents

    @property
    def passages(self) -> Passages:
        """The passages in order of their rows."""
        return self.store.passages

    def place(self, document_id: str, at: int) -> Place:
        """Page and heading at a code point of a document."""
        return self.store.place(document_id, at)

    def title(self, document_id: str) -> str:
        """Title of a document."""
        return self.store.title(document_id)

    def file_of(self, document_id: str) -> FileRecord | None:
        """The file that a document was read from; None if there is no such document."""
        return self.store.file_of(document_id)

    def fields(self) -> list[str]:
        """Names of the fields that a filter may use, sorted."""
        return self.store.fields()

    def rows(self, where: Where) -> Rows:
        """Rows of the passages that match a filter, ``int64``, ascending.

        Raises:
            InputError: The filter is malformed or names an unknown field.
        """
        return self.store.rows(conditions(where))

    @classmethod
    def build(
        cls,
        documents: Iterable[Document],
        encoder: Encoder,
        settings: ChunkSettings | None = None,
        report: Report | None = None,
    ) -> Self:
        """Chunk and embed documents, in memory.

        Args:
            documents: With ids that differ.
            encoder: Makes the vectors; its window is a budget of every passage.
            settings: How to cut.
            report: Told how many passages are embedded.

        Raises:
            InputError: There is no text in the documents, or two have one id.
        """
        settings = settings or ChunkSettings()
        window = Budget(encoder.count_tokens, encoder.window)
        file = StoreWriter(None, encoder.fingerprint)
        texts = []
        for document in documents:
            passages = list(chunk(document, settings, window))
            file.add(document.id, "", [(document, passages)])
            texts += [passage.text for passage in passages]
        if not texts:
            raise InputError("there is no text to index; name files that hold some")
        vectors = encoder.encode(texts, (lambda done, total: report("embedding", done, total)) if report else None)
        return cls(file.store(), FaissStore(vectors), Lexical.build(texts), settings)

    @classmethod
    def open(cls, folder: Path | str, encoder: Encoder | None = None) -> Self:
        """Open an index folder, every file checked against its checksum.

        Args:
            folder: What ``build_index`` wrote.
            encoder: What questions will be embedded with; compared with what made the index.

        Raises:
            IndexMissing: There is no index.
            IndexMismatch: It has another format, or was made with another embedder.
            IndexDamaged: A file is missing or not as it was written.
        """
        version = current_version(Path(folder))
        try:
            return cls._open_version(version, encoder)
        except IndexDamaged:
            # A writer that finished twice meanwhile has cleared the version away; the new one is whole.
            if current_version(Path(folder)) == version:
                raise
            return cls.open(folder, encoder)

    @classmethod
    def _open_version(cls, version: Path, encoder: Encoder | None) -> Self:
        manifest = Manifest.read(version)
        if encoder:
            manifest.check_encoder(version.parent, encoder)
        manifest.check_files(version)
        try:
            store = open_store(version)
            vectors, words = open_vectors(version, manifest), open_words(version, manifest)
            settings = ChunkSettings(**manifest.chunking)  # type: ignore[arg-type]
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, sqlite3.Error) as error:
            raise IndexDamaged(f"{version}: cannot be read ({error}); {REMEDY}") from error
        return cls(store, vectors, words, settings)


def open_store(version: Path) -> DocumentStore:
    """The store of a version."""
    return DocumentStore.open(version / LIBRARY)


def open_vectors(version: Path, manifest: Manifest) -> VectorStore:
    """The vectors of a version, one per passage.

    Raises:
        ValueError: The number of vectors differs from the number of passages.
    """
    vectors = FaissStore.open(version / VECTORS, manifest.dimension)
    if len(vectors) != manifest.passages:
        raise ValueError(f"{VECTORS}: {len(vectors)} vectors for {manifest.passages} passages")
    return vectors


def open_words(version: Path, manifest: Manifest) -> Lexical:
    """The words of a version."""
    return Lexical.open(version / WORDS, manifest.passages)
