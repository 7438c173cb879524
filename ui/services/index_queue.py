"""The index jobs of a server take turns, so that a long one does not hold up the others.

One job has the turn; those paused may still be finishing a file or a batch of passages. So that the paused ones do not
fill the memory, only some keep their process; the others are parked, and read their files again at a later turn.

A file beside the index marks that its files are to be indexed until that is done. A server that was killed finds the
mark when it starts again, and continues.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from .index_jobs import DONE, FAILED, IndexJob

#: Seconds that a job runs while others wait.
TURN = 20.0

#: At most this many jobs keep a process; a paused one takes about 0.5 GB.
MAX_PROCESSES = 5

#: Suffix of the mark beside an index.
PENDING = ".pending"


class IndexQueue:
    """Index jobs, at most two for each collection: the second starts once the first has ended.

    Args:
        turn: Seconds that a job runs while others wait.
        max_processes: At most this many jobs keep a process.
    """

    def __init__(self, turn: float = TURN, max_processes: int = MAX_PROCESSES) -> None:
        self._turn, self._max_processes = turn, max_processes
        self._jobs: dict[str, IndexJob] = {}
        self._second: dict[str, IndexJob] = {}
        self._turns: deque[str] = deque()
        self._running: str | None = None
        self._closed = False
        self._marks: dict[str, Path] = {}
        self._changed = threading.Condition()
        threading.Thread(target=self._work, daemon=True, name="index queue").start()

    def start(self, collection_id: str, files: Path, index: Path, store: str) -> IndexJob:
        """Queue an update of a collection's index; see ``IndexJob``.

        Returns the job of the collection that has not started yet, if any: it will index all files present when it
        starts.
        """
        with self._changed:
            last = self._latest(collection_id)
            if last and not last.has_process and not last.state().ended:
                return last
            job = IndexJob(files, index, store, lambda job: self._end(collection_id, job))
            self._marks[collection_id] = _pending_mark(index)
            # Without the mark, only continuing after a crash is lost.
            with suppress(OSError):
                _pending_mark(index).touch()
            if last is None or last.has_finished:
                self._jobs[collection_id] = job
            else:
                self._second[collection_id] = job
            if collection_id != self._running and collection_id not in self._turns:
                self._turns.append(collection_id)
            self._changed.notify_all()
        return job

    def resume(self, collections: Iterable[tuple[str, Path, Path, str]]) -> None:
        """Continue what an earlier server left unfinished.

        Args:
            collections: Id, folder of the files, folder of the index and address of its store of each collection.
        """
        for collection_id, files, index, store in collections:
            if _pending_mark(index).exists() and files.is_dir():
                self.start(collection_id, files, index, store)

    def latest(self, collection_id: str) -> IndexJob | None:
        """A collection's started job, else its waiting one, else its last; None if it had none."""
        with self._changed:
            job = self._jobs.get(collection_id)
            return self._second.get(collection_id, job) if job and job.state().ended else job

    def stop(self, collection_id: str) -> None:
        """Stop a collection's jobs, and wait for their end."""
        with self._changed:
            self._clear_mark(collection_id)
            cancelled = self._cancel(collection_id)
        for job in cancelled:
            job.stop()

    def forget(self, collection_id: str) -> None:
        """Stop the jobs of a collection that has been deleted, and forget them."""
        self.stop(collection_id)
        with self._changed:
            self._jobs.pop(collection_id, None)

    def close(self) -> None:
        """Stop all jobs, and start no more; a later server continues them."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            cancelled = [job for collection_id in list(self._jobs) for job in self._cancel(collection_id)]
        for job in cancelled:
            job.stop()

    def _cancel(self, collection_id: str) -> list[IndexJob]:
        """Cancel the jobs of a collection, and return them. Needs the lock.

        Stopping a process takes seconds, so that is left to the caller, who does it without the lock.
        """
        jobs = [job for job in (self._second.pop(collection_id, None), self._jobs.get(collection_id)) if job]
        for job in jobs:
            job.cancel()
        return jobs

    def _work(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._turns or self._closed)
                if self._closed:
                    return
                collection_id, to_park = self._next_turn()
                self._turns.remove(collection_id)
                self._running = collection_id
            # Without the lock: it waits for a process.
            if to_park:
                to_park.park()
            with self._changed:
                job = None if self._closed else self._unfinished(collection_id)
                if job:
                    job.resume()
            if job:
                self._wait_for_end_of_turn(job)
            with self._changed:
                self._running = None
                if self._unfinished(collection_id):
                    self._turns.append(collection_id)

    def _next_turn(self) -> tuple[str, IndexJob | None]:
        """The collection whose turn is next, and the job to park before, if any."""
        jobs = {each: self._unfinished(each) for each in self._turns}
        paused = [job for job in jobs.values() if job and job.has_process]
        # One that only has to write its index is about to end.
        to_park = [job for job in paused if not job.state().is_writing]
        # What started last has the least to lose.
        least = min(to_park, key=lambda job: job.turns, default=None)
        for each, job in jobs.items():
            if job is None or job.has_process or len(paused) < self._max_processes:
                return each, None
            # A new job starts at once. One that was parked leaves the other more turns each time: reading the files
            # again may take several, and two jobs that park each other would never end.
            if least and (not job.times_parked or least.turns >= 2**least.times_parked):
                return each, least
        # All that had a process have ended meanwhile.
        return next(iter(jobs)), None

    def _wait_for_end_of_turn(self, job: IndexJob) -> None:
        """Return when the job has ended, or is paused because its time is up and others wait."""
        end = time.monotonic() + self._turn
        with self._changed:
            self._changed.wait_for(lambda: job.has_finished or self._turns)
            self._changed.wait_for(lambda: job.has_finished, max(0, end - time.monotonic()))
        job.pause()

    def _unfinished(self, collection_id: str) -> IndexJob | None:
        """The job of a collection whose turn it is; the second one once the first has ended."""
        job = self._jobs.get(collection_id)
        if job and job.has_finished and collection_id in self._second:
            job = self._jobs[collection_id] = self._second.pop(collection_id)
        return job if job and not job.has_finished else None

    def _latest(self, collection_id: str) -> IndexJob | None:
        return self._second.get(collection_id) or self._jobs.get(collection_id)

    def _end(self, collection_id: str, job: IndexJob) -> None:
        with self._changed:
            if job.state().state in (DONE, FAILED) and self._latest(collection_id) is job:
                self._clear_mark(collection_id)
            self._changed.notify_all()

    def _clear_mark(self, collection_id: str) -> None:
        if mark := self._marks.pop(collection_id, None):
            with suppress(OSError):
                mark.unlink(missing_ok=True)


def _pending_mark(index: Path) -> Path:
    return index.with_name(index.name + PENDING)
