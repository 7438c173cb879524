"""Admit only listed requests to gradio, within the limits.

Paths are allowed one by one, so that a route added by a newer gradio stays closed.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from .accounts import AccessPolicy, host_name
from .checks import RequestRefused, Traffic, check_origin, check_size, refuse_early
from .headers import FILES
from .limits import Limits, client_of
from .login import account_of, log_in, login_required, session_account
from .login_attempts import FailedLogins
from .session import ACCOUNT

API = "/gradio_api"
LOGIN = ("/login", "/login/")
UPLOAD = f"{API}/upload"

#: Served without a login: gradio requests it from itself on startup; the response holds no data.
PUBLIC_PATHS = (f"{API}/startup-events",)

READABLE_PATHS = {
    "/config", "/config/", "/favicon.ico", "/logout", "/manifest.json", "/robots.txt", "/theme.css",
    *(f"{API}/{name}" for name in (
        "app_id", "app_id/", "info", "info/", "login_check", "login_check/", "queue/data", "queue/status",
        "startup-events", "theme.css", "upload_progress", "user", "user/",
    )),
}  # fmt: skip
READABLE_PREFIXES = ("/assets/", "/static/", f"{API}/call/", f"{API}/heartbeat/")

#: Requests that cost computation or disk space.
RATE_LIMITED_PATHS = (UPLOAD, f"{API}/queue/join", f"{API}/component_server", f"{API}/component_server/")
RATE_LIMITED_PREFIXES = (f"{API}/call/", f"{API}/run/", f"{API}/api/")

#: Characters of an account's name by which failed logins are counted.
LONGEST_ACCOUNT = 200

UNLIMITED_PATHS = (f"{API}/cancel", f"{API}/reset", f"{API}/reset/")


class AccessMiddleware:
    """Check access and limits before gradio sees a request.

    Args:
        app: gradio's application.
        access: Who may use the server.
        limits: How much they may use it.
        host: Address the server listens on.
        uploads: Upload folder; the only folder from which files are served.
        pages: Paths of the pages.
        traffic: What clients do, if they call other parts of the server, too.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        access: AccessPolicy,
        limits: Limits,
        host: str,
        uploads: Path,
        pages: frozenset[str],
        traffic: Traffic | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self.limits, self.pages = app, limits, pages
        self._login = bool(access.accounts)
        self._hosts = access.hosts(host)
        self._uploads = uploads.resolve()
        self._traffic = traffic or Traffic(limits, clock)
        self._failed_logins = FailedLogins(limits, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request: pass it on to gradio, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        client = client_of(scope["client"][0] if scope.get("client") else "")
        with self._traffic.open.counted(client):
            try:
                await self._serve(scope, receive, send, client)
            except RequestRefused as refused:
                await refused.response()(scope, receive, send)

    async def _serve(self, scope: Scope, receive: Receive, send: Send, client: str) -> None:
        headers, path, method = Headers(scope=scope), scope["path"], scope["method"]
        self._traffic.open.check(client)
        self._check_host(headers)
        check_origin(headers, method)
        if method == "POST" and path in LOGIN and self._login:
            await self._log_in(scope, receive, send, client)
            return
        scope[ACCOUNT] = session_account(scope, headers) if self._login else None
        if self._login and path not in PUBLIC_PATHS and scope[ACCOUNT] is None:
            await login_required(scope, headers)(scope, receive, send)
            return
        if method in ("GET", "HEAD"):
            self._check_readable(path)
        elif method == "POST":
            receive = await self._check_post(headers, path, receive, client)
        else:
            raise RequestRefused(405, f"method {method} is not allowed")
        await self.app(scope, receive, send)

    async def _log_in(self, scope: Scope, receive: Receive, send: Send, client: str) -> None:
        check_size(Headers(scope=scope), self.limits.body_bytes)
        body = await _body(receive)
        account = (await account_of(scope, _replay(body, receive)))[:LONGEST_ACCOUNT]
        refuse_early(self._failed_logins.acquire(client, account), "too many failed logins")
        if await log_in(self.app, scope, _replay(body, receive), send):
            self._failed_logins.succeeded(client, account)

    def _check_host(self, headers: Headers) -> None:
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            raise RequestRefused(421, f"this server answers only to {names}; see rag ui --allow-host")

    def _check_readable(self, path: str) -> None:
        if path.startswith(FILES):
            if not self._is_upload(path.removeprefix(FILES)):
                raise RequestRefused(403, "no such file")
        elif path not in READABLE_PATHS and path not in self.pages and not path.startswith(READABLE_PREFIXES):
            raise RequestRefused(404, "no such page")

    async def _check_post(self, headers: Headers, path: str, receive: Receive, client: str) -> Receive:
        is_limited = path in RATE_LIMITED_PATHS or path.startswith(RATE_LIMITED_PREFIXES)
        if not is_limited and path not in UNLIMITED_PATHS:
            raise RequestRefused(404, "no such page")
        if is_limited:
            refuse_early(self._traffic.requests.acquire(client), "too many requests")
        if path == UPLOAD:
            size = check_size(headers, self.limits.upload_bytes)
            if size + _bytes_in(self._uploads) > self.limits.kept_bytes:
                raise RequestRefused(507, "the upload folder is full; remove some files, or try again in an hour")
            return receive
        check_size(headers, self.limits.body_bytes)
        body = await _body(receive)
        if any(not self._may_reference(each, headers) for each in _file_references(body)):
            raise RequestRefused(403, "no such file; upload it first")
        return _replay(body, receive)

    def _may_reference(self, reference: dict[str, Any], headers: Headers) -> bool:
        """Whether a request refers to an uploaded file; gradio would fetch a URL of another server."""
        url = reference.get("url") or ""
        if not isinstance(url, str) or (urlsplit(url).netloc or headers.get("host")) != headers.get("host"):
            return False
        return self._is_upload(reference["path"])

    def _is_upload(self, path: str) -> bool:
        # Symbolic links in the folder may point outside.
        if "\0" in path or not Path(path).is_absolute():
            return False
        return Path(os.path.realpath(path)).is_relative_to(self._uploads)


async def _body(receive: Receive) -> bytes:
    parts = []
    while True:
        message = await receive()
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts)


def _replay(body: bytes, receive: Receive) -> Receive:
    """A ``receive`` that returns a body already read, then further messages."""
    messages: Iterator[Message] = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def replay() -> Message:
        return next(messages, None) or await receive()

    return replay


def _file_references(body: bytes) -> Iterator[dict[str, Any]]:
    """Objects of a request that gradio treats as files: those with a string as their ``path``."""
    try:
        todo = [json.loads(body)] if body else []
    except RecursionError:
        raise RequestRefused(400, "the request is nested too deeply") from None
    except ValueError:
        raise RequestRefused(400, "the request is not JSON") from None
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
        # gradio deletes old uploads concurrently.
        with suppress(FileNotFoundError):
            total += path.lstat().st_size
    return total
