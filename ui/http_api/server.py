"""Serve the API, by default to this machine only."""

from __future__ import annotations

import os
import socket
from dataclasses import dataclass

import uvicorn
from starlette.types import ASGIApp

from rag import InputError
from rag.service.operations import Operations

from ..security.accounts import is_loopback
from ..security.limits import Limits
from ..security.tls import TlsFiles
from .app import build_app
from .guard import ApiGuard
from .keys import ApiKeys

#: Seconds that open requests have to end when the server is stopped.
SHUTDOWN = 3


@dataclass(frozen=True, slots=True)
class ApiAccess:
    """Who may use the API.

    Attributes:
        keys: API keys; empty if none is needed.
        allowed_hosts: Host names to answer to besides those of this machine.
        tls: Certificate and key; None to serve plain HTTP.
        plain_http: Let keys pass over connections that the server does not encrypt.
    """

    keys: ApiKeys
    allowed_hosts: tuple[str, ...] = ()
    tls: TlsFiles | None = None
    plain_http: bool = False

    def check(self, host: str) -> None:
        """Check that other machines are not served by mistake.

        Raises:
            InputError: Other machines can reach the server, but there are no keys, or they would pass unencrypted.
        """
        if is_loopback(host) and not self.allowed_hosts:
            return
        if not self.keys:
            reachable = host if not is_loopback(host) else self.allowed_hosts[0]
            raise InputError(f"host {reachable}: can be reached from other machines; make a key with --new-key NAME")
        if not is_loopback(host) and self.tls is None and not self.plain_http:
            raise InputError(
                f"host {host}: keys would pass unencrypted; give --tls-cert and --tls-key, or --plain-http if a "
                "reverse proxy encrypts or you trust the network"
            )


def listen(host: str, port: int) -> socket.socket:
    """A socket to serve on; ``port`` 0 takes a free one.

    Raises:
        InputError: The port is invalid, taken or not permitted.
    """
    if not 0 <= port < 65_536:
        raise InputError(f"there is no port {port}; choose one between 1 and 65535 with --port")
    address = host.strip("[]")
    try:
        return socket.create_server((address, port), family=socket.AF_INET6 if ":" in address else socket.AF_INET)
    except OSError as error:
        raise InputError(f"port {port} on {host} is taken or not allowed; choose another one with --port") from error


def guarded_app(operations: Operations, knowledge: str, host: str, access: ApiAccess, limits: Limits) -> ASGIApp:
    """The API of one index behind its checks; see ``build_app`` and ``ApiGuard``.

    Args:
        operations: What the routes call.
        knowledge: Id of the index, as a collection and for Dify.
        host: Address the server listens on.
        access: Who may use it.
        limits: Limits on requests.
    """
    app = build_app(lambda _, name: operations if name in (None, knowledge) else None, limits)
    return ApiGuard(app, keys=access.keys, limits=limits, host=host, allowed_hosts=access.allowed_hosts)


def settings(app: ASGIApp, tls: TlsFiles | None = None) -> uvicorn.Config:
    """How uvicorn serves the API."""
    return uvicorn.Config(
        app,
        log_level="warning",
        timeout_graceful_shutdown=SHUTDOWN,
        server_header=False,
        # Trust no X-Forwarded-For header, unless the user names a reverse proxy.
        forwarded_allow_ips=os.environ.get("FORWARDED_ALLOW_IPS", ""),
        ssl_certfile=str(tls.certificate) if tls else None,
        ssl_keyfile=str(tls.key) if tls else None,
    )


def serve(app: ASGIApp, listening: socket.socket, tls: TlsFiles | None = None) -> None:
    """Serve until interrupted or terminated."""
    uvicorn.Server(settings(app, tls)).run(sockets=[listening])
