"""Files to an index folder: build it, or bring it up to date; only what changed is read and embedded again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..embedding.encoder import Encoder, SentenceTransformerEncoder
from ..errors import DocumentError, InputError
from ..formats import parse, suffix_of
from ..sources.discovery import Source, content_hash, find_sources, read_bytes
from ..text.chunking import ChunkSettings
from .index import Report
from .staging import Parts, Salvage, VersionFile, salvaged, whole_parts
from .store import DocumentStore, FileRecord
from .store_writer import SKIPPED, remarks_of
from .versions import new_version, writing


@dataclass(frozen=True, slots=True)
class Skipped:
    """A file, or a part of one, that was not read, and why; ``kept`` where the index still holds it as it was."""

    document_id: str
    reason: str
    kept: bool = False


@dataclass(slots=True)
class Changes:
    """What an index run did: paths of files by what became of them.

    Attributes:
        added, changed, unchanged, removed: Compared with the index before.
        renamed: Old and new path of files that moved; they cost nothing.
        skipped: What was not read.
        warnings: Document ids, and what to know of them: an encoding that was guessed, pages without text.
        documents, passages: How many there are now.
    """

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    renamed: list[tuple[str, str]] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    documents: int = 0
    passages: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """What is to be done about one file of the next version.

    Attributes:
        path: Of the file, relative to the indexed folder.
        source: Where to read it; None where it is taken over from the version before.
        old: What the version before holds of it, under this path or another one.
        refused: The hash and the reason of a content that cannot be read, where that has not changed.
    """

    path: str
    source: Source | None
    old: FileRecord | None
    refused: tuple[str, str] | None = None


def build_index(
    paths: Path | str | Sequence[Path | str],
    folder: Path | str,
    encoder: Encoder | None = None,
    settings: ChunkSettings | None = None,
    report: Report | None = None,
) -> Changes:
    """Build the index of some files and folders, or bring it up to date: afterwards it holds these and no others.

    Files whose content the folder's present index holds are taken over, whatever they are called now; of the others,
    passages that it holds are not embedded again. A file that cannot be read is skipped; if the present index holds
    it, that version of it is kept. Interrupted, it goes on from the last block of passages that were embedded.

    Args:
        paths: Files or folders, as the user names them.
        folder: Where the index lies or will lie.
        encoder: The default embedder where it is None.
        settings: How to cut documents.
        report: Told of progress.

    Raises:
        InputError: A path does not exist, nothing could be read, or the folder cannot be written to. The present
            index stays as it was.
        IndexBusy: Another process is writing to the folder.
    """
    named = [Path(paths)] if isinstance(paths, (str, Path)) else [Path(path) for path in paths]
    sources = find_sources(named)
    with writing(Path(folder)):
        encoder = encoder or SentenceTransformerEncoder()
        return update(named, sources, Path(folder), encoder, settings=settings, report=report)


def update(
    named: Sequence[Path],
    sources: Sequence[Source],
    folder: Path,
    encoder: Encoder,
    *,
    settings: ChunkSettings | None = None,
    report: Report | None = None,
) -> Changes:
    """``build_index`` of files that were found, for the one who holds the folder's lock."""
    return _Update(sources, folder, encoder, settings, report).run([path.resolve() for path in named])


