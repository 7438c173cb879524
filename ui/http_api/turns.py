"""Compute a few requests at a time; the others wait."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import anyio
from starlette.requests import Request

from ..security.checks import RequestRefused
from ..security.limits import Limits

T = TypeVar("T")


class Turns:
    """Gives requests their turn, and takes it back when the client goes away.

    Args:
        limits: ``at_once`` are computed at the same time, and ``waiting`` more may wait.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._limiter: anyio.CapacityLimiter | None = None

    async def take(self, request: Request, call: Callable[[], T]) -> T | None:
        """The result of a call in a worker thread; None if the client went away before.

        A call that is running ends at its next ``anyio.from_thread.check_cancelled``.

        Raises:
            RequestRefused: Too many requests wait.
        """
        if self._limiter is None:
            # Belongs to the event loop of the first request.
            self._limiter = anyio.CapacityLimiter(self._limits.at_once)
        if self._limiter.statistics().tasks_waiting >= self._limits.waiting:
            raise RequestRefused(503, "too many questions are waiting; try again in a moment", 5)
        results: list[T] = []
        failures: list[Exception] = []
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_watch, request, tasks.cancel_scope)
            try:
                results.append(await anyio.to_thread.run_sync(call, limiter=self._limiter))
            except Exception as error:
                # Raised outside of the group, which would wrap it.
                failures.append(error)
            tasks.cancel_scope.cancel()
        if failures:
            raise failures[0]
        return results[0] if results else None


async def _watch(request: Request, scope: anyio.CancelScope) -> None:
    """Cancel when the client of a request, whose body was read, goes away."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    scope.cancel()
