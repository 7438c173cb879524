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
    """Context manager that samples memory every 20 ms.

    Args:
        memory: What is sampled, in bytes.
    """

    def __init__(self, memory: Callable[[], int] | None = None) -> None:
        self._memory = memory or private_memory

    def __enter__(self) -> Self:
        self._before = self._highest = self._memory()
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
            self._highest = max(self._highest, self._memory())


def private_memory() -> int:
    """Private memory of this process in bytes; 0 if the system does not report it."""
    return _memory("RssAnon")


def children_memory() -> int:
    """Private memory of the child processes in bytes; 0 if the system does not report it."""
    tasks = Path("/proc/self/task")
    children = [pid for file in tasks.glob("*/children") for pid in _text(file).split()] if tasks.exists() else []
    return sum(_memory("RssAnon", pid) for pid in children)


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


def _memory(field: str, process: str = "self") -> int:
    """A field of ``/proc/PROCESS/status`` in bytes; 0 if there is none."""
    lines = _text(Path(f"/proc/{process}/status")).splitlines()
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(field)), 0)


def _text(file: Path) -> str:
    """The text of a file of the system; empty if there is none, or its process has ended."""
    try:
        return file.read_text()
    except OSError:
        return ""


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call, in seconds."""
    return timed(work).wall


def timed(work: Callable[[], object]) -> Time:
    """Wall and CPU time of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)
