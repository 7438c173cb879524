"""Build an index folder from files, or update it; only what changed is read and embedded again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

from ..embedding.encoder import Encoder
from ..errors import DocumentError, InputError
from ..formats import READING, suffix_of
from ..sources.discovery import OutsideLink, Source, content_hash, count_unsupported, find_sources, read_bytes
from ..sources.parse_process import FileLimits, ParseProcess
from ..text.chunking import ChunkSettings
from .contract import DocumentStore
from .embedder import embedder_of
from .index import Report
from .language import unread_languages
from .storage import Previous, Storage, Writer, open_storage
from .store import SKIPPED, UNREAD, FileRecord
from .store_writer import remarks_of
from .versions import new_version, writing


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or part of one, that was not read; ``kept`` if the index keeps its previous version."""

    document_id: str
    reason: str
    kept: bool = False


@dataclass(slots=True)
class Changes:
    """Outcome of an index run: what happened to each file, by path.

    Attributes:
        added, changed, unchanged, removed: Compared with the previous index.
        renamed: Old and new path of moved files; they are not embedded again.
        skipped: Files that were not read.
        unread: Document ids, and what of the document was not read, such as pictures; of all documents in the index.
        warnings: Document ids and other warnings, such as a guessed encoding.
        unsupported: Files in the indexed folders whose formats are not supported: their number by suffix.
        near_duplicates: Documents whose text is nearly the same as that of another one: both ids, and the similarity,
            0.7 to 1.
        documents, passages: Counts in the new index.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    unread: list[tuple[str, str]] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    unsupported: dict[str, int] = field(default_factory=dict)
    near_duplicates: list[tuple[str, str, float]] = field(default_factory=list)
    documents: int = 0
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """How one file enters the next version.

    Attributes:
        path: Path of the file, relative to the indexed folder.
        source: Where to read it; None to copy it from the previous version.
        old: Its record in the previous version, under this path or its old one.
        refused: Hash and reason, if its content was unreadable before and has not changed.
        size: Its size in bytes; 0 if it cannot be read.
    """

    path: str
    source: Source | None
    old: FileRecord | None
    refused: tuple[str, str] | None = None
    size: int = 0


def build_index(
    paths: Path | str | Sequence[Path | str],
    folder: Path | str,
    encoder: Encoder | None = None,
    settings: ChunkSettings | None = None,
    report: Report | None = None,
    *,
    limits: FileLimits | None = None,
    follow_links: bool = False,
    store: str | None = None,
) -> Changes:
    """Build or update an index, so that it holds exactly these files and folders.

    Files whose content is already indexed are copied, even if renamed; in other files, only new passages are embedded.
    All files of an index that an older version of rag made are read again, if this one reads more of them; passages
    whose text is the same are not embedded again. An unreadable file is skipped; if it is already indexed, the index
    keeps the old version. An interrupted run continues from the last block of embedded passages.

    Files are parsed in a process of their own, which may take a limited time and memory for each; a file that exceeds a
    limit is skipped.

    Args:
        paths: Files or folders.
        folder: Folder of the index.
        encoder: Default: the one that the index was made with, or the shipped one. With another than that, all passages
            are embedded again.
        settings: Chunk settings.
        report: Called with progress.
        limits: What reading a file may take.
        follow_links: Also read files that links in the folders lead to outside of them; see ``find_sources``.
        store: Where a new index is kept, for example ``milvus://HOST:PORT/COLLECTION``; the folder then holds only its
            manifest. Default: where it is, or in the folder.

    Raises:
        InputError: A path does not exist, nothing could be read, the folder cannot be written to, or ``store`` is not
            where the index is. The index does not change.
        IndexBusy: Another process is writing to the folder or the store.
        StoreUnavailable: The store cannot be reached, or failed. The index does not change.
        IndexMismatch: The store holds another index.
    """
    named = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    sources = find_sources(named, follow_links=follow_links)
    with writing(Path(folder)):
        encoder = encoder or embedder_of(folder)
        return update(
            named, sources, Path(folder), encoder,
            settings=settings, report=report, limits=limits, follow_links=follow_links, store=store,
        )  # fmt: skip


def update(
    named: Sequence[Path],
    sources: Sequence[Source],
    folder: Path,
    encoder: Encoder,
    *,
    settings: ChunkSettings | None = None,
    report: Report | None = None,
    limits: FileLimits | None = None,
    follow_links: bool = False,
    store: str | None = None,
    storage: Storage | None = None,
) -> Changes:
    """``build_index`` for sources already found; the caller holds the folder's lock. ``storage`` replaces ``store``."""
    with ParseProcess(limits) as parser:
        build = _Update(
            sources, folder, encoder, storage or open_storage(folder, encoder, store),
            settings=settings, report=report, parser=parser, follow_links=follow_links,
        )  # fmt: skip
        return build.run([path.resolve() for path in named])


