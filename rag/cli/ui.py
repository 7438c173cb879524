"""``rag ui``: the page in the browser."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..paths import collections_home, default_index, shipped_corpus
from .common import add_command, add_index_option, add_reader_option, err, ready_index, run_build, show_changes
from .index import remembered_paths

if TYPE_CHECKING:
    from ..ui.services.collections import Collection
    from .common import Subparsers

EXAMPLES = """\
  rag ui                                            # ask the index; http://127.0.0.1:7860
  rag ui ~/reports                                  # index these first
  rag ui --port 8000
  rag ui --host 0.0.0.0 --auth-file accounts.txt    # on the network, for those with an account
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag ui``."""
    parser = add_command(subparsers, "ui", "ask in the browser", EXAMPLES)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders to index first")
    add_index_option(parser)
    add_reader_option(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="H",
        help="address to serve on (default: 127.0.0.1, this machine only); any other needs --auth, --auth-file or "
        "--no-auth",
    )  # fmt: skip
    parser.add_argument("--port", type=int, default=7860, metavar="N", help="port (default: 7860)")
    parser.add_argument(
        "--auth", action="append", default=[], metavar="USER:PASSWORD",
        help="who may log in; may be given several times. Other users of this machine can see it: see --auth-file",
    )  # fmt: skip
    parser.add_argument(
        "--auth-file", type=Path, metavar="FILE",
        help="who may log in, USER:PASSWORD a line; nobody but its owner may be allowed to read it",
    )  # fmt: skip
    parser.add_argument("--no-auth", action="store_true", help="serve others than this machine without a login")
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="a name under which the page may be opened, such as that of a reverse proxy in front",
    )  # fmt: skip
    parser.add_argument(
        "--requests-per-minute", type=int, metavar="N",
        help="how many questions, clicks and uploads each client may send in a minute (default: 300)",
    )  # fmt: skip
    parser.add_argument(
        "--collections", type=Path, metavar="DIR",
        help="where the collections that are made in the page lie (default: in the user's data folder)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    # Before anything is loaded, so that what is wrong is said at once.
    from ..ui.security.accounts import Access, read_accounts
    from ..ui.security.limits import Limits

    access = Access(read_accounts(args.auth, args.auth_file), args.no_auth, tuple(args.allow_host))
    access.check(args.host)
    limits = Limits() if args.requests_per_minute is None else Limits(requests_per_minute=args.requests_per_minute)
    if args.no_auth:
        err.print(f"no login: whoever can reach port {args.port} of this machine can read and change all that it holds")
    if args.paths:
        show_changes(run_build(args.paths, args.index or default_index()))
    folder = ready_index(args)
    from ..ui import serve
    from ..ui.services.collections import Collections

    home = args.collections or collections_home()
    given = _given(folder, home)
    collections = Collections(home, [given], reader=args.reader)
    # What is wrong with the index is said here, not in the page.
    collections.assistant(given.id)
    serve(collections, args.host, args.port, access=access, limits=limits)
    return 0


def _given(folder: Path, home: Path) -> Collection:
    """The index that was named, as a collection; over the shipped articles it has their examples and questions."""
    from ..eval.paths import SHIPPED_QUESTIONS
    from ..ui.examples import EXAMPLES as QUESTIONS
    from ..ui.services.collections import given_collection

    paths = remembered_paths(folder)
    if paths == [shipped_corpus()]:
        return given_collection(folder, "Central Asia", home, QUESTIONS, SHIPPED_QUESTIONS)
    return given_collection(folder, ", ".join(path.name for path in paths)[:80] or folder.name, home)
