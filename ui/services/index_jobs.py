"""Index a collection in a process separate from the server, which can be paused between files and batches."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

#: Command of the worker. ``-m`` would import the page first; ``-P`` keeps the worker's folder off ``sys.path``, where
#: its modules would hide the standard library's.
COMMAND = [sys.executable, "-P", str(Path(__file__).with_name("index_worker.py"))]

#: One thread: several would slow each other, and the answering of questions, down.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1", "RAG_THREADS": "1", "OMP_WAIT_POLICY": "PASSIVE", "TOKENIZERS_PARALLELISM": "false",
}  # fmt: skip

WAITING, RUNNING, DONE, FAILED, STOPPED, INTERRUPTED = (
    "waiting", "running", "done", "failed", "stopped", "interrupted",
)  # fmt: skip

#: Lines that the worker reads.
PAUSE, RESUME = b"pause\n", b"resume\n"

#: How often a job runs its worker, if that is killed.
ATTEMPTS = 2

#: Seconds a stopped process gets to exit before it is killed.
STOP_TIMEOUT = 10


@dataclass(frozen=True, slots=True)
class State:
    """State of an index job.

    Attributes:
        state: ``waiting`` to start or to continue, ``running``, ``done``, ``failed``, ``stopped`` or ``interrupted``.
        stage: ``checking`` or ``reading`` files, or ``embedding`` passages; empty before the first.
        done, total: Files or passages of the stage. The total of passages is an estimate until all files are read.
        read, files: Files read, and files in all.
        seconds_left: Estimated seconds until all passages are embedded; None while unknown.
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

    @property
    def is_writing(self) -> bool:
        """True once all passages are embedded, so that only the index has to be written."""
        return self.stage == "embedding" and (self.read, self.done) == (self.files, self.total)


class IndexJob:
    """One update of a collection's index. It starts with its first turn, and is paused between its turns.

    A paused job keeps a process, with its memory; ``park`` gives that up.

    Args:
        files: Folder of the collection's files.
        index: Folder of its index.
        store: Address of the store of its index; empty for its folder.
        on_end: Called once the job has finished.
    """

    def __init__(
        self, files: Path, index: Path, store: str, on_end: Callable[[IndexJob], None] = lambda job: None
    ) -> None:
        self._files, self._index, self._on_end, self._store = files, index, on_end, store
        self._state = State()
        self._process: subprocess.Popen[str] | None = None
        self._thread: threading.Thread | None = None
        self._may_run = self._finished = self._parked = False
        self._turns = self._times_parked = 0
        self._lock = threading.Lock()

    def state(self) -> State:
        """Current state."""
        with self._lock:
            return self._state

    @property
    def has_process(self) -> bool:
        """True from a turn's beginning until the job is parked or has finished."""
        with self._lock:
            return self._thread is not None and not self._finished

    @property
    def turns(self) -> int:
        """Number of turns that the job's process has had."""
        with self._lock:
            return self._turns

    @property
    def times_parked(self) -> int:
        """How often the job was parked."""
        with self._lock:
            return self._times_parked

    @property
    def has_finished(self) -> bool:
        """True once the state is final and no process runs."""
        with self._lock:
            return self._finished

    def resume(self) -> None:
        """Begin a turn."""
        with self._lock:
            self._may_run = True
            self._turns += 1
            self._apply_turn()
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, daemon=True, name="indexing")
                try:
                    self._thread.start()
                except RuntimeError as error:  # the system gives no more threads
                    self._state = replace(self._state, state=FAILED, error=f"indexing failed ({error}); try again")
                    self._finished = True

    def pause(self) -> None:
        """End a turn: the worker finishes the file or batch of passages that it works on, and waits.

        Once all passages are embedded it does not wait any more, but writes the index.
        """
        with self._lock:
            self._may_run = False
            self._apply_turn()

    def cancel(self) -> None:
        """Make the state final, unless it is; ``stop`` then ends the process."""
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, state=STOPPED)
            self._finished = self._finished or self._thread is None

    def stop(self) -> None:
        """Stop the job and wait for its end; the index is unchanged.

        The next job of the same collection reuses the embeddings that are stored, which is done in large blocks.
        """
        self.cancel()
        with self._lock:
            process = self._process
        _terminate(process)

    def park(self) -> None:
        """Terminate the process of a paused job and wait until it has exited; the next turn starts a new one.

        The new process reads all files again, and reuses the embeddings that are stored.
        """
        with self._lock:
            self._parked = True
            process, thread = self._process, self._thread
        _terminate(process)
        if thread:
            thread.join()
        with self._lock:
            self._parked = False
            if not self._finished:
                self._thread = self._process = None
                self._turns, self._times_parked = 0, self._times_parked + 1
                # It may have been cancelled meanwhile.
                if self._state.ended:
                    self._finished = True
                else:
                    self._state = State()

    def _run(self) -> None:
        """Run the worker until it exits, again if it is killed."""
        try:
            for _ in range(ATTEMPTS):
                self._run_worker()
                if self._is_parked():
                    return
            self._set(state=INTERRUPTED)
        except (OSError, ValueError, TypeError) as error:
            # Parking may cut the worker's last line short.
            if not self._is_parked():
                self._set(state=FAILED, error=f"indexing failed ({error}); try again")
        finally:
            if not self._is_parked():
                with self._lock:
                    self._finished = True
                self._on_end(self)

    def _is_parked(self) -> bool:
        with self._lock:
            return self._parked and not self._state.ended

    def _run_worker(self) -> None:
        command = [*COMMAND, str(self._files), str(self._index), self._store]
        with self._lock:
            if self._state.ended or self._parked:
                return
            # stdin closes when this process ends, which tells the worker to exit.
            self._process = process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                encoding="utf-8", env=os.environ | ENVIRONMENT,
            )  # fmt: skip
            self._apply_turn()
        try:
            for line in process.stdout or ():
                self._set(**json.loads(line))
        finally:
            # Under the lock: ``_apply_turn`` must not write to a number that another file has got since.
            with self._lock:
                for pipe in (process.stdin, process.stdout):
                    if pipe:
                        pipe.close()
            process.wait()

    def _apply_turn(self) -> None:
        """Tell the worker, and the state, whether it is the job's turn. Needs the lock."""
        if not self._state.ended:
            self._state = replace(self._state, state=RUNNING if self._may_run else WAITING)
        stdin = self._process.stdin if self._process else None
        if stdin and not stdin.closed:
            # The worker may have exited.
            with suppress(OSError):
                os.write(stdin.fileno(), RESUME if self._may_run else PAUSE)

    def _set(self, **values: Any) -> None:
        with self._lock:
            if not self._state.ended:
                self._state = replace(self._state, **values)


def _terminate(process: subprocess.Popen[str] | None) -> None:
    """Terminate a process and wait until it has exited."""
    if process:
        process.terminate()
        try:
            process.wait(STOP_TIMEOUT)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
