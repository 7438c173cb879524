"""Making an index of the parts that several runs have built."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from heapq import merge
from pathlib import Path

from ..embedding.encoder import Encoder, Vectors
from ..errors import IndexDamaged, IndexMissing, InputError
from ..sources.discovery import survey
from ..sources.remote import location
from ..text.chunking import ChunkSettings
from .changes import Changes, Skipped, summarize
from .database import text_hash
from .embedder import embedder_of
from .index import Report
from .manifest import Manifest
from .prepare import PreparedFile
from .previous import Previous
from .salvage import ReusableParts
from .shard import Shard
from .storage import open_storage
from .store import FileRecord
from .versions import SHARDS, current_version, new_version, writing


def merge_shards(
    folder: Path | str,
    encoder: Encoder | None = None,
    report: Report | None = None,
    *,
    store: str | None = None,
) -> Changes:
    """Make an index of its parts, as one run over all files would have made it; nothing is read or embedded again.

    The parts stay, for the next time: run each again, then merge again.

    Args:
        folder: Folder of the index, in which ``build_index`` has built every part of a ``Shard``.
        encoder: Embedder of the parts. Default: the one that they name.
        report: Called with progress.
        store: Where the index is kept; see ``build_index``.

    Raises:
        InputError: A part is missing, parts do not fit together, they hold nothing, the folder cannot be written to, or
            ``store`` is not where the index is. The index does not change.
        IndexDamaged: A part is damaged.
        IndexBusy: Another process is writing to the folder or the store.
        StoreUnavailable: The store cannot be reached, or failed. The index does not change.
        IndexMismatch: The parts were made with another embedder, or the store holds another index.
    """
    folder = Path(folder)
    shards = _complete(folder)
    parts = [_open(shard, folder) for shard in shards]
    _check_alike(folder, shards, parts)
    made = parts[0].manifest
    settings = ChunkSettings(**made.chunking)  # type: ignore[arg-type]
    with writing(folder):
        encoder = encoder or embedder_of(shards[0].folder(folder))
        made.check_encoder(shards[0].folder(folder), encoder)
        storage = open_storage(folder, encoder, store)
        previous = storage.previous
        files = list(merge(*(_records(part) for part in parts), key=lambda each: each[0].path))
        refused = {path: why for part in parts for path, why in part.store.refused().items()}
        changes = _compared(previous, made, [record for record, _ in files])
        changes.skipped = [Skipped(path, reason) for path, (_, reason) in sorted(refused.items())]
        sources = [location(each) for each in made.sources]
        with suppress(InputError):  # the files may be out of reach of this run
            changes.unsupported = survey(sources, follow_links=made.follow_links).unsupported
        if previous and previous.is_current_for(encoder, settings) and previous.manifest.sources == made.sources:
            same = not (changes.added or changes.changed or changes.removed)
            if same and previous.store.refused() == refused:
                return summarize(changes, previous.store)
        if not any(part.manifest.passages for part in parts):
            raise InputError(f"{folder / SHARDS}: the parts hold no passages; see what each run has skipped, and why")
        before = previous.version if previous else None
        with new_version(folder, before) as version, storage.writer(version, settings, None) as writer:
            for path, why in refused.items():
                writer.refuse(path, *why)
            for done, (record, part) in enumerate(files, start=1):
                try:
                    writer.add_prepared(_prepared(record, part))
                except InputError as error:
                    # A store may not take what a folder takes.
                    changes.skipped.append(Skipped(record.path, str(error)))
                    writer.refuse(record.path, record.identity, str(error))
                if report:
                    report("merging", done, len(files))
            found = writer.finish(sources, limits=made.limits, follow_links=made.follow_links, reading=made.reading)
    return summarize(changes, found)


def _complete(folder: Path) -> list[Shard]:
    """All parts of the index, in order."""
    found = Shard.all_in(folder)
    counts = sorted({shard.count for shard in found})
    if not found:
        raise InputError(f"{folder}: holds no parts of an index; build them with `rag index PATH --shard 1/N` to N/N")
    if len(counts) > 1:
        numbers = " and ".join(map(str, counts))
        raise InputError(
            f"{folder / SHARDS}: holds parts of {numbers}; delete the folders of those that are out of date"
        )
    return [Shard(number, counts[0]) for number in range(1, counts[0] + 1)]


def _open(shard: Shard, folder: Path) -> ReusableParts:
    part = shard.folder(folder)
    try:
        found = ReusableParts.of(current_version(part))
    except IndexMissing as error:
        raise InputError(f"{part}: is not built; run `rag index PATH --shard {shard}`, then merge again") from error
    if found is None or (found.vectors is None and found.manifest.passages):
        raise IndexDamaged(f"{part}: is damaged; repair it with `rag verify --repair --index {part}`")
    return found


def _check_alike(folder: Path, shards: Sequence[Shard], parts: Sequence[ReusableParts]) -> None:
    """Refuse parts that were made in different ways."""
    first = parts[0].manifest
    for shard, part in zip(shards, parts, strict=True):
        for name, what in (
            ("fingerprint", "another embedder"),
            ("chunking", "other chunk settings"),
            ("sources", "other PATHs"),
            ("follow_links", "another --follow-links"),
            ("limits", "other limits for reading a file"),
            ("reading", "another version of rag"),
        ):
            if getattr(part.manifest, name) != getattr(first, name):
                raise InputError(
                    f"{shard.folder(folder)}: was built with {what} than part {shards[0]}; "
                    f"run both with the same options"
                )


def _records(part: ReusableParts) -> Iterator[tuple[FileRecord, ReusableParts]]:
    return ((record, part) for record in part.store.files().values())


def _prepared(record: FileRecord, part: ReusableParts) -> PreparedFile:
    """A file of a part, with its vectors."""
    store = part.store
    vectors: dict[bytes, Vectors] = {}
    documents = []
    for document in store.documents_of(record.number):
        rows = sorted(store.rows_at(document.id, 0, len(document.text)))
        passages = [store.passages[row] for row in rows]
        if rows and part.vectors is not None:
            hashes = [text_hash(passage.read_text) for passage in passages]
            vectors |= dict(zip(hashes, part.vectors.vectors(rows), strict=True))
        documents.append((document, passages))
    return PreparedFile(record.path, record.stored, documents, list(store.remarks(record.number)), vectors)


def _compared(previous: Previous | None, made: Manifest, files: Sequence[FileRecord]) -> Changes:
    """What has changed since the previous version, by path; all files, if they were read in another way then."""
    known = previous.store.files() if previous else {}
    before = previous.manifest if previous else made
    read_alike = all(getattr(before, name) == getattr(made, name) for name in ("reading", "limits", "follow_links"))
    changes = Changes()
    for file in files:
        old = known.get(file.path)
        is_same = old is not None and old.stored == file.stored and read_alike
        place = changes.added if old is None else changes.unchanged if is_same else changes.changed
        place.append(file.path)
    paths = {file.path for file in files}
    changes.removed = [path for path in known if path not in paths]
    return changes
