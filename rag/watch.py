"""Keeping an index up to date while its files change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchfiles import watch

#: Milliseconds of quiet after a change before it is taken up; an editor that saves, or a folder that is copied, makes
#: many changes at once.
QUIET, LONGEST_WAIT = 500, 5_000


def changes_of(paths: Sequence[Path], stop: threading.Event | None = None) -> Iterator[None]:
    """Comes once when the watching has begun, and then after each burst of changes below the paths.

    Args:
        paths: Files and folders.
        stop: Ends it when it is set, as Ctrl-C does.
    """
    # What changes before the watching begins is seen by nobody: hence the first one, which a time-out brings.
    begun = False
    for changes in watch(
        *paths, stop_event=stop, debounce=LONGEST_WAIT, step=QUIET, rust_timeout=QUIET, yield_on_timeout=True
    ):
        if changes or not begun:
            begun = True
            yield
