"""``rag table``: the same questions of every document."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from ..export.tables import WRITERS, check_table_file, write_table
from ..questions.columns import MOST, Column, columns_of
from ..service.live import LiveAssistant
from ..tables import KeptCells, TableRow, table_rows
from ..text.plural import counted
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
    feedback_file,
    read_standard_input,
    read_text_file,
    ready_index,
)
from .progress import progress_bars

if TYPE_CHECKING:
    from .common import Subparsers

EXAMPLES = """\
  rag table questions.txt --out contracts.csv               # one question or field name per line
  rag table --question "contract date" --question "Who signed?" --out contracts.xlsx
  rag table questions.txt --where path=2022/* --out contracts.html
  rag table questions.txt --min-confidence 0.8 --out contracts.jsonl --force
  rag table questions.txt --feedback feedback.jsonl --out contracts.csv --force    # cells corrected in the page count
  grep '?$' notes.txt | rag table - --out answers.csv
"""


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag table``."""
    parser = add_command(
        subparsers, "table", "ask the same questions of every document, and write a table of exact quotes", EXAMPLES
    )
    parser.add_argument(
        "questions", nargs="?", metavar="QUESTIONS",
        help="text file with a question or the name of a field, such as contract date, per line, at most "
        f"{MOST}; lines without a letter or a digit, and lines that begin with #, are skipped; - reads standard input",
    )  # fmt: skip
    parser.add_argument(
        "--question", action="append", default=[], metavar="TEXT", help="a question or the name of a field; repeatable"
    )
    parser.add_argument(
        "--out", type=Path, required=True, metavar="FILE",
        help=f"file to write, in the format of its suffix: {', '.join(WRITERS)}. The cells are kept beside it, in "
        "NAME.cells.jsonl: after an interruption, the same command goes on where it was, and unchanged documents are "
        "not read again",
    )  # fmt: skip
    parser.add_argument("--force", action="store_true", help="replace the file if it exists")
    parser.add_argument(
        "--short", action="store_true", help="write only the quotes to CSV and XLSX, without probability and place"
    )
    add_min_confidence_option(parser)
    add_index_option(parser)
    add_reader_option(parser)
    add_compute_options(parser)
    add_where_option(parser)
    add_feedback_option(
        parser,
        "words marked right for the same question in a document take its cell, and a cell whose words were marked "
        "wrong is not found",
    )
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Write the table; returns 0."""
    check_table_file(args.out, replace=args.force)
    columns, repeated = columns_of(_lines(args))
    for line in repeated:
        err.print(f"asked already, left out: {one_line(line)}")
    kept = KeptCells(kept_beside(args.out))
    feedback = feedback_file(args)
    live = LiveAssistant(ready_index(args), reader=args.reader, device=args.device, feedback=feedback)
    counts = _Counts()
    try:
        with progress_bars() as report:
            rows = table_rows(
                live.get,
                [column.question for column in columns],
                where=args.where,
                min_confidence=args.min_confidence,
                kept=kept,
                report=report,
            )
            write_table(args.out, columns, counts.counted(rows), quotes_only=args.short)
    except KeyboardInterrupt:
        if counts.documents:
            err.print(
                f"stopped after {counted(counts.documents, 'document')}; their cells are kept in {kept.path}, and the "
                "same command goes on from there"
            )
        raise
    err.print(counts.summary(columns))
    err.print(f"wrote {args.out}")
    return 0


def kept_beside(path: Path) -> Path:
    """The file of kept cells of a table: the same for all formats of one name."""
    return path.with_suffix(".cells.jsonl")


class _Counts:
    """Counts the rows and cells that pass."""

    def __init__(self) -> None:
        self.documents = self.found = self.not_found = self.kept = self.unread = 0

    def counted(self, rows: Iterable[TableRow]) -> Iterator[TableRow]:
        """The same rows."""
        for row in rows:
            self.documents += 1
            self.kept += row.kept
            self.unread += not row.cells
            self.found += sum(cell.answer is not None for cell in row.cells)
            self.not_found += sum(cell.answer is None for cell in row.cells)
            yield row

    def summary(self, columns: list[Column]) -> str:
        """One line."""
        parts = [f"{self.found:,} cells found", f"{self.not_found:,} not found"]
        parts += [f"{self.kept:,} kept from an earlier run"] if self.kept else []
        parts += [f"{counted(self.unread, 'document')} not read"] if self.unread else []
        return f"{counted(self.documents, 'document')}, {counted(len(columns), 'question')}: {', '.join(parts)}"


def _lines(args: argparse.Namespace) -> list[str]:
    """The lines with the questions, of the file or standard input, then of the command line.

    Raises:
        InputError: There are none, or the file cannot be read.
    """
    if args.questions is None and not args.question:
        raise InputError("there is no question; name a file with one per line, or give --question")
    lines: list[str] = []
    if args.questions == STDIN:
        lines = read_standard_input().splitlines()
    elif args.questions is not None:
        lines = read_text_file(Path(args.questions)).splitlines()
    return [*lines, *args.question]
