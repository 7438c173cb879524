"""``rag verify``: is the index whole, and still true to its files?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..index import repair, verify
from ..locations import default_index
from .common import add_command, add_index_option, err, out, progress_bars
from .show import verification_text

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag verify                                # exit code 1 if anything is damaged
  rag verify --repair --index ~/reports-index
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag verify``."""
    parser = add_command(
        subparsers, "verify", "check that an index is whole, and say which files have changed since", EXAMPLES
    )
    add_index_option(parser)
    parser.add_argument("--repair", action="store_true", help="rebuild what is damaged from what is whole")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Say what is wrong; 1 where the index is damaged."""
    folder = args.index or default_index()
    found = verify(folder)
    out.print(verification_text(found))
    if found.problems and args.repair:
        with progress_bars() as report:
            err.print(repair(folder, report=report))
        found = verify(folder)
        out.print(verification_text(found))
    return 1 if found.problems else 0
