"""Search at scale: ``python -m rag.eval.bench.scale [--vectors N ...] [--passages N]``.

Vectors and passages are synthetic; see ``synthetic``. Every kind of vector search answers one query in turn, so that
other load on the machine slows all of them alike; two plain searches, NumPy's matrix product and ``faiss.knn``, give
the scale. Memory (on Linux) is private; pages of mapped files, which the system can reclaim, are listed apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import NamedTuple, Self

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.index.lexical import Lexical, WordsFile
from rag.index.lexical.files import Stored
from rag.index.vectors import (
    APPROXIMATE,
    Approximation,
    FaissStore,
    Vectors,
    VectorWriter,
    build_approximate_index,
    map_vectors,
)

from ..scoring.metrics import percentile
from .synthetic import HARDER_SPREAD, SPREAD, Embeddings, passages

#: Sizes of the vector collections.
SIZES = (10_000, 100_000, 1_000_000)

#: Rows per query: as many as the retriever asks for.
DEPTH = 100

#: Kinds of vector search: an index folder as the product opens it, the same vectors without approximate index, and two
#: plain searches for comparison.
STORE, EXACT, NUMPY, KNN = "search", "exact search", "NumPy product", "faiss.knn"

#: Share of the passages that an update changes, in this many places.
CHANGED, PLACES = 0.01, 100


class Time(NamedTuple):
    """Duration of a call, in seconds."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class VectorSearch:
    """Vector search in one collection; times in seconds, memory in bytes.

    Attributes:
        name: Name of the collection.
        vectors: Number of vectors.
        approximation: The approximate index; None if the collection is too small for one.
        rebuilding: Time to build the approximate index again with its own centroids.
        building: Peak private memory of the build.
        opening: Time to open the store.
        private, mapped: Memory of the open store after searching, private and of mapped files.
        times: Wall and CPU time of each query, by kind of search.
        recall_10, recall_100: Share of the exact 10 and 100 nearest rows that the store finds.
    """

    name: str
    vectors: int
    approximation: Approximation | None
    rebuilding: float
    building: int
    opening: float
    private: int
    mapped: int
    times: dict[str, list[Time]]
    recall_10: float
    recall_100: float


@dataclass(frozen=True, slots=True)
class Words:
    """BM25; times in seconds, memory in bytes.

    Attributes:
        passages, terms, occurrences: How much was indexed.
        reading, computing: To take the terms from the texts, and to compute BM25 from them.
        updating: To write it anew with 1% of the passages changed.
        opening: To open it.
        asked: To score all passages, of each question.
        building, opened: Memory at the most while it was built, and after opening and asking.
        size: Of its files.
    """

    passages: int
    terms: int
    occurrences: int
    reading: float
    computing: float
    updating: float
    opening: float
    asked: tuple[float, ...]
    building: int
    opened: int
    size: int


def measure_vectors(name: str, blocks: Iterable[Vectors], queries: Vectors, folder: Path) -> VectorSearch:
    """Write vectors and their approximate index to a folder, open it, and search it in every way."""
    import faiss

    path = folder / "vectors.f32"
    dimension = queries.shape[1]
    with VectorWriter(path, dimension) as file:
        for block in blocks:
            file.copy(block, 0, len(block))
    with Peak() as building:
        approximation = build_approximate_index(path, dimension)
    rebuilding = seconds(lambda: build_approximate_index(path, dimension, path.with_name(APPROXIMATE)))
    private, mapped = held_memory(), mapped_memory()
    opening = seconds(lambda: FaissStore.open(path, dimension))
    store = FaissStore.open(path, dimension)
    for query in queries[:, None]:
        store.search(query, DEPTH)
    private, mapped = held_memory() - private, mapped_memory() - mapped
    vectors = map_vectors(path, dimension)
    exact = FaissStore(vectors)
    kinds = {
        STORE: lambda query: store.search(query, DEPTH),
        EXACT: lambda query: exact.search(query, DEPTH),
        NUMPY: lambda query: np.argpartition(-(vectors @ query[0]), DEPTH)[:DEPTH],
        KNN: lambda query: faiss.knn(query, vectors, DEPTH, faiss.METRIC_INNER_PRODUCT),
    }
    times: dict[str, list[Time]] = {kind: [] for kind in kinds}
    for query in queries[:, None]:
        for kind, search in kinds.items():
            times[kind].append(timed(partial(search, query)))
    recalls = [
        [np.isin(store.search(query, k)[1], exact.search(query, k)[1]).mean() for k in (10, 100)]
        for query in queries[:, None]
    ]
    return VectorSearch(
        name, len(store), approximation, rebuilding, building.bytes, opening, private, mapped, times,
        *np.mean(recalls, axis=0).tolist(),
    )  # fmt: skip


