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
    """Comes once after each burst of changes below some paths, until ``stop`` is set or Ctrl-C."""
    for _ in watch(*paths, stop_event=stop, debounce=LONGEST_WAIT, step=QUIET, raise_interrupt=True):
        yield
