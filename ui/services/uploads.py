"""Store uploaded files under sanitized names; skip duplicates and unsupported formats."""

from __future__ import annotations

import hashlib
import re
import shutil
import unicodedata
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rag.formats import FORMATS, max_bytes, suffix_of

#: Maximum length of a file's name, in code points.
LONGEST_FILE = 100

#: What a file's name does not keep; names that Windows takes for devices get a character before them.
NOT_KEPT = re.compile(r"[^\w .()-]+")
DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Upload:
    """Outcome of an upload: the stored name, and the reason if the file was rejected."""

    name: str
    fault: str = ""


def safe_name(name: str) -> str:
    """A name of ours for an uploaded file: of letters, digits, blanks and ``. _ - ( )``, neither hidden nor long."""
    plain = NOT_KEPT.sub("_", unicodedata.normalize("NFC", name.replace("\\", "/").rpartition("/")[2]))
    suffix = suffix_of(plain)
    stem = plain[: len(plain) - len(suffix)].strip(" ._") or "document"
    stem = f"_{stem}" if DEVICE.match(stem) else stem
    return stem[: LONGEST_FILE - len(suffix)].rstrip(" .") + suffix


def take(folder: Path, aside: Path, uploads: Sequence[Path]) -> list[Upload]:
    """Move uploaded files into a folder and return the outcome of each.

    A file that is there already, under whatever name, is left out; one whose name is taken gets a number.

    Args:
        folder: Where they belong.
        aside: A path on the same disk that is not in use: there a file lies until it is whole.
        uploads: What was uploaded.
    """
    kept = _Kept(folder)
    return [_taken(kept, aside, upload) for upload in uploads]


class _Kept:
    """What a folder holds already; a file's content is only looked at where another one has the same size."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._names: set[str] = set()
        self._sizes: dict[int, list[Path]] = defaultdict(list)
        for path in folder.iterdir():
            self.add(path)

    def add(self, path: Path) -> None:
        # Names that differ in case alone are one on some systems.
        self._names.add(path.name.casefold())
        self._sizes[path.stat().st_size].append(path)

    def same_as(self, upload: Path, size: int) -> Path | None:
        """The file with the same content."""
        others = self._sizes.get(size, [])
        digest = _digest(upload) if others else ""
        return next((path for path in others if _digest(path) == digest), None)

    def free(self, name: str) -> Path:
        """Where a file of that name can lie."""
        return self.folder / next(each for each in _numbered(name) if each.casefold() not in self._names)


def _taken(kept: _Kept, aside: Path, upload: Path) -> Upload:
    name = safe_name(upload.name)
    if suffix_of(name) not in FORMATS:
        *most, last = sorted(FORMATS)
        return Upload(name, f"this kind of file is not read; {', '.join(most)} and {last} are")
    try:
        if (size := upload.stat().st_size) > (most_bytes := max_bytes(name)):
            return Upload(name, f"{size / 1e6:,.1f} MB; the limit is {most_bytes / 1e6:,.0f} MB, so split it")
        if same := kept.same_as(upload, size):
            return Upload(name, f"is there already, as {same.name}")
        path = kept.free(name)
        shutil.move(upload, aside)
        aside.replace(path)
        kept.add(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        return Upload(name, f"cannot be kept ({error.strerror or error}); make room and add it again")
    return Upload(path.name)


def _numbered(name: str) -> Iterator[str]:
    """The name, then ``name (2).pdf`` and so on, none longer than a name may be."""
    yield name
    suffix = suffix_of(name)
    stem = name[: len(name) - len(suffix)]
    for number in range(2, 1_000_000):
        end = f" ({number}){suffix}"
        yield stem[: LONGEST_FILE - len(end)].rstrip(" .") + end


def _digest(path: Path) -> bytes:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
