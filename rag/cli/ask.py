"""``rag ask``: one question, one answer."""

from __future__ import annotations

import argparse
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..export.answers import export_entry, export_json, export_markdown
from ..export.json import result_to_json
from ..paths import default_index
from .common import add_command, add_index_option, add_reader_option, add_where_option, open_assistant, out
from .show import result_text

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag ask "How long is the border between Kazakhstan and Russia?"
  rag ask "Who rose to speak?" --where date>=2022-10 --where path=summits*
  rag ask "Who postponed a visit to Bishkek?" --json | jq .answer.text
  rag ask "How long is the border?" --export answer.json    # later: rag verify answer.json
  rag ask "How long is the border?" --feedback taught.jsonl # words marked right come first, wrong ones not at all
"""

EXPORTS = {".json": export_json, ".md": export_markdown}


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
    parser.add_argument(
        "--export", type=Path, metavar="FILE",
        help="write the answer and the hash of its file to a new .json file (for `rag verify`) or .md file",
    )  # fmt: skip
    parser.add_argument(
        "--feedback", type=Path, metavar="FILE",
        help="what people marked right and wrong: a file saved by the page's tab Feedback; words marked right for the "
        "same question come first, words marked wrong are left out",
    )  # fmt: skip
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the answer; returns 0 if answered, 1 if not found."""
    if args.export:
        _check_export(args.export)
    assistant = open_assistant(args)
    asked = datetime.now(UTC)
    result = assistant.ask(args.question, args.where)
    if args.export:
        collection = (args.index or default_index()).name
        entry = export_entry(result, assistant.index, asked, collection)
        _write(args.export, EXPORTS[args.export.suffix]([entry]))
    if args.json:
        print(json.dumps(result_to_json(result), indent=2, ensure_ascii=False))
    else:
        out.print(result_text(result))
    return 0 if result.answer else 1


def _check_export(path: Path) -> None:
    """Refuse an export file before the question is asked.

    Raises:
        InputError: The suffix is unknown, or the file exists.
    """
    if path.suffix not in EXPORTS:
        raise InputError(f"{path}: answers are exported as {' or '.join(EXPORTS)}; use one of these suffixes")
    if path.exists():
        raise InputError(f"{path}: exists already; name a new file")


def _write(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror or error}); choose another place") from error
