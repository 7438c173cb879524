"""Wall time, CPU time and memory of this process."""

from __future__ import annotations

import sys
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
    """Context manager that samples this process's private memory every 20 ms."""

    def __enter__(self) -> Self:
        self._before = self._highest = private_memory()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def bytes(self) -> int:
        """Highest sample, less the memory at the start."""
        return self._highest - self._before

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._highest = max(self._highest, private_memory())


def private_memory() -> int:
    """Private memory of this process in bytes; 0 if the system does not report it."""
    return _memory("RssAnon")


def mapped_memory() -> int:
    """Resident memory of mapped files in bytes; 0 if the system does not report it."""
    return _memory("RssFile")


def peak_memory() -> int:
    """Highest resident memory of this process so far, in bytes."""
    # On Linux, ``getrusage`` starts from the parent's peak.
    if peak := _memory("VmHWM"):
        return peak
    import resource  # not on Windows

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak  # macOS counts bytes, others kilobytes


def _memory(field: str) -> int:
    """A field of ``/proc/self/status`` in bytes; 0 if there is none."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(field)), 0)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call, in seconds."""
    return timed(work).wall


def timed(work: Callable[[], object]) -> Time:
    """Wall and CPU time of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)