class _Update:
    """One run of ``build_index``."""

    def __init__(
        self,
        sources: Sequence[Source],
        folder: Path,
        encoder: Encoder,
        storage: Storage,
        *,
        settings: ChunkSettings | None,
        report: Report | None,
        parser: ParseProcess,
        follow_links: bool,
    ) -> None:
        self._parser, self._follow_links = parser, follow_links
        self._sources, self._folder, self._encoder = sources, folder, encoder
        self._settings = settings or ChunkSettings()
        self._report = report or (lambda stage, done, total: None)
        self._storage = storage
        self._previous = storage.previous
        self._known = self._previous.store.files() if self._previous else {}
        self._refused = self._previous.store.refused() if self._previous else {}
        # Then every file that was not read completely is tried again: which of them exceeded a limit is not recorded.
        self._may_take_more = self._previous is not None and parser.limits.exceed(self._previous.manifest.limits)
        self._reads_more = self._previous is not None and self._previous.manifest.reading != READING
        self._source_ids = {source.document_id for source in sources}
        self._changes = Changes()

    def run(self, named: Sequence[Path]) -> Changes:
        """Run it; ``named`` are the paths to store in the manifest."""
        self._changes.unsupported = dict(count_unsupported(named))
        steps = self._plan()
        if self._previous and self._is_up_to_date(self._previous, steps, named):
            self._changes.unchanged = [step.path for step in steps if step.old]
            return self._summarize(self._previous.store)
        if any(step.source for step in steps):
            self._parser.start()
        before = self._previous.version if self._previous else None
        with new_version(self._folder, before) as version, self._writer(version) as writer:
            read = [step for step in steps if step.source or not writer.can_copy]
            changed = {step.path for step in read if step.source and step.old}
            writer.expect({step.path: step.size for step in read}, changed)
            for done, step in enumerate(steps, start=1):
                self._apply(writer, step)
                self._report("reading", done, len(steps))
            if not writer.passages:
                raise InputError(self._nothing_read(named))
            store = writer.finish(
                named, limits=asdict(self._parser.limits), follow_links=self._follow_links, reading=READING
            )
        present = {step.path for step in steps} | {old for old, _ in self._changes.renamed}
        self._changes.removed = [path for path in self._known if path not in present]
        return self._summarize(store)

    def _writer(self, version: Path) -> Writer:
        return self._storage.writer(version, self._settings, self._report)

    def _plan(self) -> list[Step]:
        """The steps for all files, sorted by path; hashes the files and parses none."""
        paths = {record.hash: path for path, record in self._known.items()}
        seen: dict[str, str] = {}
        steps: list[Step] = []
        for done, source in enumerate(self._sources, start=1):
            try:
                raw = read_bytes(source)
            except OutsideLink as error:
                # Not even an earlier version is kept: it may have been read with other settings.
                self._changes.skipped.append(Skipped(source.document_id, str(error)))
            except DocumentError as error:
                steps += self._keep_old(source.document_id, str(error))
            else:
                digest = content_hash(raw)
                steps.append(self._step(source, digest, len(raw), paths))
                if (other := seen.setdefault(digest, source.document_id)) != source.document_id:
                    same = f"has the same content as {other}; both are indexed"
                    self._changes.warnings.append((source.document_id, same))
            self._report("checking", done, len(self._sources))
        return sorted(steps, key=lambda step: step.path)

    def _step(self, source: Source, digest: str, size: int, paths: Mapping[str, str]) -> Step:
        path = source.document_id
        old = self._known.get(path)
        if self._reads_more:
            return Step(path, source, old, size=size)
        if old and old.hash == digest and not (self._may_take_more and self._is_unread(old)):
            return Step(path, None, old, size=size)
        refused = self._refused.get(path)
        if refused and refused[0] == digest and not self._may_take_more:
            self._changes.skipped.append(Skipped(path, refused[1], kept=old is not None))
            return Step(path, None, old, refused, size)
        # The same content under another name, in the same format.
        moved = paths.get(digest)
        if moved is not None and moved != path and suffix_of(moved) == suffix_of(path):
            return Step(path, None, self._known[moved], size=size)
        return Step(path, source, old, size=size)

    def _is_unread(self, old: FileRecord) -> bool:
        """True if text of a file could not be read before."""
        remarks = self._previous.store.remarks(old.number) if self._previous else ()
        return any(kind == UNREAD for _, kind, _ in remarks)

    def _keep_old(self, path: str, reason: str) -> list[Step]:
        """Steps that keep the indexed version of an unreadable file, or of all files in an unreadable folder."""
        kept = [old for old in self._known if old == path or old.startswith(f"{path}/")]
        self._changes.skipped.append(Skipped(path, reason, kept=bool(kept)))
        return [Step(old, None, self._known[old]) for old in kept]

    def _is_up_to_date(self, previous: Previous, steps: Sequence[Step], named: Sequence[Path]) -> bool:
        """True if the next version would equal the current one."""
        return (
            previous.is_current_for(self._encoder, self._settings)
            and previous.manifest.sources == [str(path) for path in named]
            and previous.manifest.follow_links == self._follow_links
            and [step.old for step in steps if step.old] == list(self._known.values())
            and {step.path: step.refused for step in steps if step.refused} == self._refused
            and all(step.source is None and (not step.old or step.path == step.old.path) for step in steps)
        )

    def _apply(self, writer: Writer, step: Step) -> None:
        """Write one file to the next version, and record the change."""
        if step.source and self._read(writer, step.source, step.old):
            (self._changes.changed if step.path in self._known else self._changes.added).append(step.path)
            return
        if step.refused:
            writer.refuse(step.path, *step.refused)
        if step.old:
            writer.copy(step.old, step.path)
            self._record_copy(step.path, step.old.path)

    def _read(self, writer: Writer, source: Source, old: FileRecord | None) -> bool:
        """Read a file and add it; False if it is unreadable."""
        path, digest = source.document_id, None
        try:
            raw = read_bytes(source)
            digest = content_hash(raw)
            parsed = self._parser.parse(path, raw)
            languages = unread_languages(parsed.documents, self._encoder)
            remarks = [*remarks_of(parsed), *((name, UNREAD, text) for name, text in languages)]
            writer.add(path, digest, parsed.documents, remarks)
        except InputError as error:
            self._changes.skipped.append(Skipped(path, str(error), kept=old is not None))
            if digest:
                # The next run does not parse it again unless it has changed.
                writer.refuse(path, digest, str(error))
            return False
        return True

    def _record_copy(self, path: str, old_path: str) -> None:
        if path == old_path:
            self._changes.unchanged.append(path)
        elif path in self._known:
            self._changes.changed.append(path)
        elif old_path in self._source_ids:
            self._changes.added.append(path)
        else:
            self._changes.renamed.append((old_path, path))

    def _summarize(self, store: DocumentStore) -> Changes:
        for document_id, kind, text in store.remarks():
            if kind == SKIPPED:
                self._changes.skipped.append(Skipped(document_id, text))
            else:
                found = self._changes.unread if kind == UNREAD else self._changes.warnings
                found.append((document_id, text))
        self._changes.near_duplicates = store.near_duplicates()
        self._changes.documents, self._changes.passages = len(store.documents), len(store.passages)
        return self._changes

    def _nothing_read(self, named: Sequence[Path]) -> str:
        skipped = self._changes.skipped
        first = f"; {skipped[0].document_id}: {skipped[0].reason}" if skipped else ""
        more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
        return f"{', '.join(map(str, named))}: nothing could be read{first}{more}"
