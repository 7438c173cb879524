"""Preparing files for an index: read, cut into passages, embedded; in this process or by workers in others."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from ..embedding.encoder import Encoder, Vectors
from ..errors import InputError
from ..sources.discovery import FileState, Source, content_hash, read_bytes, stamp_of
from ..sources.parse_process import FileLimits, ParseProcess
from ..text.chunking import Budget, ChunkSettings, chunk
from ..types import Document, Passage, renamed
from .contract import DocumentStore
from .database import text_hash
from .language import unread_languages
from .store import UNREAD, FileRecord
from .store_writer import Remarks, remarks_of


@dataclass(frozen=True, slots=True)
class PreparedFile:
    """A file as it enters an index.

    Attributes:
        path: Path of the file, relative to the indexed folder.
        stored: Its hash and stamp; see ``FileRecord.stored``. Empty if it could not be read.
        documents: Its documents with their passages, in order.
        remarks: See ``StoreWriter.add``.
        vectors: Vectors of its passages by ``text_hash``, unit length; those that are already known may be missing.
        fault: Why it is unreadable; empty if it is not.
    """

    path: str
    stored: str
    documents: Sequence[tuple[Document, Sequence[Passage]]] = ()
    remarks: Remarks = ()
    vectors: Mapping[bytes, Vectors] = field(default_factory=dict)
    fault: str = ""

    @property
    def identity(self) -> str:
        """See ``FileRecord.identity``."""
        return self.stored.rpartition(" ")[2]


@dataclass(frozen=True, slots=True)
class FileTask:
    """A file to prepare.

    Attributes:
        source: Where to read it.
        size: Its size in bytes.
        known: The ``text_hash`` of each text that has a vector already, and is not embedded again.
    """

    source: Source
    size: int
    known: frozenset[bytes] = frozenset()


class Workers(Protocol):
    """Other processes that read and embed files."""

    def start(self, encoder: Encoder, settings: ChunkSettings, limits: FileLimits) -> None:
        """Set what the workers embed with, how they cut, and what reading a file may take."""

    def states(self, sources: Sequence[Source]) -> Iterator[FileState]:
        """``state_of`` of each source, in order.

        Raises:
            WorkersLost: The workers cannot be reached or used.
        """

    def prepare(self, tasks: Iterable[FileTask]) -> Iterator[PreparedFile]:
        """Prepare each file, in order, whatever becomes of a single worker.

        Raises:
            WorkersLost: The workers cannot be reached or used, or end again and again.
        """

    def close(self) -> None:
        """End the workers."""


class WorkersLost(Exception):
    """The workers cannot go on; not a ``RagError``, so that the part of an index that they have made is kept."""


class FilePreparer:
    """Prepares files in this process.

    Args:
        encoder: Embeds passages; none exceeds its window.
        settings: Chunk settings.
        parser: Parses the files.
    """

    def __init__(self, encoder: Encoder, settings: ChunkSettings, parser: ParseProcess) -> None:
        self._encoder, self._settings, self._parser = encoder, settings, parser
        self._window = Budget(encoder.count_tokens, encoder.window)

    def read(self, source: Source) -> PreparedFile:
        """Read a file and cut it, without vectors."""
        path, stored = source.document_id, ""
        try:
            raw = read_bytes(source)
            stored = f"{content_hash(raw)} {stamp_of(source)}".strip()
            parsed = self._parser.parse(path, raw)
            languages = unread_languages(parsed.documents, self._encoder)
            remarks = [*remarks_of(parsed), *((name, UNREAD, text) for name, text in languages)]
            documents = [(each, list(chunk(each, self._settings, self._window))) for each in parsed.documents]
        except InputError as error:
            return PreparedFile(path, stored, fault=str(error))
        return PreparedFile(path, stored, documents, remarks)

    def prepare(self, tasks: Sequence[FileTask]) -> list[PreparedFile]:
        """Read, cut and embed files; their new passages are embedded together."""
        files = [self.read(task.source) for task in tasks]
        new: list[dict[bytes, str]] = []
        for task, file in zip(tasks, files, strict=True):
            texts = {text_hash(each.read_text): each.read_text for _, passages in file.documents for each in passages}
            new.append({digest: text for digest, text in texts.items() if digest not in task.known})
        together = {digest: text for texts in new for digest, text in texts.items()}
        vectors = dict(zip(together, self._encoder.encode(list(together.values())), strict=True)) if together else {}
        return [
            replace(file, vectors={digest: vectors[digest] for digest in texts})
            for file, texts in zip(files, new, strict=True)
        ]


def cut_again(
    store: DocumentStore, old: FileRecord, path: str, settings: ChunkSettings, window: Budget
) -> PreparedFile:
    """A file of an earlier version, cut again, at its old path or another one; without vectors."""
    documents = (
        renamed(document, path + document.id.removeprefix(old.path)) for document in store.documents_of(old.number)
    )
    remarks = [
        (path + document_id.removeprefix(old.path), kind, text) for document_id, kind, text in store.remarks(old.number)
    ]
    cut = [(document, list(chunk(document, settings, window))) for document in documents]
    return PreparedFile(path, old.stored, cut, remarks)
