"""Progress of an index run: the passages that unread files will give, the speed, and the time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Mapping

from ..formats import suffix_of


class Forecast:
    """Forecasts how many passages of unread files must be embedded, from the files that were read.

    Args:
        sizes: Size of each file to be read, in bytes, by path.
        changed: Those of the paths whose earlier version is in the index; most of their passages have vectors.
    """

    def __init__(self, sizes: Mapping[str, int], changed: Collection[str] = ()) -> None:
        self._sizes, self._changed = dict(sizes), frozenset(changed)
        # By kind; see ``_kind``.
        self._unread_bytes: Counter[str] = Counter()
        self._unread_files: Counter[str] = Counter()
        self._read_bytes: Counter[str] = Counter()
        self._read_files: Counter[str] = Counter()
        self._passages: Counter[str] = Counter()
        for path, size in sizes.items():
            self._unread_bytes[self._kind(path)] += size
            self._unread_files[self._kind(path)] += 1

    def add(self, path: str, passages: int, queued: int) -> None:
        """Record that a file was read. It counts once; files not in ``sizes`` are ignored.

        Args:
            path: Path of the file.
            passages: Number of its passages.
            queued: Number of those without a vector. A new file has some with one if an interrupted run is continued,
                which says nothing about the other files.
        """
        size = self._sizes.pop(path, None)
        if size is None:
            return
        kind = self._kind(path)
        self._unread_bytes[kind] -= size
        self._unread_files[kind] -= 1
        self._read_bytes[kind] += size
        self._read_files[kind] += 1
        self._passages[kind] += queued if path in self._changed else passages

    def passages(self) -> int:
        """Number of passages to embed in the unread files; 0 while no file was read.

        Files have as many passages per byte as those of their kind, or, where none of their kind was read, as many per
        file as all others: formats differ too much in passages per byte.
        """
        per_file = self._passages.total() / max(self._read_files.total(), 1)
        return round(
            sum(
                size * self._passages[kind] / self._read_bytes[kind]
                if self._read_bytes[kind]
                else self._unread_files[kind] * per_file
                for kind, size in self._unread_bytes.items()
            )
        )

    def _kind(self, path: str) -> str:
        return suffix_of(path) + (" changed" if path in self._changed else "")


class Pace:
    """Speed and time left of an index run, from its reports.

    Args:
        clock: Monotonic time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._reported: float | None = None
        #: Seconds spent, steps done, and steps in total; the steps of the first report took an unknown time.
        self._seconds = {"reading": 0.0, "embedding": 0.0}
        self._skipped = {"reading": 0, "embedding": 0}
        self._done = {"reading": 0, "embedding": 0}
        self._total = {"reading": 0, "embedding": 0}

    def report(self, stage: str, done: int, total: int) -> None:
        """Record a report; see ``rag.index.Report``. The time since the last one was spent on this stage."""
        now = self._clock()
        if stage in self._seconds:
            if self._reported is None:
                self._skipped[stage] = done
            else:
                self._seconds[stage] += now - self._reported
            self._done[stage], self._total[stage] = done, total
        self._reported = now

    def add_pause(self, seconds: float) -> None:
        """Exclude a pause."""
        if self._reported is not None:
            self._reported += seconds

    @property
    def speed(self) -> float | None:
        """Passages embedded per second; None while unknown."""
        return self._speed("embedding")

    @property
    def seconds_left(self) -> float | None:
        """Seconds until all files are read and all passages embedded; None while unknown."""
        speed = self.speed
        if speed is None:
            return None
        left = (self._total["embedding"] - self._done["embedding"]) / speed
        reading = self._speed("reading")
        return left + ((self._total["reading"] - self._done["reading"]) / reading if reading else 0)

    def _speed(self, stage: str) -> float | None:
        done, seconds = self._done[stage] - self._skipped[stage], self._seconds[stage]
        return done / seconds if done > 0 and seconds > 0 else None
