"""``rag eval``."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..eval.options import EXAMPLES, add_arguments
from .common import (
    add_command,
    add_compute_options,
    add_index_option,
    add_reader_option,
    err,
    open_assistant,
    out,
)
from .progress import progress_bars

if TYPE_CHECKING:
    from .common import Subparsers


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag eval``."""
    parser = add_command(subparsers, "eval", "measure answer quality on questions with known answers", EXAMPLES)
    add_arguments(parser)
    add_index_option(parser)
    add_reader_option(parser)
    add_compute_options(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Run the evaluation; returns the exit code."""
    # SciPy, for the figures, takes seconds to import; the other commands start without it.
    from ..eval.command import Consoles, evaluate

    return evaluate(args, lambda: open_assistant(args), Consoles(out, err), progress_bars)
