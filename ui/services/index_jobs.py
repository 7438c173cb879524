"""Index collections in the background: one build at a time, in a process separate from the server.

A file beside the index marks that its files are to be indexed until that is done. A server that was killed finds the
mark when it starts again, and continues.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

#: Command of the worker. ``-m`` would import the page first; ``-P`` keeps the worker's folder off ``sys.path``, where
#: its modules would hide the standard library's.
COMMAND = [sys.executable, "-P", str(Path(__file__).with_name("index_worker.py"))]

#: One thread: several would slow each other, and the answering of questions, down.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}

WAITING, RUNNING, DONE, FAILED, STOPPED, INTERRUPTED = (
    "waiting", "running", "done", "failed", "stopped", "interrupted",
)  # fmt: skip

#: How often a job runs its worker, if that is killed.
ATTEMPTS = 2

#: Suffix of the mark beside an index.
PENDING = ".pending"

#: Seconds a stopped process gets to exit before it is killed.
STOP_TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class State:
    """State of an index job.

    Attributes:
        state: ``waiting``, ``running``, ``done``, ``failed``, ``stopped`` or ``interrupted``.
        stage: ``checking`` or ``reading`` files, or ``embedding`` passages; empty before the first.
        done, total: Files or passages of the stage. Passages are those of the files read so far.
        read, files: Files read, and files in all.
        seconds_left: Estimated time until the job is done; None while unknown.
        changes: Fields of ``rag.Changes``; None until the job is done.
        error: Reason of a failure, in one line.
    """

    state: str = WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    read: int = 0
    files: int = 0
    seconds_left: float | None = None
    changes: dict[str, Any] | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        """True once the state is final."""
        return self.state in (DONE, FAILED, STOPPED, INTERRUPTED)


class IndexJob:
    """One update of a collection's index.

    Args:
        files: Folder of the collection's files.
        index: Folder of its index.
    """

    def __init__(self, files: Path, index: Path) -> None:
        self._files, self._index = files, index
        self._state = State()
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()

    def state(self) -> State:
        """Current state."""
        with self._lock:
            return self._state

    def stop(self) -> None:
        """Stop the job and wait for its end; the index is unchanged, and the next job reuses finished embeddings."""
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, state=STOPPED)
            process = self._process
        if process:
            process.terminate()
            try:
                process.wait(STOP_TIMEOUT)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def run(self) -> None:
        """Run the worker until it exits, again if it is killed; return at once if the job is already stopped.

        Raises:
            OSError: The worker cannot be started.
            ValueError: The worker's output is malformed.
        """
        for _ in range(ATTEMPTS):
            self._run_worker()
        self._set(state=INTERRUPTED)

    def _run_worker(self) -> None:
        command = [*COMMAND, str(self._files), str(self._index)]
        with self._lock:
            if self._state.ended:
                return
            self._state = replace(self._state, state=RUNNING)
            # Nothing is written to stdin: it closes when this process ends, which tells the worker to exit.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                encoding="utf-8", env=os.environ | ENVIRONMENT,
            )  # fmt: skip
        with self._process as process:
            for line in process.stdout or ():
                self._set(**json.loads(line))

    def fail(self, error: str) -> None:
        """Mark the job as failed, unless it has ended already."""
        self._set(state=FAILED, error=error)

    def _set(self, **values: Any) -> None:
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, **values)


class IndexQueue:
    """Index jobs of a server: one runs, the others wait."""

    def __init__(self) -> None:
        self._jobs: dict[str, IndexJob] = {}
        self._queue: deque[tuple[str, IndexJob]] = deque()
        self._pending: dict[str, Path] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._work, daemon=True, name="indexing").start()

    def start(self, collection_id: str, files: Path, index: Path) -> IndexJob:
        """Queue an update of a collection's index.

        Returns the job already waiting for the collection, if any: it will index all files present when it starts.
        """
        with self._changed:
            waiting = next((job for each, job in self._queue if each == collection_id and not job.state().ended), None)
            if waiting:
                return waiting
            job = IndexJob(files, index)
            self._pending[collection_id] = _pending_mark(index)
            # Without the mark, only continuing after a crash is lost.
            with suppress(OSError):
                _pending_mark(index).touch()
            self._queue.append((collection_id, job))
            running = self._jobs.get(collection_id)
            if running is None or running.state().ended:
                self._jobs[collection_id] = job
            self._changed.notify()
        return job

    def resume(self, collections: Iterable[tuple[str, Path, Path]]) -> None:
        """Continue what an earlier server left unfinished.

        Args:
            collections: Id, folder of the files and folder of the index of each collection.
        """
        for collection_id, files, index in collections:
            if _pending_mark(index).exists() and files.is_dir():
                self.start(collection_id, files, index)

    def latest(self, collection_id: str) -> IndexJob | None:
        """A collection's running job, else its waiting one, else its last; None if it had none."""
        with self._changed:
            last = self._jobs.get(collection_id)
            if last and last.state().ended:
                return next((job for each, job in self._queue if each == collection_id), last)
            return last

    def stop(self, collection_id: str) -> None:
        """Stop a collection's running and waiting jobs, and wait for their end."""
        with self._changed:
            stopped = [job for each, job in self._queue if each == collection_id]
            stopped += [self._jobs[collection_id]] if collection_id in self._jobs else []
            self._clear_mark(collection_id)
        for job in stopped:
            job.stop()

    def forget(self, collection_id: str) -> None:
        """Stop the jobs of a collection that has been deleted; another one may get its id."""
        self.stop(collection_id)
        with self._changed:
            self._jobs.pop(collection_id, None)
            self._queue = deque((each, job) for each, job in self._queue if each != collection_id)

    def close(self) -> None:
        """Stop all jobs; a later server continues them."""
        with self._changed:
            stopped = [*(job for _, job in self._queue), *self._jobs.values()]
        for job in stopped:
            job.stop()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._queue)
                collection_id, job = self._queue.popleft()
                if not job.state().ended:
                    self._jobs[collection_id] = job
            try:
                job.run()
            except (OSError, ValueError, TypeError) as error:
                job.fail(f"indexing failed ({error}); try again")
            with self._changed:
                if job.state().state in (DONE, FAILED) and all(each != collection_id for each, _ in self._queue):
                    self._clear_mark(collection_id)

    def _clear_mark(self, collection_id: str) -> None:
        if mark := self._pending.pop(collection_id, None):
            with suppress(OSError):
                mark.unlink(missing_ok=True)


def _pending_mark(index: Path) -> Path:
    return index.with_name(index.name + PENDING)
