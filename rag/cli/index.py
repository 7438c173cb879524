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
from ..index import (
    Changes,
    Manifest,
    RayWorkers,
    Shard,
    build_index,
    current_version,
    embedder_of,
    merge_shards,
)
from ..index.ray_workers import LOCAL
from ..index.versions import has_index
from ..paths import default_index, shipped_corpus
from ..sources.parse_process import FileLimits
from ..sources.remote import Location, RemoteFolder, location
from ..text.printable import one_line
from .building import show_changes, show_engine
from .common import add_command, add_compute_options, add_index_option, err
from .progress import progress_bars

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag index ~/reports notes.md        # index these files and folders
  rag index                           # update the index of the same files
  rag index ~/reports --watch         # update it whenever they change
  rag index ~/reports --index ~/reports-index --strict
  rag index ~/reports --embedder ~/models/bge-small-en-v1.5
  rag index ~/reports --index ~/reports-index --store milvus://127.0.0.1:19530/reports
  rag index s3://bucket/reports       # index what lies in object storage
  rag index ~/reports --ray           # by several processes of this machine
  rag index ~/reports --shard 1/4     # one of four parts; then: rag index --merge
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag index``."""
    parser = add_command(subparsers, "index", "build the index of files and folders, or update it", EXAMPLES)
    parser.add_argument(
        "paths", nargs="*", metavar="PATH",
        help=f"files and folders to index ({', '.join(sorted(FORMATS))}), or URLs such as s3://BUCKET/FOLDER; "
        "replaces the previous selection. Files named "
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
    parser.add_argument(
        "--ray", nargs="?", const=LOCAL, metavar="ADDRESS",
        help="read and embed the files on all processors of a Ray cluster but one: HOST:PORT, ray://HOST:PORT, auto "
        "for the cluster that this machine is part of, or nothing to start Ray here; write it behind PATH",
    )  # fmt: skip
    parser.add_argument(
        "--shard", type=_shard, metavar="I/N",
        help="build only part I of N of the index, for N runs at the same time; --merge then makes the index of them",
    )  # fmt: skip
    parser.add_argument("--merge", action="store_true", help="make the index of the parts that --shard has built")
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
    limits = FileLimits(args.max_file_seconds, args.max_file_memory, args.max_ocr_pages)
    _check_combination(args)
    if args.merge:
        with progress_bars() as report:
            changes = merge_shards(folder, report=report, store=args.store)
        show_changes(changes)
        err.print(f"index: {folder}")
        return _exit_code(args, changes)
    paths = [location(path) for path in args.paths] or remembered_paths(folder, args.shard)
    if args.watch and any(isinstance(path, RemoteFolder) for path in paths):
        raise InputError("--watch: watches local files and folders only; run `rag index` at intervals for a URL")
    target = args.shard.folder(folder) if args.shard and has_index(args.shard.folder(folder)) else folder
    workers = RayWorkers(args.ray, args.device) if args.ray else None
    if args.embedder:
        encoder = SentenceTransformerEncoder(args.embedder, args.device)
    else:
        encoder = embedder_of(target, args.device)

    def build() -> Changes:
        with progress_bars() as report:
            return build_index(
                paths, folder, encoder, report=report,
                limits=limits, follow_links=args.follow_links, store=args.store, workers=workers, shard=args.shard,
            )  # fmt: skip

    changes = build()
    show_changes(changes)
    err.print(f"index: {args.shard.folder(folder) if args.shard else folder}")
    if encoder.name != DEFAULT_ENCODER:
        err.print(f"embedder: {encoder.name}")
    show_engine(encoder)
    if args.watch:
        _watch([path for path in paths if isinstance(path, Path)], folder, build)
    return _exit_code(args, changes)


def _exit_code(args: argparse.Namespace, changes: Changes) -> int:
    return 1 if args.strict and (changes.skipped or changes.unread or changes.unsupported) else 0


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except InputError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _check_combination(args: argparse.Namespace) -> None:
    """Refuse options that exclude each other.

    Raises:
        InputError: There are some.
    """
    if args.merge and (args.paths or args.shard or args.ray or args.watch or args.embedder):
        raise InputError(
            "--merge: takes no PATH, --shard, --ray, --watch or --embedder; the parts record what they hold"
        )
    if args.shard and args.watch:
        raise InputError("--shard: cannot be combined with --watch; run the parts again, then --merge")


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


def remembered_paths(folder: Path, shard: Shard | None = None) -> Sequence[Location]:
    """The indexed paths of an index, or of a part of one; the shipped corpus if there is no index yet.

    Raises:
        InputError: The index does not record them.
    """
    if shard and has_index(shard.folder(folder)):
        folder = shard.folder(folder)
    try:
        version = current_version(folder)
    except IndexMissing:
        return [shipped_corpus()]
    except IndexFolderError as error:
        raise InputError(f"{error}; or name the PATHs to rebuild it from") from error
    sources = Manifest.sources_of(version)
    if not sources:
        raise InputError(f"{folder}: does not record what was indexed; name the PATHs to rebuild it from")
    return [location(source) for source in sources]
