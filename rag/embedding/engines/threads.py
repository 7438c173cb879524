"""How many threads the engines use."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

#: Environment variable that sets the number.
VARIABLE = "RAG_THREADS"

#: Processor time that a container may use, and in which period; both in microseconds.
QUOTA = Path("/sys/fs/cgroup/cpu.max")


def thread_count() -> int:
    """``RAG_THREADS``, else ``OMP_NUM_THREADS``, else the number of cores that this process may use."""
    for name in (VARIABLE, "OMP_NUM_THREADS"):
        with suppress(ValueError):
            if (number := int(os.environ.get(name, ""))) > 0:
                return number
    return usable_cores()


def usable_cores() -> int:
    """Number of cores that this process may use, by its affinity and by the quota of its container; at least one."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    with suppress(OSError, ValueError):
        quota, period = QUOTA.read_text().split()
        # "max" stands for no quota.
        cores = min(cores, round(int(quota) / int(period)))
    return max(1, cores)
