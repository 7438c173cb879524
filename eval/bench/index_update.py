"""What it costs to keep an index: ``python -m rag.eval.bench.index_update [--passages N] [--memory N ...] [--open N]``.

Three tables, of collections that the benchmark makes up:

- an update after 1% of the files were rewritten against a build from scratch, by the real embedder, and whether both
  rank and score alike;
- the peak memory of building over the number of passages, with vectors that are made up, each in a process of its own;
- how long a large index takes to open, and how much memory that and questions take.
"""

from __future__ import annotations

import argparse
import hashlib
import itertools
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from rag import Encoder, Retriever, SentenceTransformerEncoder, build_index
from rag.embedding.encoder import Progress, Vectors
from rag.text.tokens import token_counter

from ..scoring.metrics import percentile
from .speed import peak_memory

#: Paragraphs of a made-up document.
PARAGRAPHS = 10

#: Questions that are asked of both indexes, or of a large one.
QUESTIONS = 100

SYLLABLES = [a + b for a, b in itertools.product("b d f g k l m n p r s t v z".split(), "a e i o u".split())]


class MadeUpEncoder:
    """Vectors around a thousand centres, which follow from the text: of no meaning, and quick to make."""

    name, fingerprint, dimension, window = "made up", "made-up-1", 384, 256

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).normal(size=(1_000, self.dimension)).astype(np.float32)
        self._count = token_counter()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """``float32 [len(texts), dimension]``, unit length."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
            noise = np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
            vectors[row] = self._centres[seed % 1_000] + 0.8 * noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def count_tokens(self, text: str) -> int:
        """Tokens of the text."""
        return self._count(text)


def make_folder(folder: Path, passages: int, words: int = 45) -> list[Path]:
    """Documents of ``PARAGRAPHS`` paragraphs each, whose words are as frequent as those of a language (Zipf)."""
    draw = random.Random(0)
    vocabulary = ["".join(draw.choice(SYLLABLES) for _ in range(draw.randint(1, 4))) for _ in range(60_000)]
    weights = list(itertools.accumulate(1 / rank for rank in range(2, len(vocabulary) + 2)))
    files = []
    for number in range(passages // PARAGRAPHS):
        path = folder / f"{number // 1_000:04}" / f"{number:07}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made_up_text(vocabulary, weights, words, draw))
        files.append(path)
    return files


def made_up_text(vocabulary: Sequence[str], weights: Sequence[float], words: int, draw: random.Random) -> str:
    """Paragraphs of one sentence each."""
    return "\n\n".join(
        " ".join(draw.choices(vocabulary, cum_weights=weights, k=words)).capitalize() + "." for _ in range(PARAGRAPHS)
    )


def update_table(passages: int, share: float = 0.01) -> Table:
    """Update against build from scratch, by the real embedder."""
    encoder = SentenceTransformerEncoder()
    encoder.encode(["warm up"])
    with tempfile.TemporaryDirectory() as place:
        docs, index, scratch = (Path(place) / name for name in ("docs", "index", "scratch"))
        files = make_folder(docs, passages)
        built = seconds(lambda: build_index(docs, index, encoder))
        touched = random.Random(1).sample(files, max(1, round(share * len(files))))
        for path in touched:
            path.write_text("\n\n".join(reversed(path.read_text().split("\n\n"))).replace("a", "o"))
        updated = seconds(lambda: build_index(docs, index, encoder))
        again = seconds(lambda: build_index(docs, scratch, encoder))
        alike, difference = compare(Retriever.load(index, encoder), Retriever.load(scratch, encoder))
    table = Table(title=f"{passages:,} passages in {len(files):,} files, {len(touched):,} of them rewritten", box=None)
    for column in ("figure", "value"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    table.add_row("build, s", f"{built:.1f}")
    table.add_row("build from scratch after the change, s", f"{again:.1f}")
    table.add_row("update, s", f"{updated:.2f}")
    table.add_row("update / build", f"{updated / built:.1%}")
    table.add_row(f"questions of {QUESTIONS} with the same ranking", f"{alike}")
    table.add_row("greatest difference of a score", f"{difference:.1e}")
    return table


def compare(one: Retriever, other: Retriever) -> tuple[int, float]:
    """For how many questions two retrievers find the same passages in the same order, and how far scores differ."""
    texts = random.Random(2).sample(range(len(one.index.passages)), QUESTIONS)
    questions = [" ".join(one.index.passages[row].text.split()[5:15]) for row in texts]
    alike, difference = 0, 0.0
    for first, second in zip(one.search_many(questions, 20), other.search_many(questions, 20), strict=True):
        alike += [hit.passage for hit in first] == [hit.passage for hit in second]
        difference = max(difference, *(abs(a.score - b.score) for a, b in zip(first, second, strict=True)))
    return alike, difference


def memory_table(sizes: Sequence[int]) -> Table:
    """Peak memory of building, each size in a process of its own."""
    table = Table(title="peak memory of building (vectors made up)", box=None)
    for column in ("passages", "their vectors, MB", "peak, MB", "seconds"):
        table.add_column(column, justify="right")
    for size in sizes:
        peak, took = map(float, in_process("build", size).split())
        table.add_row(f"{size:,}", f"{size * 384 * 4 / 1e6:,.0f}", f"{peak / 1e6:,.0f}", f"{took:,.0f}")
    return table


def open_table(size: int) -> Table:
    """What opening a large index takes."""
    table = Table(title=f"an index of {size:,} passages (vectors made up)", box=None)
    for column in ("figure", "value"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for line in in_process("open", size).splitlines():
        figure, _, value = line.rpartition("\t")
        table.add_row(figure, value)
    return table


def in_process(work: str, size: int) -> str:
    """What a part of the benchmark prints, run in a process of its own."""
    command = [sys.executable, "-m", "rag.eval.bench.index_update", "--part", work, str(size)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def build_part(size: int) -> None:
    """Build, and print the peak of this process in bytes, and the seconds."""
    with tempfile.TemporaryDirectory() as place:
        make_folder(Path(place) / "docs", size)
        encoder: Encoder = MadeUpEncoder()
        took = seconds(lambda: build_index(Path(place) / "docs", Path(place) / "index", encoder))
    print(peak_memory(), took)


def open_part(size: int) -> None:
    """Build in a process of its own, then open, ask, and print what that takes."""
    with tempfile.TemporaryDirectory() as place:
        docs, index = Path(place) / "docs", Path(place) / "index"
        program = (
            "import sys; from pathlib import Path; from rag import build_index; from rag.eval import upkeep;"
            "upkeep.make_folder(Path(sys.argv[1]), int(sys.argv[3]));"
            "build_index(sys.argv[1], sys.argv[2], upkeep.MadeUpEncoder())"
        )
        subprocess.run([sys.executable, "-c", program, docs, index, str(size)], check=True)
        encoder = MadeUpEncoder()
        Retriever.load(index, encoder)  # reads the files for the first time, and imports what it needs
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


def seconds(work: Callable[[], object]) -> float:
    """What some work takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.index_update",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--passages", type=int, default=10_000, metavar="N", help="of the update (default: 10000)")
    parser.add_argument(
        "--memory", type=int, nargs="*", default=[50_000, 100_000, 200_000], metavar="N",
        help="sizes whose peak memory is measured (default: 50000 100000 200000)",
    )  # fmt: skip
    parser.add_argument("--open", type=int, default=0, metavar="N", help="size of an index to open, such as 1000000")
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
