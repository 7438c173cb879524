"""Finding the files to index, and reading their bytes."""

from __future__ import annotations

import hashlib
import os
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ..errors import DocumentError, InputError
from ..formats import FORMATS, max_bytes, suffix_of
from .ignored import IGNORE_FILE, Ignored, unreadable_ignore
from .remote import CHANGED, Location, RemoteFile, RemoteFolder

EMPTY = "the file is empty"


@dataclass(frozen=True, slots=True)
class Source:
    """A file to index, or an unreadable file or folder.

    Attributes:
        document_id: Id of its document.
        path: Path of the file, or the file in a remote storage.
        fault: Why it is unreadable, if already known.
        inside: The folder that the file has to lie in, resolved; None if links out of it are followed, or the file was
            named itself.
    """

    document_id: str
    path: Path | RemoteFile
    fault: str = ""
    inside: Path | None = None


@dataclass(frozen=True, slots=True)
class FileState:
    """What tells whether a file has changed.

    Attributes:
        identity: SHA-256 of its bytes, or the stamp of a remote file; empty if it is unreadable.
        size: In bytes.
        fault: Why it is unreadable.
        outside: True if that is because it lies outside ``Source.inside``.
    """

    identity: str = ""
    size: int = 0
    fault: str = ""
    outside: bool = False


class OutsideLink(DocumentError):
    """A link in an indexed folder leads out of it, and is not followed."""

    def __init__(self, *, to_folder: bool) -> None:
        what, remedy = ("folder", "") if to_folder else ("file", ", or use --follow-links")
        super().__init__(
            f"is a link to a {what} outside the indexed folder, which is not followed; index that {what} too{remedy}"
        )


class Survey(NamedTuple):
    """What the paths of an index name.

    Attributes:
        sources: The files, sorted by id.
        unsupported: Further files in the folders, whose formats are not supported: their number by suffix in lower
            case, which is empty for a name without one. Files left out for another reason, such as hidden ones, are not
            counted.
    """

    sources: list[Source]
    unsupported: dict[str, int]


def find_sources(paths: Sequence[Location], *, follow_links: bool = False) -> list[Source]:
    """The files that the paths name, sorted by id; see ``survey``."""
    return survey(paths, follow_links=follow_links).sources


def survey(paths: Sequence[Location], *, follow_links: bool = False) -> Survey:
    """Find the files that the paths name.

    Folders are searched recursively, except for hidden files, files that a ``.ragignore`` excludes, links to folders,
    and folders of an index. A document's id is its path relative to the folder; with several paths, the folder's name
    is prepended.

    Args:
        paths: Files and folders, also those of a remote storage.
        follow_links: Also read files that links in the folders lead to outside of them. A path that is itself a link is
            always followed.

    Raises:
        InputError: A path does not exist, holds no supported file, or two files would share an id.
    """
    found: dict[str, Source] = {}
    unsupported: Counter[str] = Counter()
    for path in paths:
        try:
            prefix = f"{path.resolve().name}/" if len(paths) > 1 else ""
            if isinstance(path, RemoteFolder):
                sources = list(_remote_sources(path, prefix, unsupported))
            else:
                sources = list(_sources_of(path, prefix, None if follow_links else path.resolve(), unsupported))
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{path}: cannot be read ({reason}); check path and permissions") from error
        if not sources:
            raise InputError(f"{path}: no supported files there; name a folder that holds {_supported()} files")
        for source in sources:
            other = found.setdefault(source.document_id, source).path
            if not _is_same(other, source.path):
                raise InputError(
                    f"{other} and {source.path} would share the id {source.document_id!r}; "
                    f"index the folder above them instead"
                )
    return Survey([found[document_id] for document_id in sorted(found)], dict(unsupported))


def state_of(source: Source) -> FileState:
    """The state of a file; a remote file that has a stamp is not read for it."""
    path = source.path
    try:
        if isinstance(path, RemoteFile) and path.stamp and not source.fault:
            _check_size(path.name, path.size)
            return FileState(path.stamp, path.size or 0)
        raw = read_bytes(source)
    except OutsideLink as error:
        return FileState(fault=str(error), outside=True)
    except DocumentError as error:
        return FileState(fault=str(error))
    return FileState(content_hash(raw), len(raw))


def stamp_of(source: Source) -> str:
    """The stamp of a remote file; empty for a local one, which its content identifies."""
    return source.path.stamp if isinstance(source.path, RemoteFile) else ""


def read_bytes(source: Source) -> bytes:
    """Read the bytes of a file.

    Raises:
        OutsideLink: It lies outside ``source.inside``.
        DocumentError: It is unreadable, not a regular file, empty, too large, or changes while it is read.
    """
    path = source.path
    if source.fault:
        raise DocumentError(source.fault)
    if isinstance(path, RemoteFile):
        _check_size(path.name, path.size)
        raw = path.read(max_bytes(path.name))
        _check_size(path.name, len(raw))
        if not raw.strip():
            raise DocumentError(EMPTY)
        return raw
    try:
        # Resolved when it is read, because links may have changed since the folder was searched.
        real = path.resolve(strict=True)
        if source.inside is not None and not real.is_relative_to(source.inside):
            raise OutsideLink(to_folder=real.is_dir())
        with os.fdopen(_opened(real), "rb") as file:
            before = os.fstat(file.fileno())
            _check_size(path.name, before.st_size)
            # The opened file is the one that was checked, if no folder on its way has been replaced by a link since.
            again = path.resolve(strict=True)
            if source.inside is not None and not (again == real and os.path.samestat(before, again.lstat())):
                raise DocumentError(CHANGED)
            raw = file.read(max_bytes(path.name) + 1)
            after = os.fstat(file.fileno())
    except DocumentError:  # also a ValueError
        raise
    except (OSError, RuntimeError) as error:  # a link to itself raises either
        raise DocumentError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise DocumentError(CHANGED)
    if not raw.strip():
        raise DocumentError(EMPTY)
    return raw


