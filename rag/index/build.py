"""Build an index folder from files, or update it; only what changed is read and embedded again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path

from ..embedding.encoder import Encoder
from ..errors import InputError
from ..formats import READING, suffix_of
from ..sources.discovery import Source, Survey, state_of, survey
from ..sources.parse_process import FileLimits, ParseProcess
from ..sources.remote import Location, RemoteFolder, location
from ..text.chunking import ChunkSettings
from .changes import Changes, Skipped, summarize
from .embedder import embedder_of
from .index import Report
from .manifest import Manifest
from .prepare import FilePreparer, FileTask, PreparedFile, Workers, WorkersLost
from .previous import Previous
from .shard import Shard
from .storage import Storage, Writer, open_storage
from .store import UNREAD, FileRecord
from .versions import has_index, new_version, refuse_foreign_files, writing


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
    paths: Location | str | Sequence[Location | str],
    folder: Path | str,
    encoder: Encoder | None = None,
    settings: ChunkSettings | None = None,
    report: Report | None = None,
    *,
    limits: FileLimits | None = None,
    follow_links: bool = False,
    store: str | None = None,
    workers: Workers | None = None,
    shard: Shard | None = None,
) -> Changes:
    """Build or update an index, so that it holds exactly these files and folders.

    Files whose content is already indexed are copied, even if renamed; in other files, only new passages are embedded.
    All files of an index that an older version of rag made are read again, if this one reads more of them; passages
    whose text is the same are not embedded again. An unreadable file is skipped; if it is already indexed, the index
    keeps the old version. An interrupted run continues from the last block of embedded passages.

    Files are parsed in a process of their own, which may take a limited time and memory for each; a file that exceeds a
    limit is skipped.

    Args:
        paths: Files or folders; also those of a remote storage, by a URL such as ``s3://bucket/reports``.
        folder: Folder of the index.
        encoder: Default: the one that the index was made with, or the shipped one. With another than that, all passages
            are embedded again.
        settings: Chunk settings.
        report: Called with progress.
        limits: What reading a file may take.
        follow_links: Also read files that links in the folders lead to outside of them; see ``find_sources``.
        store: Where a new index is kept, for example ``milvus://HOST:PORT/COLLECTION``; the folder then holds only its
            manifest. Default: where it is, or in the folder.
        workers: Read, cut and embed the files; they are closed at the end. Default: this process.
        shard: Build only this part of the index, in a folder; see ``merge_shards``.

    Raises:
        InputError: A path does not exist, nothing could be read, the folder cannot be written to, the workers cannot be
            used, or ``store`` is not where the index is or is given for a part. The index does not change.
        IndexBusy: Another process is writing to the folder or the store.
        StoreUnavailable: The store cannot be reached, or failed. The index does not change.
        IndexMismatch: The store holds another index.
    """
    several = [paths] if isinstance(paths, (str, Path, RemoteFolder)) else paths
    named = [location(path) for path in several]
    found = survey(named, follow_links=follow_links)
    target = Path(folder)
    if shard and store:
        raise InputError("a part of an index is built in a folder; give the store to the run that merges the parts")
    if shard:
        refuse_foreign_files(target)
        target = shard.folder(target)
        # A folder that cannot be read may hold files of every part.
        found = found._replace(sources=[each for each in found.sources if each.fault or shard.holds(each.document_id)])
    with writing(target):
        # The embedder is that of the whole index until this part has one of its own.
        encoder = encoder or embedder_of(target if has_index(target) else folder)
        return update(
            named, found, target, encoder,
            settings=settings, report=report, limits=limits, follow_links=follow_links, store=store,
            workers=workers, is_part=shard is not None,
        )  # fmt: skip


def update(
    named: Sequence[Location],
    found: Survey,
    folder: Path,
    encoder: Encoder,
    *,
    settings: ChunkSettings | None = None,
    report: Report | None = None,
    limits: FileLimits | None = None,
    follow_links: bool = False,
    store: str | None = None,
    storage: Storage | None = None,
    workers: Workers | None = None,
    is_part: bool = False,
) -> Changes:
    """``build_index`` for files already found; the caller holds the folder's lock.

    ``storage`` replaces ``store``. A part may hold no passages.
    """
    settings = settings or ChunkSettings()
    with ParseProcess(limits) as parser, closing(workers) if workers else nullcontext():
        build = _Update(
            found, folder, encoder, storage or open_storage(folder, encoder, store),
            settings=settings, report=report, parser=parser, follow_links=follow_links, workers=workers,
            is_part=is_part,
        )  # fmt: skip
        try:
            return build.run([path.resolve() for path in named])
        except WorkersLost as error:
            raise InputError(str(error)) from error


class _Update:
    """One run of ``build_index``."""

    def __init__(
        self,
        found: Survey,
        folder: Path,
        encoder: Encoder,
        storage: Storage,
        *,
        settings: ChunkSettings,
        report: Report | None,
        parser: ParseProcess,
        follow_links: bool,
        workers: Workers | None,
        is_part: bool,
    ) -> None:
        self._parser, self._follow_links = parser, follow_links
        self._sources, self._folder, self._encoder = found.sources, folder, encoder
        self._settings, self._workers, self._is_part = settings, workers, is_part
        if workers:
            workers.start(encoder, settings, parser.limits)
        self._report = report or (lambda stage, done, total: None)
        self._storage = storage
        self._previous = storage.previous
        self._known = self._previous.store.files() if self._previous else {}
        self._refused = self._previous.store.refused() if self._previous else {}
        # Then every file that was not read completely is tried again: which of them exceeded a limit is not recorded.
        self._may_take_more = self._previous is not None and parser.limits.exceed(self._previous.manifest.limits)
        self._reads_more = self._previous is not None and self._previous.manifest.reading != READING
        self._source_ids = {source.document_id for source in found.sources}
        self._changes = Changes(unsupported=found.unsupported)

    def run(self, named: Sequence[Location]) -> Changes:
        """Run it; ``named`` are the paths to store in the manifest."""
        steps = self._plan()
        if self._previous and self._is_up_to_date(self._previous, steps, named):
            self._changes.unchanged = [step.path for step in steps if step.old]
            return summarize(self._changes, self._previous.store)
        if any(step.source for step in steps) and not self._workers:
            self._parser.start()
        before = self._previous.version if self._previous else None
        with new_version(self._folder, before) as version, self._writer(version) as writer:
            read = [step for step in steps if step.source or not writer.can_copy]
            changed = {step.path for step in read if step.source and step.old}
            writer.expect({step.path: step.size for step in read}, changed)
            prepared = self._prepared(writer, [step for step in steps if step.source])
            for done, step in enumerate(steps, start=1):
                self._apply(writer, step, prepared)
                self._report("reading", done, len(steps))
            if not writer.passages and not self._is_part:
                raise InputError(self._nothing_read(named))
            store = writer.finish(
                named, limits=asdict(self._parser.limits), follow_links=self._follow_links, reading=READING
            )
        present = {step.path for step in steps} | {old for old, _ in self._changes.renamed}
        self._changes.removed = [path for path in self._known if path not in present]
        return summarize(self._changes, store)

    def _prepared(self, writer: Writer, steps: Sequence[Step]) -> Iterator[PreparedFile]:
        """The files of steps that have a source, in their order, each prepared when it is needed or before."""
        if self._workers:
            yield from self._workers.prepare(
                FileTask(step.source, step.size, writer.known_texts(step.path)) for step in steps if step.source
            )
            return
        preparer = FilePreparer(self._encoder, self._settings, self._parser)
        yield from (preparer.read(step.source) for step in steps if step.source)

    def _writer(self, version: Path) -> Writer:
        return self._storage.writer(version, self._settings, self._report)

    def _plan(self) -> list[Step]:
        """The steps for all files, sorted by path; hashes the files and parses none."""
        paths = {record.identity: path for path, record in self._known.items()}
        seen: dict[str, str] = {}
        steps: list[Step] = []
        states = self._workers.states(self._sources) if self._workers else map(state_of, self._sources)
        for done, (source, state) in enumerate(zip(self._sources, states, strict=True), start=1):
            if state.outside:
                # Not even an earlier version is kept: it may have been read with other settings.
                self._changes.skipped.append(Skipped(source.document_id, state.fault))
            elif state.fault:
                steps += self._keep_old(source.document_id, state.fault)
            else:
                steps.append(self._step(source, state.identity, state.size, paths))
                if (other := seen.setdefault(state.identity, source.document_id)) != source.document_id:
                    same = f"has the same content as {other}; both are indexed"
                    self._changes.warnings.append((source.document_id, same))
            self._report("checking", done, len(self._sources))
        return sorted(steps, key=lambda step: step.path)

    def _step(self, source: Source, digest: str, size: int, paths: Mapping[str, str]) -> Step:
        path = source.document_id
        old = self._known.get(path)
        if self._reads_more:
            return Step(path, source, old, size=size)
        if old and old.identity == digest and not (self._may_take_more and self._is_unread(old)):
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

    def _is_up_to_date(self, previous: Previous, steps: Sequence[Step], named: Sequence[object]) -> bool:
        """True if the next version would equal the current one."""
        return (
            previous.is_current_for(self._encoder, self._settings)
            and (not self._is_part or self._is_read_alike(previous.manifest))
            and previous.manifest.sources == [str(path) for path in named]
            and previous.manifest.follow_links == self._follow_links
            and [step.old for step in steps if step.old] == list(self._known.values())
            and {step.path: step.refused for step in steps if step.refused} == self._refused
            and all(step.source is None and (not step.old or step.path == step.old.path) for step in steps)
        )

    def _is_read_alike(self, manifest: Manifest) -> bool:
        """True if files are read as those of a part were; parts that differ in this are not merged."""
        return (manifest.reading, manifest.limits) == (READING, asdict(self._parser.limits))

    def _apply(self, writer: Writer, step: Step, prepared: Iterator[PreparedFile]) -> None:
        """Write one file to the next version, and record the change."""
        if step.source and self._add(writer, next(prepared), kept=step.old is not None):
            (self._changes.changed if step.path in self._known else self._changes.added).append(step.path)
            return
        if step.refused:
            writer.refuse(step.path, *step.refused)
        if step.old:
            writer.copy(step.old, step.path)
            self._record_copy(step.path, step.old.path)

    def _add(self, writer: Writer, file: PreparedFile, *, kept: bool) -> bool:
        """Add a file; False if it is unreadable. What workers made of it is safe then, whatever happens next."""
        fault = file.fault
        if not fault:
            try:
                writer.add_prepared(file)
            except InputError as error:
                fault = str(error)
        if fault:
            self._changes.skipped.append(Skipped(file.path, fault, kept=kept))
            if file.stored:
                # The next run does not parse it again unless it has changed.
                writer.refuse(file.path, file.identity, fault)
        if self._workers:
            writer.commit()
        return not fault

    def _record_copy(self, path: str, old_path: str) -> None:
        if path == old_path:
            self._changes.unchanged.append(path)
        elif path in self._known:
            self._changes.changed.append(path)
        elif old_path in self._source_ids:
            self._changes.added.append(path)
        else:
            self._changes.renamed.append((old_path, path))

    def _nothing_read(self, named: Sequence[object]) -> str:
        skipped = self._changes.skipped
        first = f"; {skipped[0].document_id}: {skipped[0].reason}" if skipped else ""
        more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
        return f"{', '.join(map(str, named))}: nothing could be read{first}{more}"
