"""``rag mcp``: serve LLM agents by the Model Context Protocol."""

from __future__ import annotations

import argparse
from contextlib import nullcontext
from importlib.util import find_spec
from typing import TYPE_CHECKING

from ..errors import InputError
from .common import add_command, add_compute_options, add_index_option, add_reader_option, err, ready_index

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag mcp                          # over standard input and output, as desktop clients start it
  rag mcp --index ~/reports-index
  rag mcp --http --port 8765       # over HTTP: http://127.0.0.1:8765/mcp, for this machine only
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag mcp``."""
    parser = add_command(subparsers, "mcp", "serve the documents to LLM agents by the Model Context Protocol", EXAMPLES)
    parser.add_argument(
        "--http", action="store_true", help="serve streamable HTTP instead of standard input and output"
    )
    parser.add_argument(
        "--port", type=int, default=8765, metavar="N",
        help="with --http: port (default: 8765); 0 takes a free one and prints it",
    )  # fmt: skip
    add_index_option(parser)
    add_reader_option(parser)
    add_compute_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until the client closes its end, or with ``--http`` until interrupted."""
    if find_spec("mcp") is None:
        raise InputError("rag mcp needs the package mcp; install rag[mcp]")
    from ..adapters.mcp.server import DocumentServer
    from ..adapters.mcp.transports import listen, protocol_streams, serve_http, serve_stdio
    from ..service.live import LiveAssistant
    from ..service.operations import Operations

    listening = listen(args.port) if args.http else None
    # Diverted before an index is built or a model loaded, either of which may print.
    with nullcontext() if listening else protocol_streams() as streams:
        live = LiveAssistant(ready_index(args), reader=args.reader, device=args.device)
        # A broken index is reported here, not to the first question.
        live.get()
        server = DocumentServer(Operations(live.get))
        if streams:
            serve_stdio(server, streams)
        elif listening:
            err.print(f"Serving MCP on http://127.0.0.1:{listening.getsockname()[1]}/mcp - Ctrl-C stops")
            serve_http(server, listening)
    return 0
