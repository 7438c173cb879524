"""``rag verify``: check that an index is intact and up to date, or that exported quotes still match their files."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..export.check import Files, check, read_export
from ..index import Manifest, current_version, repair, verify
from ..paths import default_index
from ..text.plural import counted
from .common import add_command, add_index_option, err, out
from .index import remembered_paths
from .progress import progress_bars
from .show_index import checked_text, verification_text

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag verify                                # exits with 1 if anything is damaged
  rag verify --repair --index ~/reports-index
  rag verify answers.json                   # exits with 1 if a quote no longer matches its file
  rag verify answers.json ~/reports         # look for the quotes in this folder instead
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag verify``."""
    parser = add_command(
        subparsers,
        "verify",
        "check that an index is intact and up to date, or that exported quotes still match their files",
        EXAMPLES,
    )
    parser.add_argument(
        "answers", nargs="?", type=Path, metavar="ANSWERS.json",
        help="exported answers whose quotes to check (default: check the index)",
    )  # fmt: skip
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH",
        help="files and folders to look for the quotes in, named as for `rag index` (default: those of the index)",
    )  # fmt: skip
    parser.add_argument(
        "--follow-links", action="store_true",
        help="with PATH: also look in files outside the folders that links in them lead to",
    )  # fmt: skip
    add_index_option(parser)
    parser.add_argument("--repair", action="store_true", help="rebuild the damaged parts of the index")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the findings; exit with 1 if the index is damaged or a quote does not match its file."""
    if args.follow_links and not args.paths:
        raise InputError(
            "--follow-links is for named files and folders; the index records whether it follows links, so leave it out"
        )
    if args.answers:
        return _check_quotes(args)
    folder = args.index or default_index()
    found = verify(folder)
    out.print(verification_text(found))
    if found.problems and args.repair:
        with progress_bars() as report:
            err.print(repair(folder, report=report))
        found = verify(folder)
        out.print(verification_text(found))
    return 1 if found.problems else 0


def _check_quotes(args: argparse.Namespace) -> int:
    if args.repair:
        raise InputError(f"--repair repairs an index, not quotes; leave {args.answers} out")
    export = read_export(args.answers)
    found = check(export.quotes, _files(args).read)
    if found:
        out.print(checked_text(found))
    matching = sum(checked.state == "matches" for checked in found)
    not_found = f"; {counted(export.not_found, 'question')} had no answer" if export.not_found else ""
    err.print(f"{matching:,} of {len(found):,} quotes match their files{not_found}")
    return 0 if matching == len(found) else 1


def _files(args: argparse.Namespace) -> Files:
    """The files to look for the quotes in.

    Raises:
        InputError: Both an index and paths are named, or the index does not record its paths.
        IndexMissing: There is no index.
    """
    if not args.paths:
        folder = args.index or default_index()
        version = current_version(folder)
        return Files(remembered_paths(folder), follow_links=Manifest.read(version).follow_links)
    if args.index:
        raise InputError(f"--index {args.index} and {args.paths[0]}: give only one of the two")
    return Files(args.paths, follow_links=args.follow_links)
