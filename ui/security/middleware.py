"""What is let in to gradio: requests to the page that is served, of the size and number that the limits allow.

Everything is shut that is not listed here, so that a route which a newer gradio adds stays shut as well.
"""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .accounts import Access, host_name
from .headers import FILES
from .limits import Allowance, Limits, client_of
from .login import closed, is_logged_in, log_in

API = "/gradio_api"
LOGIN = ("/login", "/login/")
UPLOAD = f"{API}/upload"

#: What gradio asks itself when it starts; it tells nobody anything.
OPEN = (f"{API}/startup-events",)

READ = {
    "/config", "/config/", "/favicon.ico", "/logout", "/manifest.json", "/robots.txt", "/theme.css",
    *(f"{API}/{name}" for name in (
        "app_id", "app_id/", "info", "info/", "login_check", "login_check/", "queue/data", "queue/status",
        "startup-events", "theme.css", "upload_progress", "user", "user/",
    )),
}  # fmt: skip
READ_BELOW = ("/assets/", "/static/", f"{API}/call/", f"{API}/heartbeat/")

#: What makes the server work, and is counted.
WORK = (UPLOAD, f"{API}/queue/join", f"{API}/component_server", f"{API}/component_server/")
WORK_BELOW = (f"{API}/call/", f"{API}/run/", f"{API}/api/")
UNCOUNTED = (f"{API}/cancel", f"{API}/reset", f"{API}/reset/")


class Refused(Exception):
    """A request that is not let in: the HTTP status, why, and after how many seconds to come again."""

    def __init__(self, status: int, why: str, wait: float = 0.0) -> None:
        super().__init__(why)
        self.status, self.wait = status, wait

    def response(self) -> Response:
        """As gradio's own errors look, so that the page shows the words."""
        headers = {"Retry-After": str(math.ceil(self.wait))} if self.wait else {}
        return JSONResponse({"detail": str(self)}, status_code=self.status, headers=headers)


class Guard:
    """Stands before gradio.

    Args:
        app: gradio.
        access: Who may come in.
        limits: How much each may ask for.
        host: What the server listens on.
        uploads: The folder that uploads lie in, and the only one that files are given out of.
        pages: Paths of the pages.
    """

    def __init__(
        self, app: ASGIApp, *, access: Access, limits: Limits, host: str, uploads: Path, pages: frozenset[str]
    ) -> None:
        self.app, self.limits, self.pages = app, limits, pages
        self._login = bool(access.accounts)
        self._hosts = access.hosts(host)
        self._uploads = uploads.resolve()
        self._requests = Allowance(limits.requests_per_minute)
        self._logins = Allowance(limits.logins_per_minute)
        self._open: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have gradio answer it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        client = client_of(scope["client"][0] if scope.get("client") else "")
        self._open[client] += 1
        try:
            await self._serve(scope, receive, send, client)
        except Refused as refused:
            await refused.response()(scope, receive, send)
        finally:
            self._open[client] -= 1
            if not self._open[client]:
                del self._open[client]

    async def _serve(self, scope: Scope, receive: Receive, send: Send, client: str) -> None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        self._check_connections(client)
        self._check_host(headers)
        _check_origin(headers, method)
        if method == "POST" and path in LOGIN and self._login:
            _count(self._logins, client, "you tried to log in too often")
            _check_size(headers, self.limits.body_bytes)
            await log_in(self.app, scope, receive, send)
            return
        if self._login and path not in OPEN and not is_logged_in(scope, headers):
            await closed(scope, headers)(scope, receive, send)
            return
        if method in ("GET", "HEAD"):
            self._check_readable(path)
        elif method == "POST":
            receive = await self._check_post(headers, path, receive, client)
        else:
            raise Refused(405, f"{method} is not served here")
        await self.app(scope, receive, send)

    def _check_connections(self, client: str) -> None:
        if self._open[client] > self.limits.connections_per_client:
            raise Refused(429, "too many requests of yours are open; wait until some are answered", 5)
        if self._open.total() > self.limits.connections:
            raise Refused(503, "the server is busy; try again in a moment", 5)

    def _check_host(self, headers: Headers) -> None:
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            raise Refused(421, f"this server answers to {', '.join(sorted(self._hosts))} only; see rag ui --allow-host")

    def _check_readable(self, path: str) -> None:
        if path.startswith(FILES):
            if not self._is_upload(path.removeprefix(FILES)):
                raise Refused(403, "there is no such file here")
        elif path not in READ and path not in self.pages and not path.startswith(READ_BELOW):
            raise Refused(404, "there is no such page here")

    async def _check_post(self, headers: Headers, path: str, receive: Receive, client: str) -> Receive:
        counted = path in WORK or path.startswith(WORK_BELOW)
        if not counted and path not in UNCOUNTED:
            raise Refused(404, "there is no such page here")
        if counted:
            _count(self._requests, client, "you asked too much in a short time")
        if path == UPLOAD:
            size = _check_size(headers, self.limits.upload_bytes)
            if size + _bytes_in(self._uploads) > self.limits.kept_bytes:
                raise Refused(507, "the upload folder is full; remove some files, or try again in an hour")
            return receive
        _check_size(headers, self.limits.body_bytes)
        body = await _body(receive)
        if any(not self._may_name(each, headers) for each in _file_references(body)):
            raise Refused(403, "there is no such file here; upload it first")
        return _again(body, receive)

    def _may_name(self, reference: dict[str, Any], headers: Headers) -> bool:
        """Whether a file that a request names is one that was uploaded; an address elsewhere would be fetched."""
        url = reference.get("url") or ""
        if not isinstance(url, str) or (urlsplit(url).netloc or headers.get("host")) != headers.get("host"):
            return False
        return self._is_upload(reference["path"])

    def _is_upload(self, path: str) -> bool:
        # Resolved, so that a link in the folder leads nowhere else.
        if "\0" in path or not Path(path).is_absolute():
            return False
        return Path(os.path.realpath(path)).is_relative_to(self._uploads)


