"""Write a file aside and rename it, so that an interrupted run leaves no half-written file."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from .errors import InputError

__all__ = ["writing_aside"]


@contextmanager
def writing_aside(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; when the block ends without an error, that file takes its place.

    Args:
        path: The file to make or to replace.

    Yields:
        A path in the same folder. If there is an error, what was written there is removed.

    Raises:
        InputError: The file cannot be written: an ``OSError`` in the block, or while renaming.
    """
    aside = path.with_name(f".{path.name}.unfinished")
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another file") from error
    finally:
        with suppress(OSError):  # the error before it is the one to report
            aside.unlink()
