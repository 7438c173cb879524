"""``rag index``: build the index, bring it up to date, keep it so."""

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
from .common import add_command, add_index_option, err, run_build, show_changes

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag index ~/reports notes.md        # from now on the index holds these
  rag index                           # the same files again, as they are now
  rag index ~/reports --watch         # and again whenever they change
  rag index ~/reports --index ~/reports-index --strict
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag index``."""
    parser = add_command(
        subparsers, "index", "build the index of some files and folders, or bring it up to date", EXAMPLES
    )
    parser.add_argument(
        "paths", nargs="*", type=Path, metavar="PATH",
        help=f"files and folders ({', '.join(sorted(FORMATS))}), but for what a .ragignore names; afterwards the index "
        "holds these and no others (default: those that it holds now, at first the shipped articles)",
    )  # fmt: skip
    add_index_option(parser)
    parser.add_argument("--strict", action="store_true", help="exit code 1 where anything was skipped")
    parser.add_argument("--watch", action="store_true", help="go on, and update the index whenever a file changes")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build, and say what changed."""
    folder = args.index or default_index()
    paths = args.paths or remembered_paths(folder)
    encoder = SentenceTransformerEncoder()
    changes = run_build(paths, folder, encoder)
    show_changes(changes)
    err.print(f"index: {folder}")
    if args.watch:
        _watch(paths, folder, encoder)
    return 1 if args.strict and changes.skipped else 0


def _watch(paths: Sequence[Path], folder: Path, encoder: Encoder) -> None:
    from ..index.watch import changes_of

    err.print("watching for changes; Ctrl-C stops")
    for _ in changes_of(paths, folder):
        try:
            changes = run_build(paths, folder, encoder)
        except (InputError, IndexBusy) as error:
            # The last file may be on its way from one place to another, or somebody else is writing; the next
            # change brings all up to date.
            err.print(one_line(str(error)))
        else:
            if changes.added or changes.changed or changes.removed or changes.renamed:
                show_changes(changes)


def remembered_paths(folder: Path) -> Sequence[Path]:
    """What the index was built from; the shipped corpus where there is no index yet.

    Raises:
        InputError: The index does not say.
    """
    try:
        version = current_version(folder)
    except IndexMissing:
        return [shipped_corpus()]
    except IndexFolderError as error:
        raise InputError(f"{error}; or name the PATHs to build it anew") from error
    sources = Manifest.sources_of(version)
    if not sources:
        raise InputError(f"{folder}: does not say what it was made of; name the PATHs to build it anew")
    return [Path(source) for source in sources]
