"""``rag serve``: the HTTP API without the page."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ..paths import default_index, default_keys
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

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag serve                                  # http://127.0.0.1:7861/api/ask, described by /openapi.json
  rag serve --new-key dify                   # print a new API key; from now on a request needs one
  rag serve --host 0.0.0.0 --tls-cert cert.pem --tls-key key.pem    # on the network
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag serve``."""
    parser = add_command(subparsers, "serve", "serve a JSON API over HTTP, without the page", EXAMPLES)
    add_index_option(parser)
    add_reader_option(parser)
    add_compute_options(parser)
    parser.add_argument(
        "--host", default="127.0.0.1", metavar="H",
        help="address to serve on (default: 127.0.0.1, this machine only); any other needs an API key",
    )  # fmt: skip
    parser.add_argument(
        "--port", type=int, default=7861, metavar="N", help="port (default: 7861); 0 takes a free one and prints it"
    )
    parser.add_argument("--new-key", metavar="NAME", help="make an API key, print it once, and exit")
    add_key_file_option(parser)
    parser.add_argument(
        "--knowledge-id",
        metavar="ID",
        help="id of the index, as a collection and for Dify (default: the name of its folder)",
    )
    add_encryption_options(parser, "API keys")
    parser.add_argument(
        "--requests-per-minute", type=int, metavar="N", help="limit of requests per client and minute (default: 300)"
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Serve until interrupted, or make a key."""
    from ..ui.http_api.keys import ApiKeys, new_key

    if args.new_key is not None:
        file = args.key_file or default_keys()
        print(new_key(file, args.new_key))
        err.print(f"kept as a hash in {file}; the key itself is not shown again")
        return 0
    from ..service.live import LiveAssistant
    from ..service.operations import Operations
    from ..ui.http_api.server import ApiAccess, guarded_app, listen, serve
    from ..ui.security.limits import Limits
    from ..ui.security.tls import TlsFiles

    tls = TlsFiles.check(args.tls_cert, args.tls_key)
    keys = ApiKeys.load(args.key_file)
    access = ApiAccess(keys, tuple(args.allow_host), tls, args.plain_http)
    access.check(args.host)
    limits = Limits() if args.requests_per_minute is None else Limits(requests_per_minute=args.requests_per_minute)
    with listen(args.host, args.port) as listening:
        live = LiveAssistant(ready_index(args), reader=args.reader, device=args.device)
        # A broken index is reported here, not to the first request.
        live.get()
        knowledge = args.knowledge_id or (args.index or default_index()).resolve().name
        app = guarded_app(Operations(live.get), knowledge, args.host, access, limits)
        shown = f"[{args.host.strip('[]')}]" if ":" in args.host else args.host
        address = f"{'https' if tls else 'http'}://{shown}:{listening.getsockname()[1]}"
        login = "a request needs an API key" if keys else "no API key needed"
        err.print(f"Serving on {address} ({login}; knowledge id {knowledge}) - Ctrl-C stops")
        serve(app, listening, tls)
    return 0