def content_hash(raw: bytes) -> str:
    """SHA-256 in hexadecimal; identifies the content of a file."""
    return hashlib.sha256(raw).hexdigest()


def _check_size(name: str, size: int | None) -> None:
    """Refuse an empty or too large file, by its name and its size in bytes."""
    if size == 0:
        raise DocumentError(EMPTY)
    if size is not None and size > (limit := max_bytes(name)):
        raise DocumentError(f"{size / 1e6:,.1f} MB; the limit is {limit / 1e6:,.0f} MB, so split it into smaller files")


def _is_same(one: Path | RemoteFile, other: Path | RemoteFile) -> bool:
    """True if both are the same file."""
    if isinstance(one, RemoteFile) or isinstance(other, RemoteFile):
        return one == other
    return one == other or os.path.realpath(one) == os.path.realpath(other)


def _opened(path: Path) -> int:
    """Open a regular file without waiting for a pipe's other end, and without following a link put in its place."""
    flags = ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
    descriptor = os.open(path, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in flags))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise DocumentError("is not a regular file; copy its contents into one")


def _sources_of(path: Path, prefix: str, inside: Path | None, unsupported: Counter[str]) -> Iterator[Source]:
    """The files that a path names; counts those of unsupported formats in a folder."""
    if path.is_file():
        if suffix_of(path.name) not in FORMATS:
            raise InputError(f"{path}: unsupported format {path.suffix or '(no suffix)'}; supported are {_supported()}")
        yield Source(path.name, path)
        return
    if not path.is_dir():
        raise InputError(f"{path}: no such file or folder")
    if not os.access(path, os.R_OK | os.X_OK):
        raise InputError(f"{path}: the folder cannot be read; check its permissions")
    unreadable: list[OSError] = []
    for file in _files_in(path, inside, unreadable.append):
        # Links to folders are not followed; those that lead out of this one are named.
        if (suffix := suffix_of(file.name)) in FORMATS or file.is_dir():
            yield _source(prefix + file.relative_to(path).as_posix(), file, inside)
        else:
            unsupported[suffix] += 1
    for error in unreadable:
        closed = Path(error.filename)
        document_id = prefix + closed.relative_to(path).as_posix()
        yield Source(document_id, closed, "the folder cannot be read; check its permissions")


def _files_in(
    path: Path, inside: Path | None = None, onerror: Callable[[OSError], object] | None = None
) -> Iterator[Path]:
    """The files below a folder that are not excluded, of any format.

    Args:
        path: The folder.
        inside: If given, links to folders outside of this one are yielded, too.
        onerror: Called for each folder that cannot be read.
    """
    ignored = Ignored(path)
    for folder, subfolders, names in os.walk(path, onerror=onerror):
        here = Path(folder)
        if _holds_index(subfolders, names):
            subfolders.clear()
            continue
        ignored.enter(here, names)
        subfolders[:] = sorted(name for name in subfolders if not ignored.has(here / name, folder=True))
        for name in subfolders:
            if inside and (here / name).is_symlink() and not (here / name).resolve().is_relative_to(inside):
                yield here / name
        yield from (here / name for name in names if not ignored.has(here / name))


def _remote_sources(folder: RemoteFolder, prefix: str, unsupported: Counter[str]) -> Iterator[Source]:
    """See ``_sources_of``."""
    files = dict(_remote_files(folder))
    if list(files) == [folder.name]:
        if suffix_of(folder.name) not in FORMATS:
            raise InputError(f"{folder}: unsupported format; supported are {_supported()}")
        prefix = ""
    for name, file in files.items():
        if (suffix := suffix_of(name)) not in FORMATS:
            unsupported[suffix] += 1
        else:
            # A key is any text; a document's id is a path.
            fault = "" if {"", ".", ".."}.isdisjoint(name.split("/")) else "its name is not a path; rename it"
            yield Source(prefix + name, file, fault)


def _remote_files(folder: RemoteFolder) -> Iterator[tuple[str, RemoteFile]]:
    """The files of a remote folder that are neither hidden nor excluded, of any format, by their relative paths."""
    files = dict(folder.files())
    top = PurePosixPath("/")
    ignored = Ignored(top)
    for name, file in files.items():
        if PurePosixPath(name).name == IGNORE_FILE:
            try:
                text = file.read(max_bytes(IGNORE_FILE)).decode("utf-8")
            except ValueError as error:  # also a DocumentError
                raise unreadable_ignore(f"{folder}/{name}", error) from error
            ignored.add(top / PurePosixPath(name).parent, f"{folder}/{name}", text)
    for name, file in files.items():
        path = top / name
        above = [each for each in path.parents if each != top]
        if not ignored.has(path) and not any(ignored.has(each, folder=True) for each in above):
            yield name, file


def _source(document_id: str, path: Path, inside: Path | None) -> Source:
    """A source for a file; a fault if its name is not valid UTF-8."""
    name = os.fsencode(document_id)
    shown = name.decode("utf-8", errors="replace")
    return Source(shown, path, "" if shown == document_id else "its name is not UTF-8; rename it", inside)


def _holds_index(subfolders: Sequence[str], names: Sequence[str]) -> bool:
    """True if this is the folder of an index, whose files are not documents."""
    return bool({"current", "lock"} & set(names)) and any(name.startswith(("version-", "half-")) for name in subfolders)


def _supported() -> str:
    *others, last = sorted(FORMATS)
    return f"{', '.join(others)} and {last}"
