"""``rag eval``: the suite of ``rag.eval`` over an index."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from .common import add_command, add_index_option, add_reader_option, err, open_assistant, out, progress_bars

if TYPE_CHECKING:
    from .common import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag eval``."""
    from ..eval.command import EXAMPLES, add_arguments

    parser = add_command(
        subparsers, "eval", "measure how good the answers are, on questions with known answers", EXAMPLES
    )
    add_arguments(parser)
    add_index_option(parser)
    add_reader_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the figures."""
    from ..eval.command import Consoles, evaluate

    return evaluate(args, lambda: open_assistant(args), Consoles(out, err), progress_bars)
