"""Finding the files to index, and reading their bytes."""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import DocumentError, InputError
from ..formats import FORMATS, max_bytes, suffix_of

if TYPE_CHECKING:
    import pathspec

#: A file of this name excludes files below its folder, with the syntax of ``.gitignore``.
IGNORE_FILE = ".ragignore"

#: In the expressions that pathspec makes: one or more ``*``, and a ``*`` with the single characters before the next.
STARS = re.compile(r"(?:\[\^/\]\*)+")
BEFORE_STAR = re.compile(r"\[\^/\]\*((?:\\.|\[[^\]]+\]|[^\\\[\](){}*+?/|^$])+?)(?=\[\^/\]\*)")


@dataclass(frozen=True, slots=True)
class Source:
    """A file to index, or an unreadable file or folder.

    Attributes:
        document_id: Id of its document.
        path: Path of the file.
        fault: Why it is unreadable, if already known.
        inside: The folder that the file has to lie in, resolved; None if links out of it are followed, or the file was
            named itself.
    """

    document_id: str
    path: Path
    fault: str = ""
    inside: Path | None = None


class OutsideLink(DocumentError):
    """A link in an indexed folder leads out of it, and is not followed."""

    def __init__(self, *, to_folder: bool) -> None:
        what, remedy = ("folder", "") if to_folder else ("file", ", or use --follow-links")
        super().__init__(
            f"is a link to a {what} outside the indexed folder, which is not followed; index that {what} too{remedy}"
        )


def find_sources(paths: Sequence[Path], *, follow_links: bool = False) -> list[Source]:
    """Find the files that the paths name, sorted by id.

    Folders are searched recursively, except for hidden files, files that an ``IGNORE_FILE`` excludes, links to folders,
    and folders of an index. A document's id is its path relative to the folder; with several paths, the folder's name
    is prepended.

    Args:
        paths: Files and folders.
        follow_links: Also read files that links in the folders lead to outside of them. A path that is itself a link is
            always followed.

    Raises:
        InputError: A path does not exist, holds no supported file, or two files would share an id.
    """
    found: dict[str, Source] = {}
    for path in paths:
        try:
            prefix = f"{path.resolve().name}/" if len(paths) > 1 else ""
            sources = list(_sources_of(path, prefix, None if follow_links else path.resolve()))
        except OSError as error:
            reason = error.strerror or error
            raise InputError(f"{path}: cannot be read ({reason}); check path and permissions") from error
        if not sources:
            raise InputError(f"{path}: no supported files there; name a folder that holds {_supported()} files")
        for source in sources:
            other = found.setdefault(source.document_id, source).path
            if other != source.path and os.path.realpath(other) != os.path.realpath(source.path):
                raise InputError(
                    f"{other} and {source.path} would share the id {source.document_id!r}; "
                    f"index the folder above them instead"
                )
    return [found[document_id] for document_id in sorted(found)]


def count_unsupported(paths: Sequence[Path]) -> Counter[str]:
    """Files in folders whose formats are not supported, by suffix in lower case; empty for a name without one.

    Files that ``find_sources`` leaves out for another reason, such as hidden ones, are not counted.

    Raises:
        InputError: An ignore file is invalid.
    """
    found: Counter[str] = Counter()
    for path in paths:
        found.update(suffix for file in _files_in(path) if (suffix := suffix_of(file.name)) not in FORMATS)
    return found


