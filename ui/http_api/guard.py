"""Check host, origin, size, rate and key of a request before the API sees it."""

from __future__ import annotations

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from ..security.accounts import AccessPolicy, host_name
from ..security.checks import RequestRefused, Traffic, check_origin, check_size, refuse_early
from ..security.limits import Limits, client_of
from ..security.login import session_account
from ..security.session import ACCOUNT
from .dify import RETRIEVAL, error_body
from .keys import ApiKeys

#: Answered without a key; they hold no data.
PUBLIC = frozenset({"/api/health", "/openapi.json"})

SCHEME = "bearer "


class ApiGuard:
    """Refuse requests that are not allowed; see ``rag.ui.security`` for what each check prevents.

    A request needs a key as soon as there is one, or on a server with accounts a key or a login.

    Args:
        app: The API.
        keys: The keys.
        limits: Limits on requests of each client.
        host: Address the server listens on.
        allowed_hosts: Further host names to answer to.
        has_accounts: The server has accounts. The account of a login is ``ACCOUNT`` in the scope of the request.
        traffic: What clients do, if they call other parts of the server, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: ApiKeys,
        limits: Limits,
        host: str,
        allowed_hosts: tuple[str, ...] = (),
        has_accounts: bool = False,
        traffic: Traffic | None = None,
    ) -> None:
        self.app, self._keys, self._limits, self._has_accounts = app, keys, limits, has_accounts
        self._hosts = AccessPolicy(allowed_hosts=allowed_hosts).hosts(host)
        self._traffic = traffic or Traffic(limits)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request: pass it on, or refuse it."""
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        if scope["type"] != "http":
            await send({"type": "websocket.close", "code": 1008})
            return
        client = client_of(scope["client"][0] if scope.get("client") else "")
        with self._traffic.open.counted(client):
            refusal = self._refusal(scope, client)
            await (refusal or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope, client: str) -> Response | None:
        """The response to a request that is not allowed; None to one that is."""
        headers = Headers(scope=scope)
        try:
            self._check(scope, headers, client)
        except RequestRefused as refused:
            return refused.response()
        scope[ACCOUNT] = session_account(scope, headers) if self._has_accounts else None
        is_open = not self._keys and not self._has_accounts
        if is_open or scope["path"] in PUBLIC or scope[ACCOUNT] is not None:
            return None
        given = headers.get("authorization", "")
        if not given.lower().startswith(SCHEME) or not given[len(SCHEME) :].strip():
            login = "log in, or " if self._has_accounts else ""
            return _unauthorized(scope["path"], 1001, f"{login}give an API key: Authorization: Bearer KEY")
        if self._keys.name_of(given[len(SCHEME) :].strip()) is None:
            return _unauthorized(scope["path"], 1002, "unknown API key")
        return None

    def _check(self, scope: Scope, headers: Headers, client: str) -> None:
        self._traffic.open.check(client)
        if self._hosts is not None and host_name(headers.get("host", "")) not in self._hosts:
            names = ", ".join(sorted(self._hosts))
            raise RequestRefused(421, f"this server answers only to {names}; see --allow-host")
        check_origin(headers, scope["method"])
        if scope["path"] not in PUBLIC:
            refuse_early(self._traffic.requests.acquire(client), "too many requests")
        if scope["method"] == "POST":
            check_size(headers, self._limits.body_bytes)


def _unauthorized(path: str, code: int, reason: str) -> Response:
    """A refusal in the form that the caller of a path expects."""
    body = error_body(code, reason) if path == RETRIEVAL else {"detail": reason}
    return JSONResponse(body, status_code=401, headers={"WWW-Authenticate": "Bearer"})
