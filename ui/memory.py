"""Return freed memory from glibc to the operating system."""

from __future__ import annotations

import ctypes
import threading
import time
from contextlib import suppress

#: Seconds between two calls.
INTERVAL = 10.0


def trim() -> None:
    """Return freed memory to the operating system; does nothing unless the C library is glibc.

    Reading allocates blocks of many sizes in each thread's arena, and glibc keeps the free blocks between used ones:
    after 390 questions by 50 clients a server held 1,520 MB, of which 850 MB were in use. The alternative, to let glibc
    return each large block when it is freed, makes a question take 50% longer.
    """
    with suppress(OSError, AttributeError):
        ctypes.CDLL("libc.so.6").malloc_trim(0)


def trim_periodically(interval: float = INTERVAL) -> None:
    """Call ``trim`` in the background every ``interval`` seconds until the process exits."""

    def work() -> None:
        while True:
            time.sleep(interval)
            trim()

    threading.Thread(target=work, name="memory", daemon=True).start()
