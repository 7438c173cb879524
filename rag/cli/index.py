"""``rag index``: build the index, update it, keep it up to date."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..embedding.encoder import Encoder, SentenceTransformerEncoder
from ..errors import IndexBusy, IndexFolderError, IndexMissing, InputError
from ..formats import FORMATS
from ..index import Manifest, current_version
from ..paths import default_index, shipped_corpus
from ..text.printable import one_line
from .common import add_command, add_device_option, add_index_option, err, run_build, show_changes

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag index ~/reports notes.md        # index these files and folders
  rag index                           # update the index of the same files
  rag index ~/reports --watch         # update it whenever they change
  rag index ~/reports --index ~/reports-index --strict
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag index``."""
    parser = add_command(subparsers, "index", "build the index of files and folders, or update it", EXAMPLES)
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH",
        help=f"files and folders to index ({', '.join(sorted(FORMATS))}); replaces the previous selection. Files named "
        "in a .ragignore are left out. Default: the previous selection, or the shipped articles.",
    )  # fmt: skip
    add_index_option(parser)
    add_device_option(parser)
    parser.add_argument("--strict", action="store_true", help="exit with 1 if any file was skipped")
    parser.add_argument(
        "--watch", action="store_true", help="keep running, and update the index whenever a file changes"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build or update the index, and print what changed."""
    folder = args.index or default_index()
    paths = args.paths or remembered_paths(folder)
    encoder = SentenceTransformerEncoder(device=args.device)
    changes = run_build(paths, folder, encoder)
    show_changes(changes)
    err.print(f"index: {folder}")
    if args.watch:
        _watch(paths, folder, encoder)
    return 1 if args.strict and changes.skipped else 0


def _watch(paths: Sequence[Path], folder: Path, encoder: Encoder) -> None:
    from ..index.watch import watch_changes

    err.print("watching for changes; Ctrl-C stops")
    for _ in watch_changes(paths, folder):
        try:
            changes = run_build(paths, folder, encoder)
        except (InputError, IndexBusy) as error:
            # A file may be in the middle of a move, or another process is writing; the next change updates all.
            err.print(one_line(str(error)))
        else:
            if changes.added or changes.changed or changes.removed or changes.renamed:
                show_changes(changes)


def remembered_paths(folder: Path) -> Sequence[Path]:
    """The indexed paths of an index; the shipped corpus if there is no index yet.

    Raises:
        InputError: The index does not record them.
    """
    try:
        version = current_version(folder)
    except IndexMissing:
        return [shipped_corpus()]
    except IndexFolderError as error:
        raise InputError(f"{error}; or name the PATHs to rebuild it from") from error
    sources = Manifest.sources_of(version)
    if not sources:
        raise InputError(f"{folder}: does not record what was indexed; name the PATHs to rebuild it from")
    return [Path(source) for source in sources]
