"""The index: documents, passages, vectors and words together, in memory and in a folder on disk."""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np

from .chunking import Budget, ChunkSettings, chunk
from .encoder import Encoder, Vectors
from .errors import IndexDamaged, IndexMismatch, InputError
from .lexical import Lexical, WordsFile
from .manifest import FORMAT, Manifest, current_version, hash_files, new_version
from .types import Document, Passage
from .vectors import FaissStore, VectorFile, VectorStore, approximate

#: ``(stage, done, total)``; the stages are "reading" (files) and "embedding" (passages).
Report = Callable[[str, int, int], None]

DOCUMENTS, PASSAGES, VECTORS, WORDS = "documents.jsonl", "passages.npy", "vectors.f32", "words"


@dataclass(frozen=True, slots=True)
class Index:
    """Everything that a question needs, consistent in itself: row ``i`` of vectors and words is ``passages[i]``."""

    documents: dict[str, Document]
    passages: list[Passage]
    vectors: VectorStore
    words: Lexical
    settings: ChunkSettings

    @classmethod
    def build(
        cls,
        documents: Iterable[Document],
        encoder: Encoder,
        settings: ChunkSettings | None = None,
        reuse: Self | None = None,
        report: Report | None = None,
    ) -> Self:
        """Chunk and embed documents, in memory.

        Args:
            documents: With ids that differ.
            encoder: Makes the vectors; its window is a budget of every passage.
            settings: How to cut.
            reuse: An index made with the same encoder; passages whose text it holds keep its vectors.
            report: Told how many passages are embedded.

        Raises:
            InputError: There is no text in the documents.
        """
        settings = settings or ChunkSettings()
        by_id = {document.id: document for document in documents}
        window = Budget(encoder.count_tokens, encoder.window)
        passages = [passage for document in by_id.values() for passage in chunk(document, settings, window)]
        if not passages:
            raise InputError("there is no text to index; name files that hold some")
        vectors = _embed([passage.text for passage in passages], encoder, reuse, report)
        words = Lexical.build(passage.text for passage in passages)
        return cls(by_id, passages, FaissStore(vectors), words, settings)

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
            _check_encoder(version.parent, manifest, encoder)
        manifest.check_files(version)
        try:
            return cls._read(version, manifest)
        except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
            raise IndexDamaged(f"{version}: cannot be read ({error}); build it again with `rag index`") from error

    def save(
        self,
        folder: Path | str,
        encoder: Encoder,
        sources: Sequence[Path] = (),
        hashes: dict[str, str] | None = None,
    ) -> None:
        """Write it as the folder's next version and make that current.

        Args:
            folder: Created if need be.
            encoder: What the vectors were made with.
            sources: The paths that were indexed, to be remembered.
            hashes: SHA-256 of each document's file; of its text where it came from no file.

        Raises:
            InputError: The folder cannot be written to, or holds something else.
        """
        if hashes is None:
            hashes = {document.id: content_hash(document.text.encode()) for document in self.documents.values()}
        with new_version(Path(folder)) as version:
            self._write(version)
            Manifest(
                format=FORMAT,
                created=time.time(),
                embedder=encoder.name,
                fingerprint=encoder.fingerprint,
                dimension=encoder.dimension,
                chunking=asdict(self.settings),
                sources=[str(path) for path in sources],
                documents=hashes,
                passages=len(self.passages),
                files=hash_files(version),
            ).write(version)

    def _write(self, version: Path) -> None:
        with (version / DOCUMENTS).open("w", encoding="utf-8") as file:
            for document in self.documents.values():
                file.write(json.dumps(asdict(document)) + "\n")
        rows = {document_id: row for row, document_id in enumerate(self.documents)}
        extents = [(rows[p.document_id], p.start, p.end, p.tokens) for p in self.passages]
        np.save(version / PASSAGES, np.array(extents, dtype=np.int64))
        with VectorFile(version / VECTORS, self.vectors.dimension) as file:
            file.copy(self.vectors, 0, len(self.vectors))
        approximate(version / VECTORS, self.vectors.dimension)
        with WordsFile(version / WORDS) as words:
            for passage in self.passages:
                words.add(passage.text)
            words.finish()

    @classmethod
    def _read(cls, version: Path, manifest: Manifest) -> Self:
        with (version / DOCUMENTS).open(encoding="utf-8") as file:
            documents = [Document(**json.loads(line)) for line in file]
        # Only offsets are stored, so a passage cannot be anything but the slice it claims to be.
        passages = [
            Passage(documents[row].id, start, end, documents[row].text[start:end], tokens)
            for row, start, end, tokens in np.load(version / PASSAGES).tolist()
        ]
        vectors = FaissStore.open(version / VECTORS, manifest.dimension)
        if not len(passages) == len(vectors) == manifest.passages or vectors.dimension != manifest.dimension:
            raise ValueError(f"{len(passages)} passages, {len(vectors)} vectors, {manifest.passages} expected")
        words = Lexical.open(version / WORDS, len(passages))
        settings = ChunkSettings(**manifest.chunking)  # type: ignore[arg-type]
        return cls({document.id: document for document in documents}, passages, vectors, words, settings)


def _check_encoder(folder: Path | str, manifest: Manifest, encoder: Encoder) -> None:
    made = (manifest.embedder, manifest.fingerprint, manifest.dimension)
    given = (encoder.name, encoder.fingerprint, encoder.dimension)
    if made[1:] != given[1:]:
        raise IndexMismatch(
            f"{folder}: made with the embedder {made[0]!r} ({made[1]}, {made[2]} dimensions), "
            f"opened with {given[0]!r} ({given[1]}, {given[2]} dimensions); open it with the first, or build it again"
        )


def _embed(texts: list[str], encoder: Encoder, reuse: Index | None, report: Report | None) -> Vectors:
    rows = {passage.text: row for row, passage in enumerate(reuse.passages)} if reuse else {}
    old = [i for i, text in enumerate(texts) if text in rows]
    new = [i for i, text in enumerate(texts) if text not in rows]
    vectors = np.empty((len(texts), encoder.dimension), dtype=np.float32)
    if reuse and old:
        vectors[old] = reuse.vectors.vectors([rows[texts[i]] for i in old])
    if new:
        progress = (lambda done, total: report("embedding", done, total)) if report else None
        vectors[new] = encoder.encode([texts[i] for i in new], progress)
    return vectors


def content_hash(raw: bytes) -> str:
    """SHA-256, in hexadecimal."""
    return hashlib.sha256(raw).hexdigest()
