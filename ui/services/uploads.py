"""Store uploaded files under sanitized names; skip duplicates and unsupported formats, and replace earlier versions."""

from __future__ import annotations

import hashlib
import re
import shutil
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum, auto
from pathlib import Path

from rag.formats import FORMATS, max_bytes, suffix_of

from .quota import Room

#: Maximum length of a file's name, in code points.
LONGEST_FILE = 100

#: Characters replaced in a file's name.
UNSAFE = re.compile(r"[^\w .()-]+")

#: Names that Windows reserves for devices.
WINDOWS_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


#: What browsers and file managers add to the name of a copy: "name (2)", "name(1)", "name - Copy (3)", "name copy 2".
COPY_MARK = re.compile(r"(?:\s*\(\d{1,2}\)|(?: - copy| copy)(?: \(\d{1,2}\)| \d{1,2})?)$", re.IGNORECASE)


class Versions(Enum):
    """What to do with an upload that seems to be a new version of a stored file."""

    ASK = auto()
    REPLACE = auto()
    KEEP_BOTH = auto()


@dataclass(frozen=True, slots=True)
class Upload:
    """Outcome of an upload.

    Attributes:
        name: The stored name, or that of the upload if it was not stored.
        error: Why it was rejected; empty if it was not.
        older: The stored file that it replaced, or of which it seems to be a new version; empty if there is none.
        waits: Whether it is not stored yet, since it may replace ``older`` or stand beside it.
    """

    name: str
    error: str = ""
    older: str = ""
    waits: bool = False


def safe_name(name: str) -> str:
    """Sanitize a file's name: letters, digits, spaces and ``. _ - ( )``; not hidden, at most ``LONGEST_FILE`` long."""
    plain = UNSAFE.sub("_", unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]))
    suffix = suffix_of(plain)
    stem = plain[: len(plain) - len(suffix)].strip(" ._") or "document"
    stem = f"_{stem}" if WINDOWS_DEVICE.match(stem) else stem
    return stem[: LONGEST_FILE - len(suffix)].rstrip(" .") + suffix


def store_uploads(
    folder: Path,
    staging: Path,
    uploads: Sequence[Path],
    room: Room,
    *,
    versions: Versions = Versions.ASK,
    unreadable: Mapping[Path, str] | None = None,
) -> list[Upload]:
    """Move uploaded files into a folder and return the outcome of each.

    A file whose content is stored already is skipped. One whose name was stored before, as it is or without the mark of
    a copy, is a new version: it waits for an answer, replaces the stored file, or gets a number.

    Args:
        folder: Destination.
        staging: An unused path on the same disk; holds a file until it is complete.
        uploads: Uploaded files.
        room: How much may be stored.
        versions: What to do with new versions.
        unreadable: Uploads that cannot be read, and why: they replace nothing.

    Raises:
        OSError: The folder cannot be read.
    """
    stored = _StoredFiles(folder)
    return [
        _store(stored, staging, upload, room, versions=versions, unreadable=(unreadable or {}).get(upload, ""))
        for upload in uploads
    ]


class _StoredFiles:
    """Files of a folder, by name and size; only files of equal size are hashed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: set[str] = set()
        self._sizes: dict[int, list[Path]] = defaultdict(list)
        for path in folder.iterdir():
            self.add(path)
        # Files of one upload are no versions of each other.
        self._replaceable = {path.name.casefold(): path.name for paths in self._sizes.values() for path in paths}

    def add(self, path: Path) -> None:
        # Some file systems ignore case.
        self._names.add(path.name.casefold())
        # A link is not a duplicate: it may lead anywhere.
        if not path.is_symlink():
            self._sizes[path.stat().st_size].append(path)

    def duplicate_of(self, upload: Path, size: int) -> Path | None:
        """Stored file with the same content."""
        others = self._sizes.get(size, [])
        digest = _digest(upload) if others else ""
        return next((path for path in others if _digest(path) == digest), None)

    def older_version(self, name: str) -> str:
        """Name of the file that was stored before under that name, as it is or without the mark of a copy."""
        suffix = suffix_of(name)
        stem = name[: len(name) - len(suffix)]
        candidates = (name, COPY_MARK.sub("", stem) + suffix)
        return next(
            (self._replaceable[each.casefold()] for each in candidates if each.casefold() in self._replaceable), ""
        )

    def replace(self, name: str) -> Path:
        """Path of a stored file that is about to be replaced, which happens once in an upload."""
        del self._replaceable[name.casefold()]
        return self.folder / name

    def free_path(self, name: str) -> Path:
        """Path for a file of that name, numbered if the name is taken."""
        return self.folder / next(each for each in _numbered(name) if each.casefold() not in self._names)


def _store(
    stored: _StoredFiles, staging: Path, upload: Path, room: Room, *, versions: Versions, unreadable: str
) -> Upload:
    name = safe_name(upload.name)
    try:
        older = stored.older_version(name) if versions is not Versions.KEEP_BOTH else ""
        freed = (stored.folder / older).stat().st_size if older else 0
        if reason := _refusal(stored, name, upload, room, freed):
            return Upload(name, reason)
        if older and versions is Versions.ASK:
            return Upload(name, older=older, waits=True)
        if older and unreadable:
            return Upload(name, f"{unreadable}; {older} stays as it is")
        size = upload.stat().st_size
        path = stored.replace(older) if older else stored.free_path(name)
        shutil.move(upload, staging)
        staging.replace(path)
        stored.add(path)
        room.take(size - freed)
    except OSError as error:
        staging.unlink(missing_ok=True)
        return Upload(name, f"cannot be stored ({error.strerror or error}); make room and add it again")
    return Upload(path.name, older=older)


def _refusal(stored: _StoredFiles, name: str, upload: Path, room: Room, freed: int) -> str:
    """Why a file is not stored; empty if it can be. ``freed`` are the bytes of the file that it would replace."""
    if suffix_of(name) not in FORMATS:
        *most, last = sorted(FORMATS)
        return f"unsupported format; supported formats: {', '.join(most)} and {last}"
    if upload.is_symlink():
        return "is a link, which is not followed; add the file itself"
    if (size := upload.stat().st_size) > (limit := max_bytes(name)):
        return f"{size / 1e6:,.1f} MB; the limit is {limit / 1e6:,.0f} MB, so split it"
    if same := stored.duplicate_of(upload, size):
        return f"is there already, as {same.name}"
    return room.refusal(size - freed)


def _numbered(name: str) -> Iterator[str]:
    """Yield the name, then ``name (2).pdf`` and so on, each at most ``LONGEST_FILE`` long."""
    yield name
    suffix = suffix_of(name)
    stem = name[: len(name) - len(suffix)]
    for number in range(2, 1_000_000):
        end = f" ({number}){suffix}"
        yield stem[: LONGEST_FILE - len(end)].rstrip(" .") + end


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
