"""BM25 at scale: ``python -m rag.eval.bench.bm25 [--passages N]``.

Passages are synthetic; see ``synthetic``. CPU time is shown beside wall time, because other load on the machine slows
only wall time. Memory (on Linux) is private: mapped files, which the system can reclaim, do not count.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag.index.lexical import Lexical, WordsWriter

from ..scoring.metrics import percentile
from .measuring import Peak, Time, private_memory, timed
from .synthetic import passages

#: Share of the passages that an update replaces, and in how many places.
CHANGED, PLACES = 0.01, 100


@dataclass(frozen=True, slots=True)
class Figures:
    """What was measured; memory and size in bytes.

    Attributes:
        passages, terms, occurrences: Number of passages, different terms, and terms in all passages.
        reading: Time to generate the passages and extract their terms.
        scoring: Time to compute BM25 and write the files.
        updating: Time to write a new version with 1% of the passages replaced.
        opening: Time to open the files.
        questions: Time to score all passages, for each question.
        building, opened: Memory added by the build at its peak, and by opening and asking.
        size: Size of the files.
    """

    passages: int
    terms: int
    occurrences: int
    reading: Time
    scoring: Time
    updating: Time
    opening: Time
    questions: list[Time]
    building: int
    opened: int
    size: int


def measure(count: int, folder: Path) -> Figures:
    """Index passages in a folder, replace 1% of them, and score all of them for 100 questions."""
    with Peak() as building, WordsWriter(folder / "first") as words:
        reading = timed(lambda: _add(words, count))
        scoring = timed(words.finish)
    previous = Lexical.open(folder / "first", count)
    updating = timed(lambda: _update(previous, folder / "second"))
    questions = [" ".join(text.split()[:12]) for text in passages(100, seed=2)]
    before = private_memory()
    opening = timed(lambda: Lexical.open(folder / "second", count))
    lexical = Lexical.open(folder / "second", count)
    times = [timed(partial(lexical.scores, question)) for question in questions]
    opened = private_memory() - before
    assert lexical.stored
    return Figures(
        count, len(lexical.stored.vocabulary), len(lexical.stored.ids), reading, scoring, updating, opening, times,
        building.bytes, opened, sum(path.stat().st_size for path in (folder / "second").iterdir()),
    )  # fmt: skip


def table(figures: Figures) -> Table:
    """One row per figure."""
    title = f"BM25: {figures.passages:,} passages, {figures.occurrences:,} terms, {figures.terms:,} of them different"
    made = Table(title=title, title_justify="left", box=None, pad_edge=False)
    made.add_column("figure")
    made.add_column("wall", justify="right")
    made.add_column("CPU", justify="right")
    for name, of in (("read terms, s", figures.reading), ("compute BM25, s", figures.scoring),
                     ("update 1%, s", figures.updating)):  # fmt: skip
        made.add_row(name, f"{of.wall:.1f}", f"{of.cpu:.1f}")
    made.add_row("open, ms", f"{1000 * figures.opening.wall:.1f}", f"{1000 * figures.opening.cpu:.1f}")
    made.add_row(
        "ms per question, p50 / p95",
        *(" / ".join(f"{1000 * percentile(share, values):.1f}" for share in (50, 95))
          for values in zip(*figures.questions, strict=True)),
    )  # fmt: skip
    made.add_row("peak memory of the build, MB", f"{figures.building / 1e6:,.0f}")
    made.add_row("memory after the questions, MB", f"{figures.opened / 1e6:,.0f}")
    made.add_row("files, MB", f"{figures.size / 1e6:,.0f}")
    return made


def _add(words: WordsWriter, count: int) -> None:
    for text in passages(count):
        words.add(text)


def _update(previous: Lexical, folder: Path) -> None:
    """Write a version with 1% of the passages replaced, in 100 places."""
    count = len(previous)
    texts = passages(count, seed=1)
    with WordsWriter(folder, previous) as words:
        for place in range(PLACES):
            start, stop = count * place // PLACES, count * (place + 1) // PLACES
            changed = round((stop - start) * CHANGED)
            for text in islice(texts, changed):
                words.add(text)
            words.copy(previous, start + changed, stop)
        words.finish()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.bm25", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--passages", type=int, default=1_000_000, metavar="N", help="number of passages (default: 1,000,000)"
    )
    args = parser.parse_args(argv)
    with tempfile.TemporaryDirectory() as folder:
        Console(soft_wrap=True, highlight=False).print(table(measure(args.passages, Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
