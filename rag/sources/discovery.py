"""Files to documents: which files are read, what they hold, and what cannot be read and why."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pathspec

from ..errors import DocumentError, InputError
from ..formats import FORMATS, max_bytes, suffix_of

#: A file of this name says, as ``.gitignore`` does, which files below its folder are left out.
IGNORE_FILE = ".ragignore"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to be indexed, or a file or folder that cannot be.

    Attributes:
        document_id: What its document will be called.
        path: Where it lies.
        fault: Why it cannot be read, where that is known already.
    """

    document_id: str
    path: Path
    fault: str = ""


def find_sources(paths: Sequence[Path]) -> list[Source]:
    """The files that the paths name, in order of their ids.

    Folders are searched to the bottom; hidden files, what an ``IGNORE_FILE`` names, links to folders, and folders that
    hold an index are left out.
    A document's id is its path relative to the folder it was found in; with several folders, the folder's name goes
    before it.

    Raises:
        InputError: A path does not exist, holds nothing that can be read, or two files would share an id.
    """
    found: dict[str, Source] = {}
    for path in paths:
        try:
            sources = list(_sources_of(path, prefix=f"{path.resolve().name}/" if len(paths) > 1 else ""))
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{path}: cannot be read ({reason}); check path and permissions") from error
        if not sources:
            raise InputError(f"{path}: no file there that can be read; name a folder that holds {_readable()} files")
        for source in sources:
            other = found.setdefault(source.document_id, source).path
            if other != source.path and os.path.realpath(other) != os.path.realpath(source.path):
                raise InputError(
                    f"{other} and {source.path} would both be called {source.document_id!r}; "
                    f"index the folder above them instead"
                )
    return [found[document_id] for document_id in sorted(found)]


def read_bytes(source: Source) -> bytes:
    """The file's bytes.

    Raises:
        DocumentError: It cannot be read, is no regular file, is empty or too large, or changes meanwhile.
    """
    path = source.path
    if source.fault:
        raise DocumentError(source.fault)
    try:
        before = path.stat()
        # A pipe or a device would be waited for, or read for ever.
        if not path.is_file():
            raise DocumentError("is not a regular file; copy what it gives into one")
        if before.st_size > (most := max_bytes(path.name)):
            raise DocumentError(
                f"{before.st_size / 1e6:,.1f} MB; the limit is {most / 1e6:,.0f} MB, so split it into smaller files"
            )
        raw = path.read_bytes()
        after = path.stat()
    except OSError as error:
        raise DocumentError(f"cannot be read: {error.strerror or error}") from error
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise DocumentError("changes while it is being read; run `rag index` again when it has been written")
    if not raw.strip():
        raise DocumentError("the file is empty")
    return raw


def content_hash(raw: bytes) -> str:
    """SHA-256, in hexadecimal: what a file is known by."""
    return hashlib.sha256(raw).hexdigest()


def _sources_of(path: Path, prefix: str) -> Iterator[Source]:
    if path.is_file():
        if suffix_of(path.name) not in FORMATS:
            raise InputError(f"{path}: {path.suffix or 'a file without a suffix'} is not read; {_readable()} are")
        yield Source(path.name, path)
        return
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    if not os.access(path, os.R_OK | os.X_OK):
        raise InputError(f"{path}: the folder cannot be read; check its permissions")
    unreadable: list[OSError] = []
    ignored = _Ignored(path)
    for folder, subfolders, names in os.walk(path, onerror=unreadable.append):
        here = Path(folder)
        if _holds_index(subfolders, names):
            subfolders.clear()
            continue
        ignored.enter(here, names)
        subfolders[:] = sorted(name for name in subfolders if not ignored.has(here / name, folder=True))
        for name in names:
            if suffix_of(name) in FORMATS and not ignored.has(here / name):
                yield _source(prefix + (here / name).relative_to(path).as_posix(), here / name)
    for error in unreadable:
        closed = Path(error.filename)
        document_id = prefix + closed.relative_to(path).as_posix()
        yield Source(document_id, closed, "the folder cannot be read; check its permissions")


def _source(document_id: str, path: Path) -> Source:
    """A file, unless its name cannot be written down."""
    name = os.fsencode(document_id)
    shown = name.decode("utf-8", errors="replace")
    return Source(shown, path, "" if shown == document_id else "its name is not UTF-8; rename it")


def _holds_index(subfolders: Sequence[str], names: Sequence[str]) -> bool:
    """Is this the folder of an index, whose own files are no documents?"""
    return bool({"current", "lock"} & set(names)) and any(name.startswith(("version-", "half-")) for name in subfolders)


class _Ignored:
    """What is left out below a folder: hidden files, and what the ignore files on the way down to a file name."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._specs: dict[Path, pathspec.GitIgnoreSpec] = {}

    def enter(self, folder: Path, names: Sequence[str]) -> None:
        """Take a folder's ignore file into account for what lies below it.

        Raises:
            InputError: It cannot be read, or holds a pattern that is none.
        """
        if IGNORE_FILE not in names:
            return
        path = folder / IGNORE_FILE
        try:
            self._specs[folder] = pathspec.GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8").splitlines())
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read ({error}); mend it, as .gitignore is written") from error

    def has(self, path: Path, *, folder: bool = False) -> bool:
        """Is the file or folder left out?"""
        if path.name.startswith("."):
            return True
        above = [self._top, *(self._top / part for part in path.relative_to(self._top).parents)]
        return any(
            self._specs[each].match_file(path.relative_to(each).as_posix() + "/" * folder)
            for each in dict.fromkeys(above)
            if each in self._specs
        )


def _readable() -> str:
    *most, last = sorted(FORMATS)
    return f"{', '.join(most)} and {last}"
