"""Time and memory of a table: ``python -m rag.eval.bench.table_time [--documents N] [--questions N]``.

The documents are the included articles with other names, written into a temporary folder. The table is filled twice:
once read, once from kept cells. Memory (on Linux) is private and counts from before the first row.
"""

from __future__ import annotations

import argparse
import random
import re
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Assistant, SentenceTransformerEncoder, build_index
from rag.paths import shipped_corpus
from rag.text.plural import counted

from ..scoring.metrics import percentile
from .measuring import Peak
from .synthetic_documents import SYLLABLES

QUESTIONS = (
    "Which researcher is quoted?", "date of the summit", "Who is the president?", "How long is the border?",
    "percentage or fraction", "Extract: the name of the journalist", "Which treaty was signed?", "Where did they meet?",
    "number of migrants", "What did the minister announce?",
)  # fmt: skip

#: A name: a capitalised word behind a lower-case one.
NAME = re.compile(r"(?<=[a-z] )[A-Z][a-z]{3,}\b")


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured.

    Attributes:
        documents, questions: Size of the table.
        found: Number of cells found.
        rows: Seconds of each row.
        kept: Seconds of the second table, from kept cells.
        memory: Memory added by the first table at its peak, in bytes; 0 if the system does not report it.
    """

    documents: int
    questions: int
    found: int
    rows: list[float]
    kept: float
    memory: int


def measure(documents: int, questions: int, folder: Path) -> Figures:
    """Fill a table of documents that are written into a folder."""
    write_documents(folder / "documents", documents)
    encoder = SentenceTransformerEncoder()
    build_index(folder / "documents", folder / "index", encoder)
    assistant = Assistant.load(folder / "index", encoder)
    asked, kept = QUESTIONS[:questions], folder / "table.cells.jsonl"
    # The first question loads the models.
    assistant.ask(QUESTIONS[0])
    rows: list[float] = []
    found = 0
    with Peak() as peak:
        started = time.perf_counter()
        for row in assistant.table(asked, kept=kept):
            rows.append(time.perf_counter() - started)
            found += sum(cell.answer is not None for cell in row.cells)
            started = time.perf_counter()
    started = time.perf_counter()
    for _ in assistant.table(asked, kept=kept):
        pass
    return Figures(documents, len(asked), found, rows, time.perf_counter() - started, peak.bytes)


def write_documents(folder: Path, count: int) -> None:
    """Write copies of the included articles, in each of which every name is replaced by a made-up one."""
    folder.mkdir(parents=True)
    articles = sorted(shipped_corpus().glob("*.md"))
    for number in range(count):
        article = articles[number % len(articles)]
        draw = random.Random(number)
        text = article.read_text(encoding="utf-8")
        for name in sorted(set(NAME.findall(text))):
            other = "".join(draw.choices(SYLLABLES, k=3)).capitalize()
            text = re.sub(rf"\b{name}", other, text)
        (folder / f"{number:04}-{article.name}").write_text(text, encoding="utf-8")


def table(figures: Figures) -> Table:
    """One row per figure."""
    made = Table(
        title=f"table: {counted(figures.documents, 'document')}, {counted(figures.questions, 'question')}",
        title_justify="left", box=None, pad_edge=False,
    )  # fmt: skip
    made.add_column("figure")
    made.add_column("value", justify="right")
    made.add_row("cells found", f"{figures.found:,}")
    made.add_row("all rows, s", f"{sum(figures.rows):,.1f}")
    made.add_row("s per row, p50 / p95", " / ".join(f"{percentile(share, figures.rows):.2f}" for share in (50, 95)))
    made.add_row("all rows from kept cells, s", f"{figures.kept:,.1f}")
    made.add_row("peak memory of the rows, MB", f"{figures.memory / 1e6:,.0f}")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.table_time",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--documents", type=int, default=200, metavar="N", help="number of documents (default: 200)")
    parser.add_argument(
        "--questions", type=int, default=len(QUESTIONS), metavar="N",
        help=f"number of questions, at most {len(QUESTIONS)} (default: {len(QUESTIONS)})",
    )  # fmt: skip
    args = parser.parse_args(argv)
    if args.documents < 1 or not 1 <= args.questions <= len(QUESTIONS):
        parser.error(f"give at least 1 document and 1 to {len(QUESTIONS)} questions")
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(args.documents, args.questions, Path(folder))
    Console(soft_wrap=True, highlight=False).print(table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
