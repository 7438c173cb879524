"""Checks of requests, shared by the page and the HTTP API."""

from __future__ import annotations

import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

from .limits import Limits, RateLimiter

#: Digits of a request's length in bytes.
MOST_DIGITS = 18


class RequestRefused(Exception):
    """Refusal of a request: HTTP status, reason, and seconds to wait before trying again."""

    def __init__(self, status: int, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.status, self.wait = status, wait

    def response(self) -> Response:
        """Format the refusal like gradio's own errors, so that the page shows the reason."""
        headers = {"Retry-After": str(math.ceil(self.wait))} if self.wait else {}
        return JSONResponse({"detail": str(self)}, status_code=self.status, headers=headers)


class OpenRequests:
    """The open requests of each client, up to the limits on connections."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._open: Counter[str] = Counter()

    @contextmanager
    def counted(self, client: str) -> Iterator[None]:
        """Count a request of a client as open inside."""
        self._open[client] += 1
        try:
            yield
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]

    def check(self, client: str) -> None:
        """Refuse a counted request if the client, or all together, have more open than the limits allow."""
        if self._open[client] > self._limits.connections_per_client:
            raise RequestRefused(429, "you have too many open requests; wait until some are answered", 5)
        if self._open.total() > self._limits.connections:
            raise RequestRefused(503, "the server is busy; try again in a moment", 5)


class Traffic:
    """What the clients of one server do now and did lately, whichever of its parts they call.

    Args:
        limits: Limits on requests and connections.
        clock: Monotonic time in seconds.

    Attributes:
        open: Open requests.
        requests: Requests of the last minute that cost computation or disk space.
    """

    def __init__(self, limits: Limits, clock: Callable[[], float] = time.monotonic) -> None:
        self.open = OpenRequests(limits)
        self.requests = RateLimiter(limits.requests_per_minute, clock)


def refuse_early(wait: float, reason: str) -> None:
    """Refuse a request that comes too soon; ``wait`` is 0.0 for one that does not."""
    if wait:
        raise RequestRefused(429, f"{reason}; try again in {math.ceil(wait)} seconds", wait)


def check_origin(headers: Headers, method: str) -> None:
    """Refuse requests sent by another site's page, except links that a user follows."""
    if site := headers.get("sec-fetch-site"):
        link = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        foreign = site not in ("same-origin", "none") and not link
    else:
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign:
        raise RequestRefused(403, "requests from another site's page are refused")


def check_size(headers: Headers, max_bytes: int) -> int:
    """Size of a request's body in bytes, as declared by its headers."""
    length = headers.get("content-length", "")
    # ``int`` refuses thousands of digits.
    if "transfer-encoding" in headers or not length.isdecimal() or len(length) > MOST_DIGITS:
        raise RequestRefused(411, "the request has no length; send a Content-Length header")
    if int(length) > max_bytes:
        raise RequestRefused(413, f"the request has {int(length):,} bytes; the limit is {max_bytes:,}")
    return int(length)
