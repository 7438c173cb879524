"""Processes of the benchmarks: ``rag ui`` or ``rag serve`` as the server, and an indexing as a load beside it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from rag import InputError

from .synthetic_documents import make_folder

#: Runs ``rag``, whatever the PATH.
RAG = (sys.executable, "-m", "rag")

#: Builds an index, and prints a line once it embeds.
BUILD = """
import sys
from rag import build_index
said = []
def report(stage, done, total):
    if stage == "embedding" and not said:
        said.append(print(stage, flush=True))
build_index(sys.argv[1], sys.argv[2], report=report)
"""

#: All clients share one address, so the server's limit per address is lifted.
NO_LIMIT = 1_000_000_000

#: The commands that start a server, each with an address that answers once it is ready.
READY = {"ui": "/config", "serve": "/api/health"}

#: Timeout of server start and of a request, in seconds.
TIMEOUT = 120.0


def memory(process: int | None) -> int | None:
    """Resident memory of a process in bytes; None if unknown."""
    try:
        held = Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()
    except OSError:
        return None
    return 1024 * int(held[0]) if held else None


@contextmanager
def serving(index: Path, requests_per_minute: int = NO_LIMIT, command: str = "ui") -> Iterator[tuple[str, int]]:
    """Run ``rag ui`` or another command of ``READY`` over an index on a free port; yields its address and process id.

    Raises:
        InputError: The server does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = [command, "--index", str(index), "--port", str(port), "--requests-per-minute", str(requests_per_minute)]
    server = subprocess.Popen([*RAG, *options], stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(server, lambda: httpx.get(url + READY[command]).is_success)
        yield url, server.pid
    finally:
        server.terminate()
        server.wait()


@contextmanager
def indexing(passages: int) -> Iterator[None]:
    """Index synthetic documents in a process of one thread and low priority; begins with the first embedded passages.

    Raises:
        InputError: Indexing does not start, or ended before the block did.
    """
    with tempfile.TemporaryDirectory() as folder:
        make_folder(Path(folder) / "documents", passages)
        nice = ["nice", "-n", "19"] if os.name == "posix" else []
        builder = subprocess.Popen(
            [*nice, sys.executable, "-c", BUILD, f"{folder}/documents", f"{folder}/index"],
            env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            assert builder.stdout
            if not builder.stdout.readline():
                raise InputError(f"indexing does not start (exit code {builder.wait()}); try `rag index` to see why")
            yield
            if builder.poll() is not None:
                raise InputError(
                    f"indexing ended (exit code {builder.returncode}) before the measurement; make that shorter"
                )
        finally:
            builder.terminate()
            builder.communicate()


def _wait(server: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    """Poll until the server is ready."""
    until = time.monotonic() + TIMEOUT
    while time.monotonic() < until and server.poll() is None:
        try:
            if ready():
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise InputError("the server does not start; see its output")
