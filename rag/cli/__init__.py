"""The command ``rag``: one parser, and one place where errors become a line and an exit code.

Exit codes: 0 done or answered; 1 not found, or a check failed; 2 bad usage or input; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from importlib.metadata import version

from ..errors import RagError
from ..text.printable import one_line
from . import ask, completion, evaluate, index, mcp, search, serve, table, train, ui, verify
from .common import set_environment

EPILOG = """\
examples:
  rag ask "How long is the border between Kazakhstan and Russia?"
  rag index ~/reports                     # ask about your own files from now on
  rag ask "Who signed the contract?"
  rag ui                                  # the same in the browser
"""


def build_parser() -> argparse.ArgumentParser:
    """Build the parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="rag",
        description="Ask a folder of documents; get the exact words that answer, or 'not found'.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rag {version('rag')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in (index, ask, search, table, ui, serve, mcp, evaluate, verify, train):
        command.add_parser(subparsers)
    completion.add_parser(subparsers, parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    # Libraries must not report usage.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    args = build_parser().parse_args(argv)
    try:
        set_environment(args)
        code: int = args.run(args)
        sys.stdout.flush()
    except RagError as error:
        print(f"rag: {one_line(str(error))}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("rag: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        # The reader of the pipe has closed it (`rag search ... | head`).
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code
