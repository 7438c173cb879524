"""``rag search``: passages only."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from ..export.json import hit_to_json
from ..index import embedder_of
from ..retrieval.retriever import Retriever
from .common import add_command, add_compute_options, add_index_option, add_where_option, out, ready_index
from .show import hits_text

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag search "anti-war protests" -k 3
  rag search "oil exports" --max-tokens 1000 --json     # fill an LLM's context
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag search``."""
    parser = add_command(subparsers, "search", "find the passages most likely to answer a question", EXAMPLES)
    parser.add_argument("question", metavar="QUESTION")
    parser.add_argument("-k", type=int, default=10, metavar="N", help="maximum number of passages (default: 10)")
    parser.add_argument("--max-tokens", type=int, metavar="N", help="token budget for all passages together")
    add_index_option(parser)
    add_compute_options(parser)
    add_where_option(parser)
    parser.add_argument("--json", action="store_true", help="print a JSON list")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the hits; returns 1 if there are none."""
    folder = ready_index(args)
    retriever = Retriever.load(folder, embedder_of(folder, args.device))
    hits = retriever.search(args.question, args.k, args.max_tokens, args.where)
    if args.json:
        print(json.dumps([hit_to_json(hit) for hit in hits], indent=2, ensure_ascii=False))
    else:
        out.print(hits_text(hits))
    return 0 if hits else 1
