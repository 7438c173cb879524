"""Read files that may be compressed."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import InputError


def read_unpacked(path: Path) -> bytes:
    """The bytes of a file, unpacked if its name ends in ``.gz``.

    Raises:
        InputError: It cannot be read or unpacked. The message does not name the path.
    """
    with _input_errors():
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw


def unpacked_lines(path: Path) -> Iterator[bytes]:
    """The lines of a file, unpacked if its name ends in ``.gz``; no more is read than is asked for.

    Raises:
        InputError: See ``read_unpacked``.
    """
    with _input_errors(), gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        yield from file


@contextmanager
def _input_errors() -> Iterator[None]:
    """Convert errors of reading and unpacking."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"incomplete gzip file ({error}); download it again") from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})") from error
