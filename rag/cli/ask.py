"""``rag ask``: one question, one answer."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING

from ..serialize import result_to_json
from .common import add_command, add_index_option, add_reader_option, add_where_option, open_assistant, out
from .show import result_text

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag ask "How long is the border between Kazakhstan and Russia?"
  rag ask "Who rose to speak?" --where date>=2022-10 --where path=summits*
  rag ask "Who postponed a visit to Bishkek?" --json | jq .answer.text
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag ask``."""
    parser = add_command(
        subparsers,
        "ask",
        "answer a question with the exact words of a document; exit code 1 if not found",
        EXAMPLES,
    )
    parser.add_argument("question", metavar="QUESTION")
    add_index_option(parser)
    add_reader_option(parser)
    add_where_option(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Answer on standard output; 0 when answered, 1 when not found."""
    result = open_assistant(args).ask(args.question, args.where)
    if args.json:
        print(json.dumps(result_to_json(result), indent=2, ensure_ascii=False))
    else:
        out.print(result_text(result))
    return 0 if result.answer else 1
