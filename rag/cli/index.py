"""``rag index``: build the index, or bring it up to date."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import IndexFolderError, IndexMissing, InputError
from ..locations import default_index, shipped_corpus
from ..manifest import Manifest, current_version
from .common import add_command, add_index_option, err, run_build, show_changes

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag index ~/reports notes.md        # from now on the index holds these
  rag index                           # the same files again, as they are now
  rag index ~/reports --index ~/reports-index
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag index``."""
    parser = add_command(
        subparsers, "index", "build the index of some files and folders, or bring it up to date", EXAMPLES
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH",
        help="files and folders (.txt, .md); afterwards the index holds these and no others "
        "(default: those that it holds now, at first the shipped articles)",
    )  # fmt: skip
    add_index_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build, and say what changed."""
    folder = args.index or default_index()
    changes = run_build(args.paths or remembered_paths(folder), folder)
    show_changes(changes)
    err.print(f"index: {folder}")
    return 0


def remembered_paths(folder: Path) -> Sequence[Path]:
    """What the index was built from; the shipped corpus where there is no index yet.

    Raises:
        InputError: The index does not say.
    """
    try:
        sources = Manifest.read(current_version(folder)).sources
    except IndexMissing:
        return [shipped_corpus()]
    except IndexFolderError as error:
        raise InputError(f"{error}, naming the PATHs") from error
    return [Path(source) for source in sources]