def measure_words(count: int, folder: Path) -> Words:
    """Write passages to a folder, update 1% of them, and score all of them for some questions."""
    with Peak() as building:
        started = time.perf_counter()
        with WordsFile(folder / "first") as file:
            for text in passages(count):
                file.add(text)
            reading = time.perf_counter() - started - seconds(lambda: sum(1 for _ in passages(count)))
            computing = seconds(file.finish)
    previous = Lexical.open(folder / "first", count)
    updating = seconds(lambda: _update(previous, folder / "second"))
    questions = [" ".join(text.split()[:12]) for text in passages(100, seed=2)]
    before = held_memory()
    opening = seconds(lambda: Lexical.open(folder / "second", count))
    opened = Lexical.open(folder / "second", count)
    asked = tuple(seconds(partial(opened.scores, question)) for question in questions for _ in range(3))
    stored = Stored.open(folder / "second")
    return Words(
        count, len(stored.vocabulary), len(stored.ids), reading, computing, updating, opening, asked,
        building.bytes, held_memory() - before, sum(path.stat().st_size for path in (folder / "second").iterdir()),
    )  # fmt: skip


def _update(previous: Lexical, folder: Path) -> None:
    """A new version in which 1% of the passages are new, in a hundred places."""
    count = len(previous)
    texts = passages(count, seed=1)
    with WordsFile(folder, previous) as file:
        for place in range(PLACES):
            start, stop = count * place // PLACES, count * (place + 1) // PLACES
            changed = round((stop - start) * CHANGED)
            for text in islice(texts, changed):
                file.add(text)
            file.copy(previous, start + changed, stop)
        file.finish()


def vectors_table(searches: Sequence[VectorSearch]) -> Table:
    """One row per figure, one column per collection."""
    table = Table(title="Vectors", title_justify="left", box=None, pad_edge=False)
    table.add_column("figure")
    for each in searches:
        table.add_column(f"{each.vectors:,} {each.name}".strip(), justify="right")

    def row(name: str, figure: Callable[[VectorSearch], str]) -> None:
        table.add_row(name, *(figure(each) for each in searches))

    def approximation(name: str, figure: Callable[[Approximation], str]) -> None:
        row(name, lambda each: figure(each.approximation) if each.approximation else "")

    def times(kind: str) -> None:
        row(f"{kind}, ms p50 / p95", lambda each: _milliseconds(each.times[kind]))
        row("  CPU ms p50", lambda each: f"{1000 * median(time.cpu for time in each.times[kind]):.2f}")

    row("index", lambda each: each.approximation.kind if each.approximation else "exact")
    approximation("  probes", lambda made: str(made.probes))
    approximation("  recall@10 by the build", lambda made: f"{made.recall:.3f}")
    row("recall@10", lambda each: f"{each.recall_10:.3f}")
    row("recall@100", lambda each: f"{each.recall_100:.3f}")
    for kind in (STORE, EXACT, NUMPY, KNN):
        times(kind)
    row("open, ms", lambda each: f"{1000 * each.opening:.1f}")
    row("  private memory, MB", lambda each: f"{each.private / 1e6:,.1f}")
    row("  mapped files, MB", lambda each: f"{each.mapped / 1e6:,.0f}")
    approximation("build, s", lambda made: f"{made.seconds:.1f}")
    row(
        "  with reused centroids, s",
        lambda each: f"{each.rebuilding:.1f}" if each.approximation else "",
    )
    row("  peak private memory, MB", lambda each: f"{each.building / 1e6:,.0f}" if each.approximation else "")
    return table


