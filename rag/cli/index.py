"""``rag index``: build the index, update it, keep it up to date."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ..embedding.encoder import DEFAULT_ENCODER, SentenceTransformerEncoder
from ..errors import IndexBusy, IndexFolderError, IndexMissing, InputError, StoreUnavailable
from ..formats import FORMATS
from ..formats.ocr import MAX_PAGES, REMEDY
from ..index import Changes, Manifest, current_version, embedder_of
from ..paths import default_index, shipped_corpus
from ..sources.parse_process import FileLimits
from ..text.printable import one_line
from .common import (
    add_command,
    add_compute_options,
    add_index_option,
    err,
    run_build,
    show_changes,
    show_engine,
)

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag index ~/reports notes.md        # index these files and folders
  rag index                           # update the index of the same files
  rag index ~/reports --watch         # update it whenever they change
  rag index ~/reports --index ~/reports-index --strict
  rag index ~/reports --embedder ~/models/bge-small-en-v1.5
  rag index ~/reports --index ~/reports-index --store milvus://127.0.0.1:19530/reports
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
    parser.add_argument(
        "--embedder", metavar="NAME|PATH",
        help="sentence-transformers model that embeds the passages: a folder, or a name on the Hugging Face hub; the "
        "index remembers it, and with another one all passages are embedded again (default: the remembered one, or "
        f"{DEFAULT_ENCODER})",
    )  # fmt: skip
    parser.add_argument(
        "--store", metavar="ADDRESS",
        help="keep a new index in Milvus, milvus://HOST:PORT/COLLECTION (milvus+tls:// with TLS; a token comes from "
        "the environment variable RAG_STORE_TOKEN); the folder of --index then holds only its manifest (default: where "
        "the index is, or in the folder)",
    )  # fmt: skip
    add_compute_options(parser)
    parser.add_argument(
        "--strict", action="store_true",
        help="exit with 1 if any file was skipped, read only partly, or is of an unsupported format",
    )  # fmt: skip
    parser.add_argument(
        "--watch", action="store_true", help="keep running, and update the index whenever a file changes"
    )
    parser.add_argument(
        "--follow-links", action="store_true",
        help="also read files outside the folders that links in them lead to; links to folders are never followed. The "
        "next run without it drops these files",
    )  # fmt: skip
    defaults = FileLimits()
    parser.add_argument(
        "--max-file-seconds", type=int, default=defaults.seconds, metavar="N",
        help="skip a file that takes longer to read (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--max-file-memory", type=int, default=defaults.megabytes, metavar="MB",
        help="skip a file that needs more memory to read, in megabytes (default: %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--max-ocr-pages", type=int, default=defaults.ocr_pages, metavar="N",
        help="read at most so many scanned pages of a file by OCR; 0 for none (default: "
        f"{MAX_PAGES} if it is installed: {REMEDY})",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Build or update the index, and print what changed."""
    folder = args.index or default_index()
    paths = args.paths or remembered_paths(folder)
    limits = FileLimits(args.max_file_seconds, args.max_file_memory, args.max_ocr_pages)
    if args.embedder:
        encoder = SentenceTransformerEncoder(args.embedder, args.device)
    else:
        encoder = embedder_of(folder, args.device)

    def build() -> Changes:
        return run_build(paths, folder, encoder, limits=limits, follow_links=args.follow_links, store=args.store)

    changes = build()
    show_changes(changes)
    err.print(f"index: {folder}")
    if encoder.name != DEFAULT_ENCODER:
        err.print(f"embedder: {encoder.name}")
    show_engine(encoder)
    if args.watch:
        _watch(paths, folder, build)
    return 1 if args.strict and (changes.skipped or changes.unread or changes.unsupported) else 0


def _watch(paths: Sequence[Path], folder: Path, build: Callable[[], Changes]) -> None:
    from ..index.watch import watch_changes

    err.print("watching for changes; Ctrl-C stops")
    for _ in watch_changes(paths, folder):
        try:
            changes = build()
        except (InputError, IndexBusy, StoreUnavailable) as error:
            # A file may be in the middle of a move, another process is writing, or the store is away for a while; the
            # next change updates all.
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
