"""Watching files for changes."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

from ..errors import InputError

#: Debouncing in milliseconds: how long no file may change before an update, and the longest wait for that.
QUIET, MAX_WAIT = 500, 5_000


def watch_changes(paths: Sequence[Path], index: Path, stop: threading.Event | None = None) -> Iterator[None]:
    """Yield once when watching has begun, and then after each burst of changes below the paths.

    Args:
        paths: Files and folders.
        index: Folder of the index; changes in it are ignored.
        stop: Ends the watch when set, as Ctrl-C does.

    Raises:
        InputError: A path does not exist.
    """
    index_folder = index.resolve()
    default_filter = DefaultFilter()

    def is_relevant(change: Change, path: str) -> bool:
        return default_filter(change, path) and not Path(path).is_relative_to(index_folder)

    # Changes before watching begins go unnoticed, so the first time-out yields as well.
    begun = False
    try:
        for changes in watch(
            *paths, watch_filter=is_relevant, stop_event=stop, debounce=MAX_WAIT, step=QUIET, rust_timeout=QUIET,
            yield_on_timeout=True,
        ):  # fmt: skip
            if changes or not begun:
                begun = True
                yield
    except FileNotFoundError as error:
        raise InputError(f"cannot watch {', '.join(map(str, paths))}: {error}; name paths that exist") from error
