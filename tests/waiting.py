"""Wait for a condition instead of for a time."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def wait_until(condition: Callable[[], T], timeout: float = 60) -> T:
    """The first true value of ``condition``; fails after ``timeout`` seconds without one."""
    deadline = time.monotonic() + timeout
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"the condition was not met within {timeout} seconds")
        time.sleep(0.02)
    return value
