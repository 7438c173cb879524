"""A file of lines that several people edit at once: under a lock, and written aside before it is renamed."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from ..errors import InputError

#: Seconds to wait for somebody else who writes; writing takes hundredths.
PATIENCE = 10.0


def read_lines(path: Path) -> list[bytes]:
    """The lines of a file without their line feeds; none where there is no file.

    Raises:
        InputError: It cannot be read.
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
    """The lines, to be changed in place by the only one who writes; on leaving without an error they are the file's.

    A reader sees the file as it was before or as it is after. The lock, ``<name>.lock`` beside it, is the system's, so
    it is gone with its owner.

    Raises:
        InputError: The file cannot be read or written, or somebody else writes for too long.
    """
    # Another name for the file is to stay one.
    path = path.resolve()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.with_name(path.name + ".lock"), timeout=PATIENCE)
        with lock:
            before = read_lines(path)
            lines = list(before)
            yield lines
            if lines != before:
                _replace(path, b"".join(line + b"\n" for line in lines))
    except Timeout as error:
        raise InputError(f"{path}: somebody else is writing to it; try again") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be written to ({error.strerror or error}); make room or let it be") from error


def _replace(path: Path, raw: bytes) -> None:
    aside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        with aside.open("xb") as file:
            file.write(raw)
            file.flush()
            os.fsync(file.fileno())
        if path.exists():
            shutil.copymode(path, aside)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
    if os.name != "nt":  # Windows cannot open a folder, and does not need to
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
