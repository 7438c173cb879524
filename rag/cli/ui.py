"""``rag ui``: serve the browser page and the HTTP API."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from ..paths import collections_home, default_index, shipped_corpus
from .building import build_and_show, show_engine
from .common import (
    add_command,
    add_compute_options,
    add_encryption_options,
    add_index_option,
    add_key_file_option,
    add_reader_option,
    err,
    ready_index,
)
from .index import remembered_paths

if TYPE_CHECKING:
    from ..index.milvus import Address
    from ..ui.services.collections import Collection
    from .common import Subparsers

EXAMPLES = """\
  rag ui                                            # http://127.0.0.1:7860, for programs http://127.0.0.1:7860/api/ask
  rag ui ~/reports                                  # index these first
  rag ui --port 8000
  rag ui --store milvus://127.0.0.1:19530/pages     # keep the indexes of uploads in Milvus
  rag ui --host 0.0.0.0 --auth-file accounts.txt --tls-cert cert.pem --tls-key key.pem    # on the network
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag ui``."""
    parser = add_command(subparsers, "ui", "ask in the browser", EXAMPLES)
    parser.add_argument("paths", nargs="*", type=Path, metavar="PATH", help="files and folders to index first")
    add_index_option(parser)
    add_reader_option(parser)
    add_compute_options(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="H",
        help="address to serve on (default: 127.0.0.1, this machine only); any other needs --auth, --auth-file or "
        "--no-auth",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=7860, metavar="N", help="port (default: 7860); 0 takes a free one and prints it"
    )
    parser.add_argument(
        "--auth", action="append", default=[], metavar="USER:PASSWORD",
        help="account that may log in; repeatable. Other users of this machine can see it; prefer --auth-file",
    )  # fmt: skip
    parser.add_argument(
        "--auth-file", type=Path, metavar="FILE",
        help="file of accounts, one USER:PASSWORD per line; only its owner may have access (chmod 600)",
    )  # fmt: skip
    parser.add_argument("--no-auth", action="store_true", help="serve other machines without a login")
    add_key_file_option(parser)
    add_encryption_options(parser, "passwords and API keys")
    parser.add_argument(
        "--requests-per-minute", type=int, metavar="N",
        help="limit of questions, clicks and uploads per client and minute (default: 300)",
    )  # fmt: skip
    parser.add_argument(
        "--collections", type=Path, metavar="DIR",
        help="folder of the collections created in the page (default: in the user's data folder)",
    )  # fmt: skip
    parser.add_argument(
        "--store", metavar="ADDRESS",
        help="keep the indexes of collections created in the page in Milvus: milvus://HOST:PORT/PREFIX, where PREFIX "
        "begins the names of their collections there; those that exist keep their place (default: in their folders)",
    )  # fmt: skip
    parser.add_argument(
        "--account-gb", type=float, default=5, metavar="N",
        help="limit of the documents in the collections of one account, in GB (default: 5)",
    )  # fmt: skip
    parser.add_argument(
        "--total-gb", type=float, default=50, metavar="N",
        help="limit of the documents in all collections, in GB (default: 50)",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted."""
    # Checked before anything heavy loads, so that usage errors appear at once.
    from ..ui.http_api.keys import ApiKeys
    from ..ui.security.accounts import AccessPolicy, read_accounts
    from ..ui.security.limits import Limits
    from ..ui.security.tls import TlsFiles
    from ..ui.services.quota import Quota

    tls = TlsFiles.check(args.tls_cert, args.tls_key)
    accounts = read_accounts(args.auth, args.auth_file)
    access = AccessPolicy(accounts, args.no_auth, tuple(args.allow_host), tls is not None, args.plain_http)
    access.check(args.host)
    keys = ApiKeys.load(args.key_file)
    limits = Limits() if args.requests_per_minute is None else Limits(requests_per_minute=args.requests_per_minute)
    quota = Quota.in_gigabytes(args.account_gb, args.total_gb)
    store = _checked_store(args.store) if args.store else None
    if args.no_auth:
        port = f"port {args.port}" if args.port else "the port below"
        err.print(f"no login: anyone who can reach {port} of this machine can read and change all collections")
    if args.paths:
        build_and_show(args.paths, args.index or default_index())
    folder = ready_index(args)
    from ..ui import serve
    from ..ui.services.collections import Collections

    home = args.collections or collections_home()
    given = _given(folder, home)
    collections = Collections(home, [given], reader=args.reader, device=args.device, quota=quota, store=store)
    # Loaded here so that a broken index is reported on the command line, not in the page.
    show_engine(collections.assistant(given.id).retriever.encoder)
    serve(collections, args.host, args.port, access=access, keys=keys, limits=limits, tls=tls)
    return 0


def _checked_store(text: str) -> Address:
    """The address of a store that answers."""
    from ..index.milvus import Address, Connection

    address = Address.parse(text)
    Connection(address).collections()
    return address


def _given(folder: Path, home: Path) -> Collection:
    """Collection of the index to serve; that of the shipped articles has example and evaluation questions."""
    from ..eval.paths import SHIPPED_QUESTIONS
    from ..ui.examples import EXAMPLES as QUESTIONS
    from ..ui.services.collections import given_collection

    paths = remembered_paths(folder)
    if paths == [shipped_corpus()]:
        return given_collection(folder, "Central Asia", home, QUESTIONS, SHIPPED_QUESTIONS)
    return given_collection(folder, ", ".join(path.name for path in paths)[:80] or folder.name, home)