def _count(allowance: Allowance, client: str, why: str) -> None:
    if wait := allowance.take(client):
        raise Refused(429, f"{why}; try again in {math.ceil(wait)} seconds", wait)


def _check_origin(headers: Headers, method: str) -> None:
    """Refuse what another site's page had the browser send; that somebody follows a link from there is fine."""
    if site := headers.get("sec-fetch-site"):
        link = method == "GET" and headers.get("sec-fetch-mode") == "navigate"
        foreign = site not in ("same-origin", "none") and not link
    else:
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != headers.get("host", "").lower()
    if foreign:
        raise Refused(403, "requests from another site's page are not answered")


def _check_size(headers: Headers, most: int) -> int:
    """The size of a body, in bytes, known before any of it is read."""
    length = headers.get("content-length", "")
    if "transfer-encoding" in headers or not length.isdecimal():
        raise Refused(411, "say how long the request is, in a Content-Length header")
    if int(length) > most:
        raise Refused(413, f"the request is {int(length):,} bytes long; at most {most:,} are taken")
    return int(length)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _again(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that gives a body that was read already, then what comes after it."""
    messages: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def again() -> Message:
        return next(messages, None) or await receive()

    return again


def _file_references(body: bytes) -> Iterator[dict[str, Any]]:
    """The objects in a request that gradio takes for files: those with a text as their ``path``."""
    try:
        todo = [json.loads(body)] if body else []
    except RecursionError:
        raise Refused(400, "the request is nested too deeply") from None
    except ValueError:
        raise Refused(400, "the request is not JSON") from None
    while todo:
        value = todo.pop()
        if isinstance(value, dict):
            if isinstance(value.get("path"), str):
                yield value
            todo += value.values()
        elif isinstance(value, list):
            todo += value


def _bytes_in(folder: Path) -> int:
    total = 0
    for path in folder.rglob("*"):
        # Old uploads are deleted all the time.
        with suppress(FileNotFoundError):
            total += path.lstat().st_size
    return total
