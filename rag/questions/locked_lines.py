"""Edit a text file line by line, safely under concurrent writers: file lock, temporary file, atomic rename."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import InputError

#: Seconds to wait for the lock; a write holds it for hundredths of a second.
LOCK_TIMEOUT = 10.0


def read_lines(path: Path) -> list[bytes]:
    """The lines of a file without line feeds; empty if the file does not exist.

    Raises:
        InputError: The file cannot be read.
    """
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check path and permissions") from error
    return raw.removesuffix(b"\n").split(b"\n") if raw else []


@contextmanager
def edited_lines(path: Path) -> Iterator[list[bytes]]:
    """The lines of a file, to be edited in place under a lock and written back on exit unless an error occurs.

    Readers see either the old or the new file. The lock is held on ``<name>.lock`` beside the file; the operating
    system releases it if the process dies.

    Raises:
        InputError: The file cannot be read or written, or the lock is not free within ``LOCK_TIMEOUT``.
    """
    # A symbolic link stays a link: its target is replaced.
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(path.name + ".lock"), timeout=LOCK_TIMEOUT)
        with lock:
            before = read_lines(path)
            lines = list(before)
            yield lines
            if lines != before:
                _replace(path, b"".join(line + b"\n" for line in lines))
    except Timeout as error:
        raise InputError(f"{path}: another process is writing to it; try again") from error
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written to ({error.strerror or error}); free disk space or check permissions"
        ) from error


def _replace(path: Path, raw: bytes) -> None:
    temporary = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        with temporary.open("xb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, temporary)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
    if os.name != "nt":  # Windows cannot open a folder, and needs no fsync
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
