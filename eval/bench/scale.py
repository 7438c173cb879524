"""How it does at a million passages: ``python -m rag.eval.bench.scale [--vectors N]``.

Vectors are made up as ``synthetic`` says. The approximate index is compared with exact search in
the same run and in turns, one query at a time, so that whatever slows the machine down slows both down; its times
include the computing of the exact cosines. Memory is what the process holds for itself (on Linux): pages of mapped
files, which the system can take back, are apart.
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
from pathlib import Path
from statistics import median
from types import TracebackType
from typing import Self

import numpy as np
from rich.console import Console
from rich.table import Table

from rag.index.vectors import APPROXIMATE, Approximation, FaissStore, VectorFile, Vectors, approximate
from rag.index.vectors.store import map_vectors

from ..scoring.metrics import percentile
from .synthetic import HARDER_SPREAD, SPREAD, Embeddings


@dataclass(frozen=True, slots=True)
class Nearness:
    """Search among vectors; times in seconds, memory in bytes.

    Attributes:
        name: Which collection.
        vectors: How many.
        made: The approximate index; None where the collection is too small for one.
        updated: Seconds to make it again from the lists of the one before.
        building, opened: Memory at the most while it was made, and after opening and searching.
        opening: Seconds to open both.
        exact, faiss, found: Of each query: exact search, that by FAISS' ``knn``, and by the approximate index.
        recall_10, recall_100: Share of the exact 10 and 100 nearest that are found.
    """

    name: str
    vectors: int
    made: Approximation | None
    updated: float
    building: int
    opened: int
    opening: float
    exact: tuple[float, ...]
    faiss: tuple[float, ...]
    found: tuple[float, ...]
    recall_10: float
    recall_100: float


def measure_vectors(name: str, blocks: Iterable[Vectors], queries: Vectors, folder: Path) -> Nearness:
    """Write vectors to a folder, make their approximate index, and search them both ways."""
    import faiss

    path = folder / "vectors.f32"
    dimension = queries.shape[1]
    with VectorFile(path, dimension) as file:
        for block in blocks:
            file.copy(block, 0, len(block))
    with Peak() as building:
        made = approximate(path, dimension)
    updated = seconds(lambda: approximate(path, dimension, path.with_name(APPROXIMATE)))
    before = held_memory()
    opening = seconds(lambda: FaissStore.open(path, dimension))
    store = FaissStore.open(path, dimension)
    store.search(queries, 10)
    opened = held_memory() - before
    mapped = map_vectors(path, dimension)
    every = FaissStore(mapped)
    exact, knn, found, shares = [], [], [], []
    for query in queries[:, None]:
        exact.append(seconds(partial(every.search, query, 10)))
        knn.append(seconds(partial(faiss.knn, query, mapped, 10, faiss.METRIC_INNER_PRODUCT)))
        found.append(seconds(partial(store.search, query, 10)))
        shares.append([np.isin(store.search(query, k)[1], every.search(query, k)[1]).mean() for k in (10, 100)])
    recall_10, recall_100 = np.mean(shares, axis=0).tolist()
    return Nearness(
        name, len(store), made, updated, building.bytes, opened, opening,
        tuple(exact), tuple(knn), tuple(found), recall_10, recall_100,
    )  # fmt: skip


def vectors_table(measured: Sequence[Nearness]) -> Table:
    """One row a figure, one column a collection."""
    table = Table(title="Vectors", title_justify="left", box=None, pad_edge=False)
    table.add_column("figure")
    for each in measured:
        table.add_column(f"{each.vectors:,}, {each.name}", justify="right")

    def row(name: str, figure: Callable[[Nearness], str]) -> None:
        table.add_row(name, *(figure(each) for each in measured))

    def times(name: str, of: Callable[[Nearness], Sequence[float]]) -> None:
        row(name, lambda each: " / ".join(f"{1000 * percentile(share, of(each)):.1f}" for share in (50, 95)))

    row("index", lambda each: f"{each.made.kind}, {each.made.probes} probes" if each.made else "exact")
    row("recall@10, as it says itself", lambda each: f"{each.made.recall:.3f}" if each.made else "")
    row("recall@10", lambda each: f"{each.recall_10:.3f}")
    row("recall@100", lambda each: f"{each.recall_100:.3f}")
    times("exact, ms a query, p50 / p95", lambda each: each.exact)
    times("exact by faiss.knn", lambda each: each.faiss)
    times("approximate", lambda each: each.found)
    row("  ratio of the medians", lambda each: f"{median(each.found) / median(each.exact):.3f}")
    row("build, s", lambda each: f"{each.made.seconds:.1f}" if each.made else "")
    row("  with the lists of the version before, s", lambda each: f"{each.updated:.1f}")
    row("  memory at the most, MB", lambda each: f"{each.building / 1e6:,.0f}")
    row("open, ms", lambda each: f"{1000 * each.opening:.1f}")
    row("  memory held after 100 queries, MB", lambda each: f"{each.opened / 1e6:,.0f}")
    return table


class Peak:
    """Watches the memory that the process holds; ``bytes`` is the most beyond what it held before."""

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
        """The most beyond what was held before."""
        return self._most - self._before

    def _watch(self) -> None:
        while not self._stop.wait(0.02):
            self._most = max(self._most, held_memory())


def held_memory() -> int:
    """Bytes of memory that this process has for itself, mapped files apart; 0 where the system does not say."""
    status = Path("/proc/self/status")
    lines = status.read_text().splitlines() if status.exists() else []
    return next((1024 * int(line.split()[1]) for line in lines if line.startswith("RssAnon")), 0)


def seconds(work: Callable[[], object]) -> float:
    """What it takes."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print the tables."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.scale", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    for name, number, what in (
        ("--vectors", 1_000_000, "vectors; 0 leaves them out"),
        ("--queries", 100, "searches among the vectors"),
        ("--seeds", 4_000, "real embeddings that the vectors are made about"),
    ):
        parser.add_argument(name, type=int, default=number, metavar="N", help=f"{what} (default: {number:,})")
    args = parser.parse_args(argv)
    console = Console(soft_wrap=True, highlight=False)
    if args.vectors:
        embeddings = Embeddings(args.seeds, args.queries)
        measured = []
        for name, spread in (("as real ones", SPREAD), ("harder", HARDER_SPREAD)):
            with tempfile.TemporaryDirectory() as folder:
                blocks = embeddings.blocks(args.vectors, spread)
                measured.append(measure_vectors(name, blocks, embeddings.queries, Path(folder)))
        console.print(vectors_table(measured))
    return 0


if __name__ == "__main__":
    sys.exit(main())
