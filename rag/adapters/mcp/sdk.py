"""What versions 1.21 to 2 of the package ``mcp`` have in common; version 2 renamed ``FastMCP`` to ``MCPServer``."""

from __future__ import annotations

import importlib
from importlib.metadata import version
from typing import Any

from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import ASGIApp

VERSION = tuple(int(part) for part in version("mcp").split(".")[:2])
IS_V1 = VERSION[0] == 1

# By name, because no version has both.
_package = importlib.import_module("mcp.server.fastmcp" if IS_V1 else "mcp.server.mcpserver")
_exceptions = importlib.import_module(f"{_package.__name__}.exceptions")

#: The server class of the SDK.
SdkServer: Any = _package.FastMCP if IS_V1 else _package.MCPServer

#: Raised by tools; the client gets the message.
ToolError: type[Exception] = _exceptions.ToolError

#: Raised for a resource that does not exist.
ResourceNotFoundError: type[Exception] = _exceptions.ResourceError if IS_V1 else _exceptions.ResourceNotFoundError


def http_app(server: Any, port: int) -> ASGIApp:
    """The application for streamable HTTP at ``/mcp``, which answers only requests addressed to this machine.

    Args:
        server: An ``SdkServer``.
        port: Port of the socket that it is served on.
    """
    names = [f"127.0.0.1:{port}", f"localhost:{port}"]
    security = TransportSecuritySettings(
        enable_dns_rebinding_protection=True,
        allowed_hosts=names,
        allowed_origins=[f"http://{name}" for name in names],
    )
    options: dict[str, Any] = {}
    if IS_V1:
        server.settings.transport_security = security
    else:
        options["transport_security"] = security
    app: ASGIApp = server.streamable_http_app(**options)
    return app


def lowlevel(server: Any) -> Any:
    """The server that takes streams, which ``run_stdio_async`` gives no access to."""
    return server._mcp_server if IS_V1 else server._lowlevel_server
