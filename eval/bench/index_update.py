"""Benchmark of index updates: ``python -m rag.eval.bench.index_update [--passages N] [--memory N ...] [--open N]``.

Three tables, on synthetic collections:

- updating after 1% of the files changed, against a build from scratch, with the real embedder: time, and whether
  rankings and scores agree;
- peak memory of a build by number of passages, with synthetic vectors, each size in its own process;
- opening a large index: time, and memory after questions.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Encoder, Retriever, SentenceTransformerEncoder, build_index

from ..scoring.metrics import percentile
from .measuring import peak_memory, seconds
from .synthetic_documents import SyntheticEncoder, make_folder

#: Questions asked of each index.
QUESTIONS = 100


def update_table(passages: int, share: float = 0.01) -> Table:
    """Update against build from scratch, with the real embedder."""
    encoder = SentenceTransformerEncoder()
    encoder.encode(["warm up"])
    with tempfile.TemporaryDirectory() as place:
        docs, index, scratch = (Path(place) / name for name in ("docs", "index", "scratch"))
        files = make_folder(docs, passages)
        built = seconds(lambda: build_index(docs, index, encoder))
        changed = random.Random(1).sample(files, max(1, round(share * len(files))))
        for path in changed:
            path.write_text("\n\n".join(reversed(path.read_text().split("\n\n"))).replace("a", "o"))
        updated = seconds(lambda: build_index(docs, index, encoder))
        rebuilt = seconds(lambda: build_index(docs, scratch, encoder))
        same, difference = compare(Retriever.load(index, encoder), Retriever.load(scratch, encoder))
    table = Table(title=f"{passages:,} passages in {len(files):,} files, {len(changed):,} of them changed", box=None)
    for column in ("figure", "value"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    table.add_row("build, s", f"{built:.1f}")
    table.add_row("build from scratch after the change, s", f"{rebuilt:.1f}")
    table.add_row("update, s", f"{updated:.2f}")
    table.add_row("update / build", f"{updated / built:.1%}")
    table.add_row(f"questions of {QUESTIONS} with the same ranking", f"{same}")
    table.add_row("greatest score difference", f"{difference:.1e}")
    return table


def compare(one: Retriever, other: Retriever) -> tuple[int, float]:
    """Number of questions with the same ranking from both retrievers, and the greatest score difference."""
    texts = random.Random(2).sample(range(len(one.index.passages)), QUESTIONS)
    questions = [" ".join(one.index.passages[row].text.split()[5:15]) for row in texts]
    same, difference = 0, 0.0
    for first, second in zip(one.search_many(questions, 20), other.search_many(questions, 20), strict=True):
        same += [hit.passage for hit in first] == [hit.passage for hit in second]
        difference = max(difference, *(abs(a.score - b.score) for a, b in zip(first, second, strict=True)))
    return same, difference


def memory_table(sizes: Sequence[int]) -> Table:
    """Peak memory of a build, each size in its own process."""
    table = Table(title="peak memory of a build (synthetic vectors)", box=None)
    for column in ("passages", "vectors, MB", "peak, MB", "seconds"):
        table.add_column(column, justify="right")
    for size in sizes:
        peak, took = map(float, in_process("build", size).split())
        table.add_row(f"{size:,}", f"{size * 384 * 4 / 1e6:,.0f}", f"{peak / 1e6:,.0f}", f"{took:,.0f}")
    return table


def open_table(size: int) -> Table:
    """Time and memory of opening a large index."""
    table = Table(title=f"an index of {size:,} passages (synthetic vectors)", box=None)
    for column in ("figure", "value"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for line in in_process("open", size).splitlines():
        figure, _, value = line.rpartition("\t")
        table.add_row(figure, value)
    return table


def in_process(work: str, size: int) -> str:
    """Run a part of the benchmark in its own process; returns its output."""
    command = [sys.executable, "-m", "rag.eval.bench.index_update", "--part", work, str(size)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def build_part(size: int) -> None:
    """Build an index; prints peak memory in bytes and time in seconds."""
    with tempfile.TemporaryDirectory() as place:
        make_folder(Path(place) / "docs", size)
        encoder: Encoder = SyntheticEncoder()
        took = seconds(lambda: build_index(Path(place) / "docs", Path(place) / "index", encoder))
    print(peak_memory(), took)


def open_part(size: int) -> None:
    """Build in another process, then open and ask; prints time and memory."""
    with tempfile.TemporaryDirectory() as place:
        docs, index = Path(place) / "docs", Path(place) / "index"
        program = (
            "import sys; from pathlib import Path; from rag import build_index;"
            "from rag.eval.bench.synthetic_documents import SyntheticEncoder, make_folder;"
            "make_folder(Path(sys.argv[1]), int(sys.argv[3]));"
            "build_index(sys.argv[1], sys.argv[2], SyntheticEncoder())"
        )
        subprocess.run([sys.executable, "-c", program, docs, index, str(size)], check=True)
        encoder = SyntheticEncoder()
        Retriever.load(index, encoder)  # warm up: file cache and lazy imports
        before = peak_memory()
        opened = statistics.median(seconds(lambda: Retriever.load(index, encoder)) for _ in range(5))
        retriever = Retriever.load(index, encoder)
        rows = random.Random(3).sample(range(size), QUESTIONS)
        questions = [" ".join(retriever.index.passages[row].text.split()[3:9]) for row in rows]
        asked = [seconds(partial(retriever.search, question)) for question in questions]
        bytes_on_disk = sum(path.stat().st_size for path in index.rglob("*") if path.is_file())
    print(f"open, s (median of 5)\t{opened:.2f}")
    print(f"a question, p50 ms\t{1000 * percentile(50, asked):.0f}")
    print(f"a question, p95 ms\t{1000 * percentile(95, asked):.0f}")
    print(f"on disk, MB\t{bytes_on_disk / 1e6:,.0f}")
    print(f"vectors alone, MB\t{size * 384 * 4 / 1e6:,.0f}")
    print(f"memory before, MB\t{before / 1e6:,.0f}")
    print(f"memory after {QUESTIONS} questions, MB\t{peak_memory() / 1e6:,.0f}")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.index_update",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--passages",
        type=int,
        default=10_000,
        metavar="N",
        help="passages in the update benchmark; 0 to skip (default: 10000)",
    )
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[50_000, 100_000, 200_000], metavar="N",
        help="passages in the memory benchmark (default: 50000 100000 200000)",
    )  # fmt: skip
    parser.add_argument(
        "--open", type=int, default=0, metavar="N", help="passages of an index to open, such as 1000000"
    )
    parser.add_argument("--part", nargs=2, metavar=("WORK", "N"), help=argparse.SUPPRESS)
    args = parser.parse_args(argv)
    if args.part:
        {"build": build_part, "open": open_part}[args.part[0]](int(args.part[1]))
        return 0
    console = Console(soft_wrap=True, highlight=False)
    if args.passages:
        console.print(update_table(args.passages))
    if args.memory:
        console.print(memory_table(args.memory))
    if args.open:
        console.print(open_table(args.open))
    return 0


if __name__ == "__main__":
    sys.exit(main())
