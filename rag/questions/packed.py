"""Read files that may be compressed."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from ..errors import InputError


def read_unpacked(path: Path) -> bytes:
    """The bytes of a file, unpacked if its name ends in ``.gz``.

    Raises:
        InputError: It cannot be read or unpacked. The message leaves out the path.
    """
    try:
        raw = path.read_bytes()
        return gzip.decompress(raw) if path.suffix == ".gz" else raw
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"incomplete gzip file ({error}); download it again") from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})") from error
