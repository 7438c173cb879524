"""``rag ask``: questions and their answers."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..export.json import result_to_json
from ..paths import default_index
from ..text.printable import one_line
from .common import (
    STDIN,
    add_command,
    add_compute_options,
    add_feedback_option,
    add_index_option,
    add_min_confidence_option,
    add_reader_option,
    add_where_option,
    err,
    open_assistant,
    out,
    read_standard_input,
    read_text_file,
)
from .show import question_text, result_text

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag ask "How long is the border between Kazakhstan and Russia?"
  rag ask "Who rose to speak?" --where date>=2022-10 --where path=summits*
  rag ask "Who postponed a visit to Bishkek?" --json | jq .answer.text
  rag ask "How long is the border?" --export answer.json       # later: rag verify answer.json
  rag ask "How long is the border?" --feedback feedback.jsonl  # words marked right come first, wrong ones not at all
  rag ask --file questions.txt --json > answers.jsonl          # one question per line, one object per line
  grep '?$' notes.txt | rag ask - --min-confidence 0.8
"""

#: Suffixes of exported answers.
EXPORTS = (".json", ".md")


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag ask``."""
    parser = add_command(
        subparsers,
        "ask",
        "answer questions with the exact words and sentences of the documents; exit code 1 if one is not found",
        EXAMPLES,
    )
    parser.add_argument(
        "questions",
        nargs="*",
        metavar="QUESTION",
        help="a question; - reads them from standard input, one per line",
    )
    parser.add_argument("--file", type=Path, metavar="FILE", help="read questions from a text file, one per line")
    add_min_confidence_option(parser)
    add_index_option(parser)
    add_reader_option(parser)
    add_compute_options(parser)
    add_where_option(parser)
    parser.add_argument(
        "--json", action="store_true", help="print a JSON object; for several questions, one object per line"
    )
    parser.add_argument(
        "--export", type=Path, metavar="FILE",
        help="write the answers and the hashes of their files to a new .json file (for `rag verify`) or .md file",
    )  # fmt: skip
    add_feedback_option(parser, "words marked right for the same question come first, words marked wrong are left out")
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Print the answers; returns 0 if all questions are answered, 1 if one is not found, 2 if one cannot be asked."""
    if args.export:
        # They import what reads files.
        from ..export.answers import export_entry, export_json
        from ..export.markdown import export_markdown

        _check_export(args.export)
    questions = list(_questions(args))
    several = len(questions) > 1 or bool(args.file) or STDIN in args.questions
    assistant = open_assistant(args)
    code, entries = 0, []
    previous: str | None = None
    for number, question in enumerate(questions):
        asked = datetime.now(UTC)
        try:
            result = assistant.ask(question, args.where, args.min_confidence, previous)
        except InputError as error:
            if not several:
                raise
            err.print(f"rag: {one_line(question)}: {one_line(str(error))}")
            code = 2
            continue
        previous = result.continuable or previous
        if args.export:
            entries.append(export_entry(result, assistant.index, asked, (args.index or default_index()).name))
        if args.json:
            print(json.dumps(result_to_json(result), indent=None if several else 2, ensure_ascii=False), flush=several)
        else:
            if several:
                out.print(question_text(question, first=number == 0))
            out.print(result_text(result))
        code = max(code, 0 if result.answer_kind else 1)
    if args.export:
        _write(args.export, export_json(entries) if args.export.suffix == ".json" else export_markdown(entries))
    return code


def _questions(args: argparse.Namespace) -> Iterable[str]:
    """The questions of the command line, of standard input, and of the file; blank lines are skipped.

    Raises:
        InputError: There are none, or the file cannot be read.
    """
    found: list[str] = []
    for question in args.questions:
        found += read_standard_input().splitlines() if question == STDIN else [question]
    if args.file:
        found += read_text_file(args.file).splitlines()
    asked = [question.strip() for question in found if question.strip()]
    # A blank question on the command line is refused like any other that cannot be asked.
    if not asked and not args.questions:
        raise InputError("there is no question; give one, - for standard input, or --file FILE")
    return asked or [""]


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
