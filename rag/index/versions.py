"""The folder of an index: its versions, how the next one becomes current in one step, and who may write.

    INDEX/
      current                  one line: the name of the version that readers open
      version-<time>-<id>/     one whole index, never changed once it is named in ``current``; the last one is kept too
      half-<id>/               a version that is being written, or that a crash left
      lock, writer.json        held while somebody writes, and who that is

A version is written to a folder of its own, flushed to disk, and becomes current by one atomic rename of the
file ``current``. A crash before that leaves the last version as it was; a reader never sees half of one.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import sqlite3
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import IndexBusy, IndexDamaged, IndexMissing, InputError, RagError
from .manifest import REMEDY

CURRENT, LOCK, WRITER = "current", "lock", "writer.json"
VERSION_PREFIX = "version-"
HALF_PREFIX = "half-"

#: What may lie in an index folder beside the index itself.
OWN_NAMES = frozenset({"README.md", ".gitignore", ".gitkeep", CURRENT, LOCK, WRITER})


def current_version(folder: Path) -> Path:
    """The version folder that readers open.

    Raises:
        IndexMissing: There is no index in the folder.
        IndexDamaged: The version that ``current`` names is gone.
        InputError: The folder cannot be opened.
    """
    try:
        name = (folder / CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        if versions(folder):
            raise IndexDamaged(f"{folder / CURRENT}: this file of the index is missing; {REMEDY}") from None
        raise IndexMissing(f"{folder}: no index there; build one with `rag index PATH --index {folder}`") from None
    except ValueError as error:
        raise IndexDamaged(f"{folder / CURRENT}: is not as it was written; {REMEDY}") from error
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be opened ({error.strerror or error}); check path and permissions"
        ) from error
    version = folder / name
    if not name.startswith(VERSION_PREFIX) or "/" in name or not version.is_dir():
        raise IndexDamaged(f"{folder / CURRENT}: names {name[:80]!r}, which is not there; {REMEDY}")
    return version


def versions(folder: Path) -> list[Path]:
    """All versions that lie in a folder, the newest first."""
    found = (path for path in folder.glob(f"{VERSION_PREFIX}*") if path.is_dir())
    return sorted(found, key=_modified, reverse=True)


def halves(folder: Path) -> list[Path]:
    """What crashes left of versions, for the one who holds the lock."""
    return [path for path in folder.glob(f"{HALF_PREFIX}*") if path.is_dir()]


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Be the only one who writes to a folder; the lock is the system's, so it is gone with its owner.

    Raises:
        InputError: The folder cannot be written to, or holds something that is not an index.
        IndexBusy: Another process writes to it; says which.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        _refuse_strangers(folder)
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        (folder / WRITER).write_text(json.dumps(_me()), encoding="utf-8")
    except Timeout:
        raise IndexBusy(f"{folder}: is being written to by {_writer(folder)}; try again when it has ended") from None
    except OSError as error:
        lock.release()
        reason = error.strerror or error
        raise InputError(f"{folder}: cannot be written to ({reason}); make room or choose another --index") from error
    try:
        yield
    finally:
        (folder / WRITER).unlink(missing_ok=True)
        lock.release()


@contextmanager
def new_version(folder: Path, before: Path | None = None) -> Iterator[Path]:
    """An empty folder to write the next version into, for the one who holds the lock.

    On leaving without an error it becomes the current one, and all but the one before are cleared away. Of an
    interrupted one the half stays, since what was embedded for it is used again.

    Args:
        folder: Of the index.
        before: The version that it was made from, which is kept; the newest where None.

    Raises:
        InputError: Writing failed; the version before stays.
    """
    half = folder / f"{HALF_PREFIX}{uuid.uuid4().hex}"
    try:
        half.mkdir()
        yield half
        _flush(half)
        version = folder / f"{VERSION_PREFIX}{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{half.name[-8:]}"
        half.replace(version)
        point_to(version)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(half, ignore_errors=True)
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{folder}: writing the index failed ({reason}); the index before it stays") from error
    except RagError:
        shutil.rmtree(half, ignore_errors=True)
        raise
    _clear_old(folder, keep={version, before or next((v for v in versions(folder) if v != version), version)})


def point_to(version: Path) -> None:
    """Make a version the current one."""
    folder = version.parent
    aside = folder / f"{HALF_PREFIX}{uuid.uuid4().hex}"
    try:
        aside.write_text(version.name + "\n", encoding="utf-8")
        _sync(aside)
        aside.replace(folder / CURRENT)
    finally:
        aside.unlink(missing_ok=True)
    _sync(folder)


def _refuse_strangers(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; --index takes a folder")
    if not folder.exists():
        return
    ours = (VERSION_PREFIX, HALF_PREFIX)
    strangers = sorted(
        entry.name for entry in folder.iterdir() if entry.name not in OWN_NAMES and not entry.name.startswith(ours)
    )
    if strangers:
        raise InputError(f"{folder}: holds {strangers[0]!r}, which is no part of an index; choose an empty folder")


def _me() -> dict[str, object]:
    return {"process": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}


def _writer(folder: Path) -> str:
    try:
        who = json.loads((folder / WRITER).read_text(encoding="utf-8"))
        return f"process {who['process']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


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


def _clear_old(folder: Path, keep: set[Path]) -> None:
    """Remove what crashes left, and all versions but some: the one before is kept, which a reader may be opening."""
    for path in [*folder.glob(f"{HALF_PREFIX}*"), *(version for version in versions(folder) if version not in keep)]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
