"""Indexing beside the server: one build at a time, in a process of its own that neither slows nor ends the server.

``python -m rag.ui.indexing FILES INDEX`` is that process: it says on its output, a JSON object a line, how far it is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import deque
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

#: Lower than all that answers questions.
NICENESS = 10

#: One thread: two that spin on the same cores slow each other, and the questions, down.
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false"}

WAITING, RUNNING, DONE, FAILED, STOPPED = "waiting", "running", "done", "failed", "stopped"


@dataclass(frozen=True, slots=True)
class State:
    """How far an indexing is.

    Attributes:
        state: ``waiting``, ``running``, ``done``, ``failed`` or ``stopped``.
        stage: What it does: ``checking`` or ``reading`` files, or ``embedding`` passages; empty before.
        done, total: Of the files or passages of the stage.
        seconds_left: Estimated of the stage; None where nothing can be said yet.
        changes: What it did, as ``rag.Changes`` has it, once it is done.
        error: Why it failed.
    """

    state: str = WAITING
    stage: str = ""
    done: int = 0
    total: int = 0
    seconds_left: float | None = None
    changes: dict[str, Any] | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        """Will nothing change any more?"""
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
        """How far it is now."""
        with self._lock:
            return self._state

    def stop(self) -> None:
        """End it; the index stays as it was before, and what was embedded is used by the next one."""
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, state=STOPPED)
            if self._process:
                self._process.terminate()

    def run(self) -> None:
        """Do it, and wait until it has ended."""
        if not any(self._files.iterdir()):
            # An index of nothing is none.
            shutil.rmtree(self._index, ignore_errors=True)
            self._set(state=DONE, changes={})
            return
        command = [sys.executable, "-m", "rag.ui.indexing", str(self._files), str(self._index)]
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
                self._take(json.loads(line))
        if not self.state().ended:
            self._set(state=FAILED, error="the indexing ended before it was done; start it again")

    def fail(self, error: str) -> None:
        """It could not even begin."""
        self._set(state=FAILED, error=error)

    def _take(self, message: dict[str, Any]) -> None:
        if "stage" in message:
            self._set(**message)
        elif "changes" in message:
            self._set(state=DONE, changes=message["changes"])
        else:
            self._set(state=FAILED, error=message["error"])

    def _set(self, **values: Any) -> None:
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, **values)


class Jobs:
    """The indexings of a server: one runs, the others wait in line."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._line: deque[Job] = deque()
        self._changed = threading.Condition()
        threading.Thread(target=self._work, daemon=True, name="indexing").start()

    def start(self, collection_id: str, files: Path, index: Path) -> Job:
        """Bring a collection's index up to date, as soon as it is its turn."""
        job = Job(files, index)
        with self._changed:
            self._jobs[collection_id] = job
            self._line.append(job)
            self._changed.notify()
        return job

    def of(self, collection_id: str) -> Job | None:
        """The last indexing of a collection; None where there was none since the server was started."""
        with self._changed:
            return self._jobs.get(collection_id)

    def close(self) -> None:
        """Stop all of them."""
        with self._changed:
            jobs = list(self._jobs.values())
            self._line.clear()
        for job in jobs:
            job.stop()

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._line)
                job = self._line.popleft()
            try:
                job.run()
            except (OSError, ValueError) as error:
                job.fail(f"the indexing could not be started ({error}); try again")


class _Progress:
    """Prints how far it is, at most five times a second."""

    def __init__(self) -> None:
        self._stage, self._began, self._first, self._said = "", 0.0, 0, 0.0

    def __call__(self, stage: str, done: int, total: int) -> None:
        now = time.monotonic()
        if stage != self._stage:
            self._stage, self._began, self._first = stage, now, done
        elif now - self._said < 0.2 and done < total:
            return
        self._said = now
        left = (now - self._began) / (done - self._first) * (total - done) if done > self._first else None
        _say({"stage": stage, "done": done, "total": total, "seconds_left": left})


def _say(message: dict[str, Any]) -> None:
    print(json.dumps(message), flush=True)


def _end_with_parent() -> None:
    """End when the other end of the input is closed, whatever ended it."""
    sys.stdin.read()
    os._exit(1)


def main(files: Path, index: Path) -> None:
    """The process: build or update, and say how it went."""
    from rag import RagError, build_index

    if hasattr(os, "nice"):
        os.nice(NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        changes = build_index(files, index, report=_Progress())
    except RagError as error:
        _say({"error": str(error)})
    else:
        _say({"changes": asdict(changes)})


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
