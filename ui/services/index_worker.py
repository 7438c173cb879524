"""The process that indexes a collection: ``python -P index_worker.py FILES INDEX``.

It reports its progress on stdout, one JSON object per line with attributes of ``index_jobs.State``, and exits when its
stdin is closed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from rag import Index, InputError, RagError, build_index

#: Lower than all that answers questions.
NICENESS = 10


class Progress:
    """Says how far it is, at most five times a second.

    Args:
        say: Takes what is to be said.
        clock: Seconds that only grow.
    """

    def __init__(self, say: Callable[..., None], clock: Callable[[], float] = time.monotonic) -> None:
        self._say, self._clock = say, clock
        self._began = self._said = float("-inf")
        self._files = self._passages = (0, 0)

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Take what ``build_index`` reports."""
        now = self._clock()
        if stage == "embedding":
            self._passages = done, total
        else:
            self._files = (done if stage == "reading" else 0), total
        if stage == "checking":
            self._began = now
        if now - self._said < 0.2 and done < total:
            return
        self._said = now
        read, files = self._files
        self._say(stage=stage, done=done, total=total, read=read, files=files, seconds_left=self._left(now))

    def _left(self, now: float) -> float | None:
        """By the passages that are embedded, and those that the files not yet read will have if they are like these."""
        (read, files), (done, total) = self._files, self._passages
        if not done:
            return None
        # The file that is being read has given its passages before it counts as read.
        expected = total * files / min(read + 1, files)
        return (now - self._began) / done * (expected - done)


def _end_with_parent() -> None:
    """End when the other end of the input is closed, whatever ended it."""
    sys.stdin.read()
    os._exit(1)


def build(files: Path, index: Path, say: Callable[..., None]) -> None:
    """Build an index of what is in a folder, or bring it up to date, and say how it went.

    An index of nothing is none: where no file is left that it holds, and none that could be read, its folder goes, so
    that what was removed answers no more.
    """
    if not any(files.iterdir()):
        shutil.rmtree(index, ignore_errors=True)
        say(state="done", changes={})
        return
    try:
        changes = build_index(files, index, report=Progress(say))
    except (RagError, OSError, MemoryError) as error:
        if isinstance(error, InputError) and not _holds_any(index, files):
            shutil.rmtree(index, ignore_errors=True)
        # Where the files lie on this machine is of no use to who asked for it.
        say(state="failed", error=str(error).removeprefix(f"{files}: ") or "there is not enough memory for it")
    else:
        say(state="done", changes=asdict(changes))


def _holds_any(index: Path, files: Path) -> bool:
    """Does an index hold a file that is still there?"""
    try:
        known = Index.open(index).store.files()
    except RagError:
        return True
    return any((files / path).exists() for path in known)


def main(files: Path, index: Path) -> None:
    """The process."""
    # What libraries print is none of the lines that are read at the other end.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    build(files, index, lambda **values: print(json.dumps(values), file=lines, flush=True))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
