"""How many threads the engines use."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from ...errors import InputError

#: Environment variable that sets the number.
VARIABLE = "RAG_THREADS"

#: Processor time that a container may use, and in which period; both in microseconds.
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def thread_count() -> int:
    """``RAG_THREADS``, else ``OMP_NUM_THREADS``, else the number of cores that this process may use.

    Raises:
        InputError: ``RAG_THREADS`` is not a number of at least 1.
    """
    return stated_threads() or usable_cores()


def stated_threads() -> int | None:
    """The number of threads that an environment variable gives; None if none does.

    Raises:
        InputError: ``RAG_THREADS`` is not a number of at least 1.
    """
    if value := os.environ.get(VARIABLE):
        if not value.isdecimal() or int(value) < 1:
            raise InputError(f"{VARIABLE}={value}: give a number of at least 1")
        return int(value)
    value = os.environ.get("OMP_NUM_THREADS", "")
    return int(value) if value.isdecimal() and int(value) else None


def usable_cores() -> int:
    """Number of cores that this process may use, by its affinity and by the quota of its container; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = QUOTA.read_text().split()
        # "max" stands for no quota.
        cores = min(cores, round(int(quota) / int(period)))
    return max(1, cores)
