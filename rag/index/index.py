"""An open index: documents, passages, vectors and lexical index."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..embedding.encoder import Encoder
from ..errors import IndexDamaged, InputError
from ..text.chunking import Budget, ChunkSettings, chunk
from ..types import Document, Place
from .contract import DocumentStore, LexicalStore, Passages
from .filters import Where, conditions
from .lexical import Lexical
from .manifest import REMEDY, Manifest
from .store import FileRecord, SqliteStore
from .store_writer import StoreWriter
from .vectors import FaissStore, Rows, Subset, VectorStore
from .versions import current_version

#: Progress callback ``(stage, done, total)``; stages: "checking" and "reading" files, "embedding" passages. The total
#: number of passages is an estimate until all files are read.
Report = Callable[[str, int, int], None]

#: File and folder names in a version folder.
LIBRARY, VECTORS, WORDS = "library.sqlite", "vectors.f32", "words"


@dataclass(frozen=True, slots=True)
class Index:
    """An open index; a row of ``vectors`` and ``lexical`` belongs to ``passages[row]``."""

    store: DocumentStore
    vectors: VectorStore
    lexical: LexicalStore
    settings: ChunkSettings

    @property
    def documents(self) -> Mapping[str, Document]:
        """Documents by id, in index order."""
        return self.store.documents

    @property
    def passages(self) -> Passages:
        """Passages by row."""
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

    def rows(self, where: Where) -> Subset:
        """The passages that match a filter; ``numpy.asarray`` gives their rows, ``int64``, ascending.

        Raises:
            InputError: The filter is malformed or names an unknown field.
        """
        return self.store.rows(conditions(where))

    def matching(self, rows: list[int], where: Where) -> list[int]:
        """Those of the rows that match a filter, in their order.

        Raises:
            InputError: See ``rows``.
        """
        return self.store.matching(rows, conditions(where))

    def rows_by_document(self, where: Where | None = None) -> dict[str, Rows]:
        """Rows of the passages that match a filter, by document in index order; of all documents without a filter.

        Raises:
            InputError: See ``rows``.
        """
        return self.store.rows_by_document(conditions(where) if where else ())

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
            documents: Documents with distinct ids.
            encoder: Makes the vectors; no passage exceeds its window.
            settings: Chunk settings.
            report: Called with the number of passages embedded.

        Raises:
            InputError: The documents hold no text, or two share an id.
        """
        settings = settings or ChunkSettings()
        window = Budget(encoder.count_tokens, encoder.window)
        writer = StoreWriter(None, encoder.fingerprint)
        texts = []
        for document in documents:
            passages = list(chunk(document, settings, window))
            writer.add(document.id, "", [(document, passages)])
            texts += [passage.read_text for passage in passages]
        if not texts:
            raise InputError("the documents hold no text; name files that hold some")
        vectors = encoder.encode(texts, (lambda done, total: report("embedding", done, total)) if report else None)
        return cls(writer.store(), FaissStore(vectors), Lexical.build(texts), settings)

    @classmethod
    def open(cls, folder: Path | str, encoder: Encoder | None = None) -> Self:
        """Open an index folder, checking every file against its checksum.

        Args:
            folder: Folder that ``build_index`` wrote.
            encoder: Embedder for questions; must be the one that made the index.

        Raises:
            IndexMissing: There is no index.
            IndexMismatch: It has another format, or was made with another embedder.
            IndexDamaged: A file is missing or damaged.
            StoreUnavailable: The store that holds the index cannot be reached.
            InputError: The extra for the store is not installed.
        """
        version = current_version(Path(folder))
        try:
            return cls._open_version(version, encoder)
        except IndexDamaged:
            # A writer that finished twice in the meantime has deleted this version.
            if current_version(Path(folder)) == version:
                raise
            return cls.open(folder, encoder)

    @classmethod
    def _open_version(cls, version: Path, encoder: Encoder | None) -> Self:
        manifest = Manifest.read(version)
        if encoder:
            manifest.check_encoder(version.parent, encoder)
        manifest.check_files(version)
        if manifest.store:
            from .milvus import open_parts

            return cls(*open_parts(manifest), ChunkSettings(**manifest.chunking))  # type: ignore[arg-type]
        try:
            store = open_store(version)
            vectors, words = open_vectors(version, manifest), open_words(version, manifest)
            settings = ChunkSettings(**manifest.chunking)  # type: ignore[arg-type]
        except (OSError, ValueError, KeyError, TypeError, RuntimeError, sqlite3.Error) as error:
            raise IndexDamaged(f"{version}: cannot be read ({error}); {REMEDY}") from error
        return cls(store, vectors, words, settings)


def open_store(version: Path) -> SqliteStore:
    """The documents in the folder of a version."""
    return SqliteStore.open(version / LIBRARY)


def open_documents(version: Path, manifest: Manifest) -> DocumentStore:
    """The documents of a version, wherever they are.

    Raises:
        sqlite3.Error: The file in the folder is damaged.
        RagError: See ``rag.index.milvus.open_parts``.
    """
    if not manifest.store:
        return open_store(version)
    from .milvus import open_parts

    return open_parts(manifest)[0]


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
    """The lexical index of a version."""
    return Lexical.open(version / WORDS, manifest.passages)
