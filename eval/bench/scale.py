"""Vector search at scale: ``python -m rag.eval.bench.scale [--vectors N ...]``.

Vectors are synthetic; see ``synthetic``. NumPy's matrix product and ``faiss.knn`` are the baselines. Each query is
answered by every kind of search before the next one, so that other load on the machine slows all of them alike. Memory
(on Linux) is private; pages of mapped files, which the system can reclaim, are listed apart.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import numpy as np
from rich.console import Console
from rich.table import Table

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
from .measuring import Peak, Time, mapped_memory, private_memory, seconds, timed
from .synthetic import HARDER_SPREAD, SPREAD, Embeddings

#: Sizes of the vector collections.
SIZES = (10_000, 100_000, 1_000_000)

#: Rows per query: as many as the retriever asks for.
DEPTH = 100

#: Kinds of vector search: an index folder as the product opens it, the same vectors without approximate index, and two
#: plain searches for comparison.
STORE, EXACT, NUMPY, KNN = "search", "exact search", "NumPy product", "faiss.knn"


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
    private, mapped = private_memory(), mapped_memory()
    opening = seconds(lambda: FaissStore.open(path, dimension))
    store = FaissStore.open(path, dimension)
    for query in queries[:, None]:
        store.search(query, DEPTH)
    private, mapped = private_memory() - private, mapped_memory() - mapped
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
    return 0


if __name__ == "__main__":
    sys.exit(main())
