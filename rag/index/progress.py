"""How far an index run is: the passages that files not read yet will give, the speed, and the time left."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping

from ..formats import suffix_of


class Forecast:
    """Forecasts the passages of files that are not read yet, from those of read files of the same format.

    Args:
        sizes: Size of each file to be read, in bytes, by path.
    """

    def __init__(self, sizes: Mapping[str, int]) -> None:
        self._sizes = dict(sizes)
        # By file suffix.
        self._unread: Counter[str] = Counter()
        self._read: Counter[str] = Counter()
        self._passages: Counter[str] = Counter()
        for path, size in sizes.items():
            self._unread[suffix_of(path)] += size

    def add(self, path: str, passages: int) -> None:
        """Record that a file was read, and how many passages it gave; other files than those of ``sizes`` are ignored.

        A file counts once.
        """
        size = self._sizes.pop(path, None)
        if size is not None:
            suffix = suffix_of(path)
            self._unread[suffix] -= size
            self._read[suffix] += size
            self._passages[suffix] += passages

    def passages(self) -> int:
        """Number of passages expected in the files not read yet; 0 while none was read."""
        overall = self._passages.total() / max(self._read.total(), 1)
        return round(
            sum(
                size * (self._passages[suffix] / self._read[suffix] if self._read[suffix] else overall)
                for suffix, size in self._unread.items()
            )
        )


class Pace:
    """Speed and time left of an index run, from the reports that it gives.

    Args:
        clock: Monotonic time in seconds.

    Attributes:
        speed: Passages embedded a second, the reading of their files included; None while unknown.
        seconds_left: Estimated seconds until the last passage is embedded; None while unknown.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._started: float | None = None
        self.speed: float | None = None
        self.seconds_left: float | None = None

    def report(self, stage: str, done: int, total: int) -> None:
        """Record a report; see ``rag.index.Report``."""
        now = self._clock()
        if self._started is None or stage == "checking":
            self._started = now
        if stage == "embedding" and done and now > self._started:
            self.speed = done / (now - self._started)
            self.seconds_left = (total - done) / self.speed

    def add_pause(self, seconds: float) -> None:
        """Do not count a time in which the run stood still."""
        if self._started is not None:
            self._started += seconds
