"""Wait for a condition instead of for a time."""

import asyncio
import time
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds until a condition is given up; nothing waits so long where all is well. Indexing jobs have a low priority, so
#: they take minutes on a busy machine.
PATIENCE = 240.0


def wait_until(condition: Callable[[], T], timeout: float = PATIENCE) -> T:
    """The first true value of ``condition``; fails after ``timeout`` seconds without one."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"the condition was not met within {timeout} seconds")
        time.sleep(0.02)
    return value


def in_thread(call: Callable[[], T]) -> T:
    """Call in a thread of its own: after a browser was started, Playwright has an asyncio loop in the main one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(call).result()


def run_async(coroutine: Coroutine[Any, Any, T]) -> T:
    """``asyncio.run`` that works after a browser was started."""
    return in_thread(lambda: asyncio.run(coroutine))
