"""``rag ui``: the page in the browser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..locations import default_index, shipped_corpus
from .common import add_command, add_index_option, add_reader_option, open_assistant, run_build, show_changes
from .index import remembered_paths

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag ui                      # ask the index; http://127.0.0.1:7860
  rag ui ~/reports            # index these first
  rag ui --port 8000
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag ui``."""
    parser = add_command(subparsers, "ui", "ask in the browser", EXAMPLES)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders to index first")
    add_index_option(parser)
    add_reader_option(parser)
    parser.add_argument(
        "--host",
        default="127.0.0.1",
        metavar="H",
        help="address to serve on (default: 127.0.0.1, this machine only)",
    )
    parser.add_argument("--port", type=int, default=7860, metavar="N", help="port (default: 7860)")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    folder = args.index or default_index()
    if args.paths:
        show_changes(run_build(args.paths, folder))
    assistant = open_assistant(args)
    from ..ui import EXAMPLES, serve

    over_shipped = remembered_paths(folder) == [shipped_corpus()]
    serve(assistant, args.host, args.port, EXAMPLES if over_shipped else ())
    return 0
