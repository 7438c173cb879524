"""What an index folder says of itself, and how a new version of it is written aside and swapped in.

    INDEX/
      current                  one line: the name of the version that readers open
      version-<time>-<id>/     one whole index, never changed once it is named in ``current``
        manifest.json          what made it, of which documents, with a SHA-256 of every other file

A version is written to a folder of its own, flushed to disk, and becomes current by one atomic rename of the
file ``current``. A crash before that leaves the last version as it was; a reader never sees half of one.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

from .errors import IndexDamaged, IndexMismatch, IndexMissing, InputError

FORMAT = 1
CURRENT = "current"
MANIFEST = "manifest.json"
VERSION_PREFIX = "version-"
HALF_PREFIX = "half-"

#: Seconds after which a half-written version is taken to be a crash's.
HALF_IS_STALE = 24 * 3600.0

#: What may lie in an index folder beside the index itself.
STRANGERS_ALLOWED = frozenset({"README.md", ".gitignore", ".gitkeep", CURRENT})


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an index says of itself.

    Attributes:
        format: Version of the folder's layout; another one is refused.
        created: Seconds since 1970, UTC.
        embedder, fingerprint, dimension: Which model made the vectors.
        chunking: The chunk settings, by name.
        sources: The paths that were indexed.
        documents: SHA-256 of each document's file, by document id.
        passages: How many there are.
        files: SHA-256 of each file of the version, by name.
    """

    format: int
    created: float
    embedder: str
    fingerprint: str
    dimension: int
    chunking: dict[str, int | str]
    sources: list[str]
    documents: dict[str, str]
    passages: int
    files: dict[str, str]

    @classmethod
    def read(cls, version: Path) -> Self:
        """The manifest of a version folder.

        Raises:
            IndexMismatch: It has another format.
            IndexDamaged: It is missing or unreadable.
        """
        path = version / MANIFEST
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            found = values["format"]
            if found == FORMAT:
                return cls(**values)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise IndexDamaged(f"{path}: missing or damaged; build the index again with `rag index`") from error
        raise IndexMismatch(
            f"{version.parent}: the index has format {found}, this version of rag reads format {FORMAT}; "
            f"build it again with `rag index`"
        )

    def write(self, version: Path) -> None:
        """Write it into a version folder."""
        (version / MANIFEST).write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False), encoding="utf-8")

    def check_files(self, version: Path) -> None:
        """Compare every file with its checksum.

        Raises:
            IndexDamaged: Names the first file that is missing or differs.
        """
        for name, expected in self.files.items():
            path = version / name
            if not path.is_file() or file_hash(path) != expected:
                state = "is not as it was written" if path.is_file() else "is missing"
                raise IndexDamaged(f"{path}: this file of the index {state}; build it again with `rag index`")


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def hash_files(version: Path) -> dict[str, str]:
    """SHA-256 of every file in a version folder, by its name relative to the folder."""
    files = sorted(path for path in version.rglob("*") if path.is_file() and path.name != MANIFEST)
    return {path.relative_to(version).as_posix(): file_hash(path) for path in files}


def current_version(folder: Path) -> Path:
    """The version folder that readers open.

    Raises:
        IndexMissing: There is no index in the folder.
        IndexDamaged: The version that ``current`` names is gone.
    """
    try:
        name = (folder / CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        raise IndexMissing(f"{folder}: no index there; build one with `rag index PATH --index {folder}`") from None
    except (OSError, ValueError) as error:
        raise IndexDamaged(f"{folder / CURRENT}: cannot be read; build the index again with `rag index`") from error
    version = folder / name
    if not name.startswith(VERSION_PREFIX) or "/" in name or not version.is_dir():
        raise IndexDamaged(f"{folder / CURRENT}: names {name[:80]!r}, which is not there; build it with `rag index`")
    return version


@contextmanager
def new_version(folder: Path) -> Iterator[Path]:
    """An empty folder to write the next version into; on leaving without an error it becomes the current one.

    Raises:
        InputError: The folder cannot be written to, or holds something that is not an index.
    """
    _refuse_strangers(folder)
    half = folder / f"{HALF_PREFIX}{uuid.uuid4().hex}"
    try:
        half.mkdir(parents=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be written to ({error.strerror}); choose another --index") from error
    try:
        yield half
        _flush(half)
        version = folder / f"{VERSION_PREFIX}{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{half.name[-8:]}"
        half.replace(version)
        _point_to(folder, version)
    except OSError as error:
        reason = error.strerror or error
        raise InputError(f"{folder}: writing the index failed ({reason}); the index before it stays") from error
    finally:
        shutil.rmtree(half, ignore_errors=True)
    _clear_old(folder, keep=version)


def _refuse_strangers(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; --index takes a folder")
    if not folder.exists():
        return
    ours = (VERSION_PREFIX, HALF_PREFIX)
    strangers = sorted(
        entry.name
        for entry in folder.iterdir()
        if entry.name not in STRANGERS_ALLOWED and not entry.name.startswith(ours)
    )
    if strangers:
        raise InputError(f"{folder}: holds {strangers[0]!r}, which is no part of an index; choose an empty folder")


def _sync(path: Path) -> None:
    """Wait until the disk has it. Windows cannot open a folder, and does not need to."""
    if os.name == "nt" and path.is_dir():
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _flush(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        _sync(path)


def _point_to(folder: Path, version: Path) -> None:
    aside = folder / f"{HALF_PREFIX}{uuid.uuid4().hex}"
    aside.write_text(version.name + "\n", encoding="utf-8")
    _sync(aside)
    aside.replace(folder / CURRENT)
    _sync(folder)


def _clear_old(folder: Path, keep: Path) -> None:
    """Remove what crashes left, and all versions but this one and the one before, which a reader may be opening."""
    versions = sorted((path for path in folder.glob(f"{VERSION_PREFIX}*") if path != keep), key=_modified)
    # A half version that is young may be another writer's.
    halves = [path for path in folder.glob(f"{HALF_PREFIX}*") if time.time() - _modified(path) > HALF_IS_STALE]
    for path in [*halves, *versions[:-1]]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