class _Update:
    """One run of ``build_index``."""

    def __init__(
        self,
        sources: Sequence[Source],
        folder: Path,
        encoder: Encoder,
        settings: ChunkSettings | None,
        report: Report | None,
    ) -> None:
        self._sources, self._folder, self._encoder = sources, folder, encoder
        self._settings = settings or ChunkSettings()
        self._report = report or (lambda stage, done, total: None)
        self._previous = whole_parts(folder)
        self._known = self._previous.store.files() if self._previous else {}
        self._refused = self._previous.store.refused() if self._previous else {}
        self._wanted = {source.document_id for source in sources}
        self._changes = Changes()

    def run(self, named: Sequence[Path]) -> Changes:
        """Do it; ``named`` are the paths to be remembered."""
        steps = self._plan()
        if self._previous and self._is_as_wanted(self._previous, steps, named):
            self._changes.unchanged = [step.path for step in steps if step.old]
            return self._counted(self._previous.store)
        salvage = salvaged(self._folder, self._encoder)
        before = self._previous.version if self._previous else None
        with new_version(self._folder, before) as version, self._version_file(version, salvage) as file:
            for done, step in enumerate(steps, start=1):
                self._take(file, step)
                self._report("reading", done, len(steps))
            if not file.passages:
                raise InputError(self._nothing_read(named))
            store = file.finish(named)
        stayed = {step.path for step in steps} | {old for old, _ in self._changes.renamed}
        self._changes.removed = [path for path in self._known if path not in stayed]
        return self._counted(store)

    def _version_file(self, version: Path, salvage: Sequence[Salvage]) -> VersionFile:
        return VersionFile(
            version,
            self._encoder,
            self._settings,
            previous=self._previous,
            salvage=salvage,
            report=self._report,
        )

    def _plan(self) -> list[Step]:
        """What to do about each file, in order of their paths; compares contents and parses none."""
        paths = {record.hash: path for path, record in self._known.items()}
        seen: dict[str, str] = {}
        steps: list[Step] = []
        for done, source in enumerate(self._sources, start=1):
            try:
                digest = content_hash(read_bytes(source))
            except DocumentError as error:
                steps += self._kept(source.document_id, str(error))
            else:
                steps.append(self._step(source, digest, paths))
                if (other := seen.setdefault(digest, source.document_id)) != source.document_id:
                    same = f"has the same content as {other}; both are indexed"
                    self._changes.warnings.append((source.document_id, same))
            self._report("checking", done, len(self._sources))
        return sorted(steps, key=lambda step: step.path)

    def _step(self, source: Source, digest: str, paths: Mapping[str, str]) -> Step:
        path = source.document_id
        old = self._known.get(path)
        if old and old.hash == digest:
            return Step(path, None, old)
        if (refused := self._refused.get(path)) and refused[0] == digest:
            self._changes.skipped.append(Skipped(path, refused[1], kept=old is not None))
            return Step(path, None, old, refused)
        # By the same content under another name, if that has the same format.
        moved = paths.get(digest)
        if moved is not None and suffix_of(moved) == suffix_of(path):
            return Step(path, None, self._known[moved])
        return Step(path, source, old)

    def _kept(self, path: str, reason: str) -> list[Step]:
        """The steps that keep what the index holds of a file that cannot be read, or of all files in such a folder."""
        below = [old for old in self._known if old == path or old.startswith(f"{path}/")]
        self._changes.skipped.append(Skipped(path, reason, kept=bool(below)))
        return [Step(old, None, self._known[old]) for old in below]

    def _is_as_wanted(self, previous: Parts, steps: Sequence[Step], named: Sequence[Path]) -> bool:
        """Would the next version be the current one again?"""
        return (
            previous.is_current_for(self._encoder, self._settings)
            and previous.manifest.sources == [str(path) for path in named]
            and [step.old for step in steps if step.old] == list(self._known.values())
            and {step.path: step.refused for step in steps if step.refused} == self._refused
            and all(step.source is None and (not step.old or step.path == step.old.path) for step in steps)
        )

    def _take(self, file: VersionFile, step: Step) -> None:
        """Bring one file into the next version, and note what became of it."""
        if step.source and self._read(file, step.source, step.old):
            (self._changes.changed if step.path in self._known else self._changes.added).append(step.path)
            return
        if step.refused:
            file.refuse(step.path, *step.refused)
        if step.old:
            file.copy(step.old, step.path)
            self._note_copy(step.path, step.old.path)

    def _read(self, file: VersionFile, source: Source, old: FileRecord | None) -> bool:
        """Add a file as it is now; returns whether it could be."""
        path, digest = source.document_id, None
        try:
            raw = read_bytes(source)
            digest = content_hash(raw)
            parsed = parse(path, raw)
            file.add(path, digest, parsed.documents, remarks_of(parsed))
        except InputError as error:
            self._changes.skipped.append(Skipped(path, str(error), kept=old is not None))
            if digest:
                # So that it is not tried again before it changes.
                file.refuse(path, digest, str(error))
            return False
        return True

    def _note_copy(self, path: str, old_path: str) -> None:
        if path == old_path:
            self._changes.unchanged.append(path)
        elif path in self._known:
            self._changes.changed.append(path)
        elif old_path in self._wanted:
            self._changes.added.append(path)
        else:
            self._changes.renamed.append((old_path, path))

    def _counted(self, store: DocumentStore) -> Changes:
        for document_id, kind, text in store.remarks():
            if kind == SKIPPED:
                self._changes.skipped.append(Skipped(document_id, text))
            else:
                self._changes.warnings.append((document_id, text))
        self._changes.documents, self._changes.passages = len(store.documents), len(store.passages)
        return self._changes

    def _nothing_read(self, named: Sequence[Path]) -> str:
        skipped = self._changes.skipped
        first = f"; {skipped[0].document_id}: {skipped[0].reason}" if skipped else ""
        more = f" (and {len(skipped) - 1} more)" if len(skipped) > 1 else ""
        return f"{', '.join(map(str, named))}: nothing could be read{first}{more}"
