"""The command ``rag``: one parser, and one place where errors become a line and an exit code.

Exit codes: 0 done or answered; 1 not found, or a check failed; 2 bad usage or input; 130 interrupted.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Sequence
from importlib import import_module
from importlib.metadata import version

from ..errors import RagError
from ..text.printable import one_line
from . import completion
from .common import set_environment

#: The commands, in the order of the help, and the modules that define them.
COMMANDS = {
    "index": "index", "ask": "ask", "search": "search", "table": "table", "ui": "ui", "serve": "serve", "mcp": "mcp",
    "eval": "evaluate", "verify": "verify", "train": "train",
}  # fmt: skip

EPILOG = """\
examples:
  rag ask "How long is the border between Kazakhstan and Russia?"
  rag index ~/reports                     # ask about your own files from now on
  rag ask "Who signed the contract?"
  rag ui                                  # the same in the browser
"""


def build_parser(commands: Iterable[str] = COMMANDS) -> argparse.ArgumentParser:
    """Build the parser of these commands."""
    parser = argparse.ArgumentParser(
        prog="rag",
        description="Ask a folder of documents; get the exact words that answer, or 'not found'.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"rag {version('rag')}")
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in commands:
        import_module(f".{COMMANDS[command]}", __name__).add_parser(subparsers)
    completion.add_parser(subparsers, parser)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code."""
    # Libraries must not report usage.
    os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")
    arguments = sys.argv[1:] if argv is None else argv
    # The modules of all commands take a second to import.
    named = [command for command in arguments[:1] if command in COMMANDS]
    args = build_parser(named or COMMANDS).parse_args(arguments)
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
