"""Wall time, CPU time and memory of this process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self


class Time(NamedTuple):
    """Duration of a call, in seconds."""

    wall: float
    cpu: float


class Peak:
    """Samples private memory in a thread; ``bytes`` is the peak above the level at the start."""

    def __enter__(self) -> Self:
        self._before = self._most = held_memory()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def bytes(self) -> int:
        """Peak above the level at the start."""
        return self._most - self._before

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._most = max(self._most, held_memory())


def held_memory() -> int:
    """Private memory of this process in bytes; 0 if the system does not report it."""
    return _memory("RssAnon")


def mapped_memory() -> int:
    """Pages of mapped files in memory, in bytes; 0 if the system does not report it."""
    return _memory("RssFile")


def _memory(field: str) -> int:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(field)), 0)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    return timed(work).wall


def timed(work: Callable[[], object]) -> Time:
    """Wall and CPU time of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)