def _milliseconds(times: Sequence[Time]) -> str:
    wall = [time.wall for time in times]
    return " / ".join(f"{1000 * percentile(share, wall):.2f}" for share in (50, 95))


def words_table(words: Words) -> Table:
    """One row a figure."""
    title = f"BM25: {words.passages:,} passages, {words.occurrences:,} terms, {words.terms:,} different ones"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("figure")
    table.add_column("", justify="right")
    build = words.reading + words.computing
    for name, figure in (
        ("build, s", f"{build:.1f}"),
        ("  of which terms from texts, s", f"{words.reading:.1f}"),
        ("  of which BM25, s", f"{words.computing:.1f}"),
        ("  memory at the most, MB", f"{words.building / 1e6:,.0f}"),
        ("update of 1%, s", f"{words.updating:.1f}"),
        ("  ratio to the build", f"{words.updating / build:.3f}"),
        ("files, MB", f"{words.size / 1e6:,.0f}"),
        ("open, ms", f"{1000 * words.opening:.1f}"),
        ("  memory held after the questions, MB", f"{words.opened / 1e6:,.0f}"),
        ("ms a question, p50 / p95", " / ".join(f"{1000 * percentile(share, words.asked):.1f}" for share in (50, 95))),
    ):
        table.add_row(name, figure)
    return table


class Peak:
    """Samples private memory in a thread; ``bytes`` is the peak above the level at the start."""

    def __enter__(self) -> Self:
        self._before = self._most = held_memory()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stop.set()
        self._thread.join()

    @property
    def bytes(self) -> int:
        """Peak above the level at the start."""
        return self._most - self._before

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._most = max(self._most, held_memory())


def held_memory() -> int:
    """Private memory of this process in bytes; 0 if the system does not report it."""
    return _memory("RssAnon")


def mapped_memory() -> int:
    """Pages of mapped files in memory, in bytes; 0 if the system does not report it."""
    return _memory("RssFile")


def _memory(field: str) -> int:
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith(field)), 0)


def seconds(work: Callable[[], object]) -> float:
    """Wall time of a call."""
    return timed(work).wall


def timed(work: Callable[[], object]) -> Time:
    """Wall and CPU time of a call."""
    cpu, wall = time.process_time(), time.perf_counter()
    work()
    return Time(time.perf_counter() - wall, time.process_time() - cpu)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--vectors", type=int, nargs="+", default=SIZES, metavar="N",
        help="sizes of the vector collections; 0 skips them (default: 10,000 100,000 1,000,000)",
    )  # fmt: skip
    for name, number, what in (
        ("--passages", 1_000_000, "passages for BM25; 0 skips them"),
        ("--queries", 100, "vector queries per collection"),
        ("--seeds", 4_000, "real embeddings that the synthetic vectors are based on"),
    ):
        parser.add_argument(name, type=int, default=number, metavar="N", help=f"{what} (default: {number:,})")
    args = parser.parse_args(argv)
    console = Console(soft_wrap=True, highlight=False)
    if any(args.vectors):
        embeddings = Embeddings(args.seeds, args.queries)
        collections = [(size, "", SPREAD) for size in args.vectors] + [(max(args.vectors), "harder", HARDER_SPREAD)]
        searches = []
        for size, name, spread in collections:
            with tempfile.TemporaryDirectory() as folder:
                blocks = embeddings.blocks(size, spread)
                searches.append(measure_vectors(name, blocks, embeddings.queries, Path(folder)))
        console.print(vectors_table(searches))
    if args.passages:
        with tempfile.TemporaryDirectory() as folder:
            console.print(words_table(measure_words(args.passages, Path(folder))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
