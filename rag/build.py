"""Files to an index folder: build it, or bring it up to date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from .chunking import ChunkSettings
from .documents import Source, find_sources, read_bytes
from .encoder import Encoder, SentenceTransformerEncoder
from .errors import DocumentError, IndexFolderError, InputError
from .formats import parse
from .formats.text import PROVEN_ENCODINGS
from .index import Index, Report, content_hash
from .manifest import Manifest, current_version
from .types import Document


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file or folder that was not read, and why; ``kept`` where the index still holds it as it was before."""

    document_id: str
    reason: str
    kept: bool


@dataclass(frozen=True, slots=True)
class Changes:
    """What an index run did: ids of documents by what became of them.

    Attributes:
        added, changed, unchanged, removed: Compared with the index before.
        skipped: Files that were not read.
        guessed: Documents whose encoding nothing proves, and the encoding that they were read in.
        passages: How many there are now.
    """

    added: list[str]
    changed: list[str]
    unchanged: list[str]
    removed: list[str]
    skipped: list[Skipped]
    guessed: dict[str, str]
    passages: int


def build_index(
    paths: Path | str | Sequence[Path | str],
    folder: Path | str,
    encoder: Encoder | None = None,
    settings: ChunkSettings | None = None,
    report: Report | None = None,
) -> Changes:
    """Build the index of some files and folders, or bring it up to date: afterwards it holds these and no others.

    Passages that the folder's present index holds already are not embedded again. A file that cannot be read is
    skipped; if the present index holds it, that version of it is kept.

    Args:
        paths: Files or folders, as the user names them.
        folder: Where the index lies or will lie.
        encoder: The default embedder where it is None.
        settings: How to cut documents.
        report: Told of progress.

    Raises:
        InputError: A path does not exist, nothing could be read, or the folder cannot be written to. The present
            index stays as it was.
    """
    named = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    sources = find_sources(named)
    encoder = encoder or SentenceTransformerEncoder()
    present = _present(folder, encoder)
    known = present[1].documents if present else {}
    documents: list[Document] = []
    hashes: dict[str, str] = {}
    skipped: list[Skipped] = []
    for done, source in enumerate(sources, start=1):
        try:
            document, digest = _read_source(source)
        except DocumentError as error:
            kept = _kept(source, present[0]) if present else []
            skipped.append(Skipped(source.document_id, str(error), bool(kept)))
            documents += kept
            hashes |= {document.id: known[document.id] for document in kept}
        else:
            documents.append(document)
            hashes[document.id] = digest
        if report:
            report("reading", done, len(sources))
    if not documents:
        raise InputError(_nothing_read(named, skipped))
    index = Index.build(documents, encoder, settings, present[0] if present else None, report)
    index.save(folder, encoder, [path.resolve() for path in named], hashes)
    return _changes(known, hashes, skipped, index)


def _read_source(source: Source) -> tuple[Document, str]:
    raw = read_bytes(source)
    return parse(source.document_id, raw).documents[0], content_hash(raw)


def _kept(source: Source, present: Index) -> list[Document]:
    """What the present index holds of a file that cannot be read now, or of all files in such a folder."""
    below = f"{source.document_id}/"
    return [
        document
        for document_id, document in present.documents.items()
        if document_id == source.document_id or document_id.startswith(below)
    ]


def _present(folder: Path | str, encoder: Encoder) -> tuple[Index, Manifest] | None:
    """The folder's present index, where there is one whose vectors can be used again."""
    try:
        index = Index.open(folder, encoder)
        return index, Manifest.read(current_version(Path(folder)))
    except IndexFolderError:
        return None


def _changes(before: dict[str, str], now: dict[str, str], skipped: list[Skipped], index: Index) -> Changes:
    encodings = {document.id: str(document.metadata["encoding"]) for document in index.documents.values()}
    return Changes(
        added=[name for name in now if name not in before],
        changed=[name for name in now if name in before and before[name] != now[name]],
        unchanged=[name for name in now if before.get(name) == now[name]],
        removed=[name for name in before if name not in now],
        skipped=skipped,
        guessed={name: encoding for name, encoding in encodings.items() if encoding not in PROVEN_ENCODINGS},
        passages=len(index.passages),
    )


def _nothing_read(paths: list[Path], skipped: list[Skipped]) -> str:
    first = skipped[0]
    more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
    return f"{', '.join(map(str, paths))}: nothing could be read; {first.document_id}: {first.reason}{more}"
