"""Indexing beside the server: one build at a time, in a process of its own that neither slows nor ends the server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

#: The process. Not ``-m``, which would import the page and its library first; not from its folder, whose modules would
#: hide the standard library's.
COMMAND = [sys.executable, "-P", str(Path(__file__).with_name("index_worker.py"))]

#: One thread: two that spin on the same cores slow each other, and the questions, down.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}

WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"

#: Seconds a stopped process gets to exit before it is killed.
PATIENCE = 10


@dataclass(frozen=True, slots=True)
class State:
    """How far an indexing is.

    Attributes:
        state: ``waiting``, ``running``, ``done``, ``failed`` or ``stopped``.
        stage: What it does: ``checking`` or ``reading`` files, or ``embedding`` passages; empty before.
        done, total: Of the files or passages of the stage. Passages are those of the files read so far.
        read, files: Files that are read, of all.
        seconds_left: Estimated of all that is to do; None where nothing can be said yet.
        changes: What it did, as ``rag.Changes`` has it, once it is done.
        error: Why it failed: one line.
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
        return self.state in (DONE, FAILED, STOPPED)


class Job:
    """One indexing of a collection.

    Args:
        files: The folder of its files.
        index: The folder of its index.
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
        """End it, and wait until it has; the index stays as it was, and what was embedded is used by the next one."""
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, state=STOPPED)
            process = self._process
        if process:
            process.terminate()
            try:
                process.wait(PATIENCE)
            except subprocess.TimeoutExpired:
                process.kill()

    def run(self) -> None:
        """Do it, and wait until it has ended; nothing where it was stopped before.

        Raises:
            OSError: It could not begin.
            ValueError: The process said what it should not.
        """
        command = [*COMMAND, str(self._files), str(self._index)]
        with self._lock:
            if self._state.ended:
                return
            self._state = replace(self._state, state=RUNNING)
            # Its input is never written to: it closes with this process, and tells the other one to end as well.
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                encoding="utf-8", env=os.environ | ENVIRONMENT,
            )  # fmt: skip
        with self._process as process:
            for line in process.stdout or ():
                self._set(**json.loads(line))
        self.fail("the indexing ended before it was done; start it again")

    def fail(self, error: str) -> None:
        """It ended otherwise than it should, unless it has ended as it should already."""
        self._set(state=FAILED, error=error)

    def _set(self, **values: Any) -> None:
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, **values)


class Jobs:
    """The indexings of a server: one runs, the others wait in line."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._line: deque[tuple[str, Job]] = deque()
        self._changed = threading.Condition()
        threading.Thread(target=self._work, daemon=True, name="indexing").start()

    def start(self, collection_id: str, files: Path, index: Path) -> Job:
        """Bring a collection's index up to date, as soon as it is its turn.

        One of the same collection that waits is enough: it will see all files that are there when it begins.
        """
        with self._changed:
            waiting = next((job for each, job in self._line if each == collection_id and not job.state().ended), None)
            if waiting:
                return waiting
            job = Job(files, index)
            self._line.append((collection_id, job))
            running = self._jobs.get(collection_id)
            if running is None or running.state().ended:
                self._jobs[collection_id] = job
            self._changed.notify()
        return job

    def of(self, collection_id: str) -> Job | None:
        """The indexing of a collection that runs, or waits, or was the last; None where there was none yet."""
        with self._changed:
            last = self._jobs.get(collection_id)
            if last and last.state().ended:
                return next((job for each, job in self._line if each == collection_id), last)
            return last

    def stop(self, collection_id: str) -> None:
        """Stop what runs and what waits of a collection, and wait until it has ended."""
        with self._changed:
            stopped = [job for each, job in self._line if each == collection_id]
            stopped += [self._jobs[collection_id]] if collection_id in self._jobs else []
        for job in stopped:
            job.stop()

    def close(self) -> None:
        """Stop all of them."""
        with self._changed:
            stopped = [*(job for _, job in self._line), *self._jobs.values()]
        for job in stopped:
            job.stop()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._line)
                collection_id, job = self._line.popleft()
                if not job.state().ended:
                    self._jobs[collection_id] = job
            try:
                job.run()
            except (OSError, ValueError, TypeError) as error:
                job.fail(f"the indexing could not be done ({error}); try again")
