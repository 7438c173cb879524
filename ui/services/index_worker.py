"""The process that indexes a collection: ``python -P index_worker.py FILES INDEX STORE``.

It reports its progress on stdout, one JSON object per line with attributes of ``index_jobs.State``. On stdin it reads
the lines ``pause`` and ``resume``; it exits when stdin is closed.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from rag import Index, IndexBusy, InputError, RagError, StoreUnavailable, build_index
from rag.index import Pace
from rag.index.milvus import drop_index_of, public_text

#: Lowers the worker's priority below that of the server, which answers questions.
NICENESS = 10

#: Reasons of a failure, for users of the page.
UNREACHABLE = "the store of the index does not answer; uploads are kept. Press “Bring up to date” later"
UNREACHABLE_EMPTY = "the store of the index does not answer; removed files leave it when “Bring up to date” succeeds"
BUSY = "another run writes to the index; press “Bring up to date” when it has ended"


class Progress:
    """Report progress, at most five times a second, and wait where the worker is paused.

    Args:
        report: Called with attributes of ``index_jobs.State``.
        wait: Returns when the worker may go on.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        report: Callable[..., None],
        wait: Callable[[], object] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._report, self._wait, self._clock = report, wait, clock
        self._pace = Pace(clock)
        self._reported = float("-inf")
        self._files = (0, 0)
        self._embedded: tuple[int, int] | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Handle a progress report of ``build_index``."""
        paused = self._clock()
        self._wait()
        now = self._clock()
        self._pace.add_pause(now - paused)
        self._pace.report(stage, done, total)
        if stage != "embedding":
            self._files = (done if stage == "reading" else 0), total
        if stage == "embedding":
            self._embedded = done, total
        if now - self._reported < 0.2 and done < total:
            return
        self._reported = now
        read, files = self._files
        if stage == "reading" and self._embedded:
            # Files are read and their passages embedded in turn; what was embedded says how far the run is.
            stage, (done, total) = "embedding", self._embedded
        self._report(
            stage=stage, done=done, total=total, read=read, files=files, seconds_left=self._pace.seconds_left
        )  # fmt: skip


def _follow_parent(may_run: threading.Event) -> None:
    """Pause and resume; exit when stdin closes, which happens even if the parent process is killed."""
    for line in sys.stdin:
        if line == "pause\n":
            may_run.clear()
        else:
            may_run.set()
    os._exit(1)


def build(
    files: Path,
    index: Path,
    store: str,
    report: Callable[..., None],
    wait: Callable[[], object] = lambda: None,
) -> None:
    """Build or update the index of a folder, and report the outcome.

    If the build fails and all files of the old index are gone, the old index is deleted: removed files must not answer.
    While its store does not answer, it is deleted by a later update.

    Args:
        files: Folder of the files.
        index: Folder of the index.
        store: Address of the store of the index; empty for its folder.
        report: Called with attributes of ``index_jobs.State``.
        wait: Called after each file and each batch of passages; returns when the build may go on.
    """
    try:
        if not any(files.iterdir()):
            _delete(index, store)
            report(state="done", changes={})
            return
        changes = build_index(files, index, report=Progress(report, wait), store=store or None)
    except StoreUnavailable:
        report(state="failed", error=UNREACHABLE if any(files.iterdir()) else UNREACHABLE_EMPTY)
    except IndexBusy:
        report(state="failed", error=BUSY)
    except (RagError, OSError, MemoryError) as error:
        if isinstance(error, InputError) and not _any_file_exists(index, files):
            with suppress(RagError):
                _delete(index, store)
        # Users of the page should not see where the server stores files.
        report(state="failed", error=public_text(error).removeprefix(f"{files}: ") or "not enough memory")
    else:
        report(state="done", changes=asdict(changes))


def _delete(index: Path, store: str) -> None:
    drop_index_of(index, store)
    shutil.rmtree(index, ignore_errors=True)


def _any_file_exists(index: Path, files: Path) -> bool:
    """True if a file of the index still exists, or the index cannot be read."""
    try:
        known = Index.open(index).store.files()
    except RagError:
        return True
    return any((files / path).exists() for path in known)


def main(files: Path, index: Path, store: str) -> None:
    """Run the worker."""
    # Libraries may print to stdout; that must not mix with the lines the parent reads.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    may_run = threading.Event()
    may_run.set()
    threading.Thread(target=_follow_parent, args=[may_run], daemon=True).start()
    build(files, index, store, lambda **values: print(json.dumps(values), file=lines, flush=True), may_run.wait)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
