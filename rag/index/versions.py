"""The folder of an index: its versions, the atomic switch to the next one, and the write lock.

    INDEX/
      current                  one line: the name of the current version
      version-<time>-<id>/     one complete index, immutable once current; the previous version is kept too
      half-<id>/               staging folder: a version being written, or left by a crash
      lock, writer.json        the write lock, and the process that holds it
      shards/<i>-of-<n>/       parts of the index, each such a folder, made by runs of their own

A version is written to a staging folder, flushed to disk, and becomes current by one atomic rename of the file
``current``. A crash before that leaves the current version in place; readers never see an incomplete version.
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

CURRENT, LOCK, WRITER, SHARDS = "current", "lock", "writer.json", "shards"
VERSION_PREFIX = "version-"
STAGING_PREFIX = "half-"

#: Files allowed in an index folder beside its versions.
OWN_NAMES = frozenset({"README.md", ".gitignore", ".gitkeep", CURRENT, LOCK, WRITER, SHARDS})


def current_version(folder: Path) -> Path:
    """The current version folder.

    Raises:
        IndexMissing: There is no index in the folder.
        IndexDamaged: ``current`` is missing or unreadable, or names a version that does not exist.
        InputError: The folder cannot be opened.
    """
    try:
        name = (folder / CURRENT).read_text(encoding="utf-8").strip()
    except (FileNotFoundError, NotADirectoryError):
        if versions(folder):
            raise IndexDamaged(f"{folder / CURRENT}: this file of the index is missing; {REMEDY}") from None
        raise IndexMissing(f"{folder}: no index there; build one with `rag index PATH --index {folder}`") from None
    except ValueError as error:
        raise IndexDamaged(f"{folder / CURRENT}: is damaged; {REMEDY}") from error
    except OSError as error:
        raise InputError(
            f"{folder}: cannot be opened ({error.strerror or error}); check path and permissions"
        ) from error
    version = folder / name
    if not name.startswith(VERSION_PREFIX) or "/" in name or not version.is_dir():
        raise IndexDamaged(f"{folder / CURRENT}: names {name[:80]!r}, which does not exist; {REMEDY}")
    return version


def has_index(folder: Path) -> bool:
    """True if there is an index in a folder, whole or damaged."""
    return (folder / CURRENT).exists() or bool(versions(folder))


def versions(folder: Path) -> list[Path]:
    """All versions in a folder, newest first."""
    found = (path for path in folder.glob(f"{VERSION_PREFIX}*") if path.is_dir())
    return sorted(found, key=_modified, reverse=True)


def staging_folders(folder: Path) -> list[Path]:
    """Staging folders left by interrupted builds; the caller holds the lock."""
    return [path for path in folder.glob(f"{STAGING_PREFIX}*") if path.is_dir()]


@contextmanager
def writing(folder: Path) -> Iterator[None]:
    """Hold the write lock of a folder; the operating system releases it if the process dies.

    Raises:
        InputError: The folder cannot be written to, or holds other files.
        IndexBusy: Another process is writing to it; names the process.
    """
    lock = FileLock(folder / LOCK, timeout=0)
    try:
        refuse_foreign_files(folder)
        folder.mkdir(parents=True, exist_ok=True)
        lock.acquire()
        (folder / WRITER).write_text(json.dumps(_this_process()), encoding="utf-8")
    except Timeout:
        raise IndexBusy(f"{folder}: is being written to by {_writer(folder)}; try again when it has finished") from None
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
    """Yield a staging folder for the next version; the caller holds the lock.

    On normal exit it becomes the current version, and all but the previous version are deleted. An interrupted build
    leaves its staging folder, so that its vectors can be reused.

    Args:
        folder: Folder of the index.
        before: The previous version, which is kept. Default: the newest.

    Raises:
        InputError: Writing failed; the current version stays.
    """
    staging = folder / f"{STAGING_PREFIX}{uuid.uuid4().hex}"
    try:
        staging.mkdir()
        yield staging
        _flush(staging)
        version = folder / f"{VERSION_PREFIX}{time.strftime('%Y%m%d-%H%M%S', time.gmtime())}-{staging.name[-8:]}"
        staging.replace(version)
        point_to(version)
    except (OSError, sqlite3.Error) as error:
        shutil.rmtree(staging, ignore_errors=True)
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{folder}: writing the index failed ({reason}); the previous index is unchanged") from error
    except RagError:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    _clear_old(folder, keep={version, before or next((v for v in versions(folder) if v != version), version)})


def point_to(version: Path) -> None:
    """Make a version current."""
    folder = version.parent
    temporary = folder / f"{STAGING_PREFIX}{uuid.uuid4().hex}"
    try:
        temporary.write_text(version.name + "\n", encoding="utf-8")
        _sync(temporary)
        temporary.replace(folder / CURRENT)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(folder)


def refuse_foreign_files(folder: Path) -> None:
    """Refuse a folder that holds anything but an index.

    Raises:
        InputError: It does, or is a file.
    """
    if folder.exists() and not folder.is_dir():
        raise InputError(f"{folder}: is a file; --index takes a folder")
    if not folder.exists():
        return
    own = (VERSION_PREFIX, STAGING_PREFIX)
    foreign = sorted(
        entry.name for entry in folder.iterdir() if entry.name not in OWN_NAMES and not entry.name.startswith(own)
    )
    if foreign:
        raise InputError(f"{folder}: holds {foreign[0]!r}, which is not part of an index; choose an empty folder")


def _this_process() -> dict[str, object]:
    return {"process": os.getpid(), "host": socket.gethostname(), "since": time.strftime("%Y-%m-%d %H:%M:%S")}


def _writer(folder: Path) -> str:
    try:
        who = json.loads((folder / WRITER).read_text(encoding="utf-8"))
        return f"process {who['process']} on {who['host']} since {who['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "another process"


def _sync(path: Path) -> None:
    """Flush a file or folder to disk. Windows cannot open folders, and need not."""
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
    """Delete staging folders and old versions; the previous version is kept for readers that are opening it."""
    for path in [*folder.glob(f"{STAGING_PREFIX}*"), *(version for version in versions(folder) if version not in keep)]:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def _modified(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
