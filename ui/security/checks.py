"""Checks of a request's headers, shared by the page and the HTTP API."""

from __future__ import annotations

import math
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response

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
