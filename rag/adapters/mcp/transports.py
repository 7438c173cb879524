"""Serve over standard input and output, or over HTTP to this machine."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from typing import Any

import anyio
import uvicorn
from mcp.server.stdio import stdio_server

from ...errors import InputError
from .sdk import http_app, lowlevel

#: Seconds that open requests have to end when the server is stopped.
SHUTDOWN = 3


@contextmanager
def protocol_streams() -> Iterator[tuple[TextIOWrapper, TextIOWrapper]]:
    """Standard input and output for the protocol alone.

    Until the end, whatever else this process and its children print goes to standard error, and they read an empty
    standard input.
    """
    wire_in, wire_out = os.dup(0), os.dup(1)
    sys.stdout.flush()
    empty = os.open(os.devnull, os.O_RDONLY)
    os.dup2(empty, 0)
    os.dup2(2, 1)
    os.close(empty)
    # Not closed: a thread may still wait for input on it.
    reader = TextIOWrapper(os.fdopen(wire_in, "rb", closefd=False), encoding="utf-8", errors="replace")
    writer = TextIOWrapper(os.fdopen(wire_out, "wb", closefd=False), encoding="utf-8", newline="\n")
    try:
        yield reader, writer
    finally:
        sys.stdout.flush()
        os.dup2(wire_out, 1)
        os.dup2(wire_in, 0)


def serve_stdio(server: Any, streams: tuple[TextIOWrapper, TextIOWrapper]) -> None:
    """Serve until the client closes its end."""

    async def run() -> None:
        reader, writer = (anyio.wrap_file(stream) for stream in streams)
        async with stdio_server(reader, writer) as (messages, replies):
            inner = lowlevel(server)
            await inner.run(messages, replies, inner.create_initialization_options())

    try:
        anyio.run(run)
    except* (anyio.BrokenResourceError, anyio.ClosedResourceError):
        # Version 1 of the SDK fails so where it replies to a client that has closed its end.
        pass


def listen(port: int) -> socket.socket:
    """A socket of this machine only; ``port`` 0 takes a free one.

    Raises:
        InputError: The port is invalid, taken or not permitted.
    """
    if not 0 <= port < 65_536:
        raise InputError(f"there is no port {port}; choose one between 1 and 65535 with --port")
    try:
        return socket.create_server(("127.0.0.1", port))
    except OSError as error:
        raise InputError(f"port {port} is taken or not allowed; choose another one with --port") from error


def serve_http(server: Any, listening: socket.socket) -> None:
    """Serve streamable HTTP at ``/mcp`` until interrupted or terminated."""
    app = http_app(server, listening.getsockname()[1])
    settings = uvicorn.Config(app, log_level="warning", timeout_graceful_shutdown=SHUTDOWN)
    uvicorn.Server(settings).run(sockets=[listening])
