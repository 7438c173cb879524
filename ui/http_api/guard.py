"""Check host, origin, size, rate and key of a request before the API sees it."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..security.accounts import AccessPolicy, host_name
from ..security.checks import OpenRequests, RequestRefused, check_origin, check_size, refuse_early
from ..security.limits import Limits, RateLimiter, client_of
from .dify import RETRIEVAL, error_body
from .keys import ApiKeys

#: Answered without a key; they hold no data.
PUBLIC = frozenset({"/api/health", "/openapi.json"})

SCHEME = "bearer "


class ApiGuard:
    """Refuse requests that are not allowed; see ``rag.ui.security`` for what each check prevents.

    Args:
        app: The API.
        keys: Keys, one of which a request has to give; any request is served if there are none.
        limits: Limits on requests of each client.
        host: Address the server listens on.
        allowed_hosts: Further host names to answer to.
        clock: Monotonic time in seconds.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: ApiKeys,
        limits: Limits,
        host: str,
        allowed_hosts: tuple[str, ...] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.app, self._keys, self._limits = app, keys, limits
        self._hosts = AccessPolicy(allowed_hosts=allowed_hosts).hosts(host)
        self._requests = RateLimiter(limits.requests_per_minute, clock)
        self._open = OpenRequests(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request: pass it on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        client = client_of(scope["client"][0] if scope.get("client") else "")
        with self._open.counted(client):
            refusal = self._refusal(scope, client)
            await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope, client: str) -> Response | None:
        """The response to a request that is not allowed; None to one that is."""
        headers = Headers(scope=scope)
        try:
            self._check(scope, headers, client)
        except RequestRefused as refused:
            return refused.response()
        if scope["path"] in PUBLIC or not self._keys:
            return None
        given = headers.get("authorization", "")
        if not given.lower().startswith(SCHEME) or not given[len(SCHEME) :].strip():
            return _unauthorized(scope["path"], 1001, "give an API key: Authorization: Bearer KEY")
        if self._keys.name_of(given[len(SCHEME) :].strip()) is None:
            return _unauthorized(scope["path"], 1002, "unknown API key")
        return None

    def _check(self, scope: Scope, headers: Headers, client: str) -> None:
        self._open.check(client)
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            raise RequestRefused(421, f"this server answers only to {names}; see rag serve --allow-host")
        check_origin(headers, scope["method"])
        if scope["path"] not in PUBLIC:
            refuse_early(self._requests.acquire(client), "too many requests")
        if scope["method"] == "POST":
            check_size(headers, self._limits.body_bytes)


def _unauthorized(path: str, code: int, reason: str) -> Response:
    """A refusal in the form that the caller of a path expects."""
    body = error_body(code, reason) if path == RETRIEVAL else {"detail": reason}
    return JSONResponse(body, status_code=401, headers={"WWW-Authenticate": "Bearer"})
