"""Keeping an index up to date while its files change."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from watchfiles import Change, DefaultFilter, watch

from ..errors import InputError

#: Milliseconds of quiet after a change before it is taken up; an editor that saves, or a folder that is copied, makes
#: many changes at once.
QUIET, LONGEST_WAIT = 500, 5_000


def changes_of(paths: Sequence[Path], index: Path, stop: threading.Event | None = None) -> Iterator[None]:
    """Comes once when the watching has begun, and then after each burst of changes below the paths.

    Args:
        paths: Files and folders.
        index: Folder of the index; what changes in there is none of theirs.
        stop: Ends it when it is set, as Ctrl-C does.

    Raises:
        InputError: A path does not exist.
    """
    own = index.resolve()
    usual = DefaultFilter()

    def counts(change: Change, path: str) -> bool:
        return usual(change, path) and not Path(path).is_relative_to(own)

    # What changes before the watching begins is seen by nobody: hence the first one, which a time-out brings.
    begun = False
    try:
        for changes in watch(
            *paths, watch_filter=counts, stop_event=stop, debounce=LONGEST_WAIT, step=QUIET, rust_timeout=QUIET,
            yield_on_timeout=True,
        ):  # fmt: skip
            if changes or not begun:
                begun = True
                yield
    except FileNotFoundError as error:
        raise InputError(f"cannot watch {', '.join(map(str, paths))}: {error}; name paths that are there") from error
