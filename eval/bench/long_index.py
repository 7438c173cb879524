"""Benchmark of a long indexing: ``python -m rag.eval.bench.long_index [FOLDER] [--passages 20000]``.

Indexes a folder, by default one of synthetic documents of very different lengths, and compares the estimates of the
time left with what it took. A second index of the folder is interrupted halfway and continued, to count what is
embedded twice.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import RagError, SentenceTransformerEncoder, build_index
from rag.index import Pace, Report

from .synthetic_documents import make_folder

#: Shares of the whole time at which the estimate is shown, besides the first minute.
SHARES = (0.1, 0.25, 0.5, 0.75)

#: Seconds after which a user looks at the estimate.
FIRST = 60.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """What is known of the time left during an indexing.

    Attributes:
        after: Seconds since the start.
        left: Estimated seconds left.
        speed: Passages a second.
    """

    after: float
    left: float
    speed: float


@dataclass(frozen=True, slots=True)
class Run:
    """An indexing: its estimates, and the seconds and the passages that it took."""

    estimates: tuple[Estimate, ...]
    seconds: float
    passages: int

    def at(self, seconds: float) -> Estimate:
        """The first estimate after so many seconds; the last one if there is none."""
        return next((each for each in self.estimates if each.after >= seconds), self.estimates[-1])


class _Halfway(KeyboardInterrupt):
    """Interrupts an indexing."""


def measure(folder: Path, index: Path, encoder: SentenceTransformerEncoder) -> Run:
    """Index a folder, and record every estimate.

    Raises:
        InputError: See ``build_index``.
    """
    pace, found, started = Pace(), [], time.monotonic()

    def report(stage: str, done: int, total: int) -> None:
        pace.report(stage, done, total)
        if stage == "embedding" and pace.seconds_left is not None and pace.speed is not None:
            found.append(Estimate(time.monotonic() - started, pace.seconds_left, pace.speed))

    changes = build_index(folder, index, encoder, report=report)
    return Run(tuple(found), time.monotonic() - started, changes.passages)


def embedded_after_interruption(folder: Path, index: Path, encoder: SentenceTransformerEncoder) -> tuple[int, int]:
    """Passages embedded before an interruption halfway, and by the run that continues.

    Raises:
        InputError: See ``build_index``.
    """
    counts = [0, 0]

    def counting(run: int, stop: bool) -> Report:
        def report(stage: str, done: int, total: int) -> None:
            if stage == "embedding":
                counts[run] = done
                if stop and done > total / 2:
                    raise _Halfway

        return report

    try:
        build_index(folder, index, encoder, report=counting(0, stop=True))
    except _Halfway:
        build_index(folder, index, encoder, report=counting(1, stop=False))
    return counts[0], counts[1]


def estimates_table(run: Run) -> Table:
    """One row for each moment: what was estimated, what it took, and the error as a share of that."""
    table = Table(box=None, pad_edge=False)
    for column in ("after, s", "passages/s", "estimated left, s", "took, s", "error"):
        table.add_column(column, justify="right")
    moments = [FIRST] if run.seconds > FIRST else []
    for moment in sorted([*moments, *(share * run.seconds for share in SHARES)]):
        estimate = run.at(moment)
        took = run.seconds - estimate.after
        error = f"{estimate.left / took - 1:+.0%}" if took > 0 else ""
        table.add_row(f"{estimate.after:.0f}", f"{estimate.speed:.0f}", f"{estimate.left:.0f}", f"{took:.0f}", error)
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print its figures; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.long_index",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", nargs="?", type=Path, help="documents to index (default: synthetic ones)")
    parser.add_argument(
        "--passages", type=int, default=20_000, metavar="N", help="synthetic paragraphs (default: %(default)s)"
    )
    args = parser.parse_args(argv)
    encoder = SentenceTransformerEncoder()
    console = Console(soft_wrap=True, highlight=False)
    with tempfile.TemporaryDirectory() as made:
        folder = args.folder
        if folder is None:
            folder = Path(made) / "documents"
            make_folder(folder, args.passages, most_paragraphs=80)
        try:
            run = measure(folder, Path(made) / "index", encoder)
            console.print(f"{run.passages:,} passages in {run.seconds:.0f} s")
            console.print(estimates_table(run))
            before, after = embedded_after_interruption(folder, Path(made) / "second", encoder)
        except RagError as error:
            print(f"{parser.prog}: {error}", file=sys.stderr)
            return 2
    console.print(f"interrupted after {before:,} passages; the run that continued embedded {after:,}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
