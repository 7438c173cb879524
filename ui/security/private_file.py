"""Read a file of secrets, which only its owner may have access to."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from rag import InputError


def private_lines(file: Path) -> list[str]:
    """The lines of a text file in UTF-8, with or without a byte order mark.

    Raises:
        InputError: It cannot be read, is not UTF-8, or other users of this machine have access to it.
    """
    try:
        with file.open(encoding="utf-8-sig") as stream:
            others = stat.S_IMODE(os.fstat(stream.fileno()).st_mode) & (stat.S_IRWXG | stat.S_IRWXO)
            if os.name == "posix" and others:
                raise InputError(f"{file}: other users of this machine have access to it; run chmod 600 {file}")
            return stream.read().splitlines()
    except OSError as error:
        raise InputError(f"{file}: cannot be read ({error.strerror or error})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{file}: not UTF-8 at byte {error.start}") from error