def read_bytes(source: Source) -> bytes:
    """Read the bytes of a file.

    Raises:
        OutsideLink: It lies outside ``source.inside``.
        DocumentError: It is unreadable, not a regular file, empty, too large, or changes while it is read.
    """
    path = source.path
    if source.fault:
        raise DocumentError(source.fault)
    try:
        # Resolved when it is read, because links may have changed since the folder was searched.
        real = path.resolve(strict=True)
        if source.inside is not None and not real.is_relative_to(source.inside):
            raise OutsideLink(to_folder=real.is_dir())
        with os.fdopen(_opened(real), "rb") as file:
            before = os.fstat(file.fileno())
            if before.st_size > (limit := max_bytes(path.name)):
                size = before.st_size / 1e6
                raise DocumentError(
                    f"{size:,.1f} MB; the limit is {limit / 1e6:,.0f} MB, so split it into smaller files"
                )
            # The opened file is the one that was checked, if no folder on its way has been replaced by a link since.
            again = path.resolve(strict=True)
            if source.inside is not None and not (again == real and os.path.samestat(before, again.lstat())):
                raise DocumentError("changed while it was being read; run `rag index` again when it is complete")
            raw = file.read(limit + 1)
            after = os.fstat(file.fileno())
    except DocumentError:  # also a ValueError
        raise
    except (OSError, RuntimeError) as error:  # a link to itself raises either
        raise DocumentError(f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
    if (before.st_mtime_ns, before.st_size) != (after.st_mtime_ns, after.st_size):
        raise DocumentError("changed while it was being read; run `rag index` again when it is complete")
    if not raw.strip():
        raise DocumentError("the file is empty")
    return raw


def content_hash(raw: bytes) -> str:
    """SHA-256 in hexadecimal; identifies the content of a file."""
    return hashlib.sha256(raw).hexdigest()


def _opened(path: Path) -> int:
    """Open a regular file without waiting for a pipe's other end, and without following a link put in its place."""
    flags = ("O_NONBLOCK", "O_NOFOLLOW", "O_CLOEXEC", "O_BINARY")
    descriptor = os.open(path, os.O_RDONLY | sum(getattr(os, flag, 0) for flag in flags))
    if stat.S_ISREG(os.fstat(descriptor).st_mode):
        return descriptor
    os.close(descriptor)
    raise DocumentError("is not a regular file; copy its contents into one")


def _sources_of(path: Path, prefix: str, inside: Path | None) -> Iterator[Source]:
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
        if suffix_of(file.name) in FORMATS or file.is_dir():
            yield _source(prefix + file.relative_to(path).as_posix(), file, inside)
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
    ignored = _Ignored(path)
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


def _source(document_id: str, path: Path, inside: Path | None) -> Source:
    """A source for a file; a fault if its name is not valid UTF-8."""
    name = os.fsencode(document_id)
    shown = name.decode("utf-8", errors="replace")
    return Source(shown, path, "" if shown == document_id else "its name is not UTF-8; rename it", inside)


def _holds_index(subfolders: Sequence[str], names: Sequence[str]) -> bool:
    """True if this is the folder of an index, whose files are not documents."""
    return bool({"current", "lock"} & set(names)) and any(name.startswith(("version-", "half-")) for name in subfolders)


class _Ignored:
    """Files excluded below a folder: hidden files, and those that the ignore files above them exclude."""

    def __init__(self, top: Path) -> None:
        self._top = top
        self._specs: dict[Path, pathspec.GitIgnoreSpec] = {}

    def enter(self, folder: Path, names: Sequence[str]) -> None:
        """Load a folder's ignore file, if it has one.

        Raises:
            InputError: The ignore file is unreadable or holds an invalid pattern.
        """
        if IGNORE_FILE not in names:
            return
        import pathspec

        path = folder / IGNORE_FILE
        try:
            spec = pathspec.GitIgnoreSpec.from_lines(path.read_text(encoding="utf-8").splitlines())
            for pattern in spec.patterns:
                if pattern.regex is not None:
                    pattern.regex = _linear(pattern.regex)
            self._specs[folder] = spec
        except (OSError, ValueError) as error:
            raise InputError(
                f"{path}: cannot be read ({error}); correct it; it has the syntax of .gitignore"
            ) from error

    def has(self, path: Path, *, folder: bool = False) -> bool:
        """True if the file or folder is excluded."""
        if path.name.startswith("."):
            return True
        above = [self._top, *(self._top / part for part in path.relative_to(self._top).parents)]
        return any(
            self._specs[each].match_file(path.relative_to(each).as_posix() + "/" * folder)
            for each in dict.fromkeys(above)
            if each in self._specs
        )


def _linear(regex: re.Pattern[str]) -> re.Pattern[str]:
    """The expression of an ignore pattern, so that several ``*`` in a name take linear time.

    What comes before another ``*`` is matched at its first occurrence, and there only: the other ``*`` takes the rest.
    """
    return re.compile(BEFORE_STAR.sub(r"(?>[^/]*?\1)", STARS.sub("[^/]*", regex.pattern)))


def _supported() -> str:
    *others, last = sorted(FORMATS)
    return f"{', '.join(others)} and {last}"
