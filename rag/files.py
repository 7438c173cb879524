"""Write files so that none is ever half written."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .errors import InputError

__all__ = ["writing_aside"]


@contextmanager
def writing_aside(path: Path) -> Iterator[Path]:
    """Give a path beside ``path`` to write to; when the block ends without an error, that file takes its place.

    Args:
        path: The file to make or to replace, as ``--out`` names it.

    Yields:
        A path in the same folder, with another suffix. Whatever an error leaves there is removed.

    Raises:
        InputError: The file cannot be written.
    """
    aside = path.with_name(f".{path.name}.unfinished")
    try:
        yield aside
        aside.replace(path)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another --out") from error
    finally:
        aside.unlink(missing_ok=True)
