"""Vector search in Milvus Lite against a folder: ``python -m rag.eval.bench.store_search [--vectors N ...]``.

Vectors are synthetic; see ``synthetic``. Each collection has a server of its own, in another process. Passages have no
text, and words are not searched. The folder and Milvus answer each query in turn, so that other load on the machine
slows both alike.
"""

from __future__ import annotations

import argparse
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from rag import RagError, StoreUnavailable
from rag.index.contract import VectorStore
from rag.index.milvus import Address, Connection
from rag.index.milvus.connection import Row
from rag.index.milvus.rows import PassageRows
from rag.index.milvus.schema import OPEN, digest, passages_indexes, passages_schema
from rag.index.milvus.vectors import MilvusVectors
from rag.index.vectors import FaissStore, Vectors, VectorWriter, build_approximate_index, map_vectors

from ..scoring.metrics import percentile
from .measuring import children_memory, timed
from .synthetic import Embeddings

#: Rows per query, as many as the retriever asks for, and the best of them that recall is about.
DEPTH, BEST = 100, 10

#: Kinds of dense index that Milvus Lite has.
KINDS = ("FLAT", "IVF_SQ8", "HNSW")

#: Seconds until a server that does not answer is given up, and for one request.
START, TIMEOUT = 60.0, 600.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a collection; times in seconds, memory and disk in bytes.

    Attributes:
        kind: Kind of Milvus' dense index.
        vectors: Number of vectors.
        writing: Time to write them.
        opening: Time of the first search, which loads or builds what is missing.
        memory, disk: What the server takes once it has searched: private memory, and files.
        times: Of each query, in the folder and in Milvus.
        recall: Share of the exact 10 nearest rows that are among the 10 best, of the folder and of Milvus.
    """

    kind: str
    vectors: int
    writing: float
    opening: float
    memory: int
    disk: int
    times: tuple[list[float], list[float]]
    recall: tuple[float, float]


@contextmanager
def milvus_lite(data: Path) -> Iterator[int]:
    """Serve Milvus Lite on the loopback interface; yields the port once it answers.

    Raises:
        StoreUnavailable: It does not start.
    """
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    command = [
        sys.executable, "-m", "milvus_lite", "server", "--data-dir", str(data), "--host", "127.0.0.1", "--port",
        str(port),
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            _wait_for(process, Address.parse(f"milvus://127.0.0.1:{port}/bench"))
            yield port
        finally:
            process.kill()


def _wait_for(process: subprocess.Popen[bytes], address: Address) -> None:
    """Return when the server answers."""
    deadline = time.monotonic() + START
    while process.poll() is None and time.monotonic() < deadline:
        with suppress(StoreUnavailable):
            Connection(address)
            return
        time.sleep(0.1)
    raise StoreUnavailable(f"{address}: the server does not start; see `milvus-lite server`")


def row(number: int, vector: Vectors) -> Row:
    """A passage without text."""
    texts = dict.fromkeys(("document_id", "title", "text", "heading", "heading_key", "view", "terms"), "")
    numbers = dict.fromkeys(("start", "stop", "tokens", "page", "last_page"), 0)
    name = digest(number)
    return {
        **texts, **numbers, "id": number, "document": name, "hash": name, "vector": vector.tolist(), "fields": {},
        "since": 1, "until": OPEN,
    }  # fmt: skip


def measure(kind: str, count: int, embeddings: Embeddings, local: FaissStore, exact: FaissStore) -> Figures:
    """Write vectors to a new server, and search them there and in the folder.

    Args:
        kind: Kind of Milvus' dense index.
        count: Number of vectors.
        embeddings: Makes the vectors, and the queries.
        local: The same vectors as an index folder holds them.
        exact: The same, compared one by one.
    """
    queries = embeddings.queries
    with tempfile.TemporaryDirectory() as data, milvus_lite(Path(data)) as port:
        address = Address.parse(f"milvus://127.0.0.1:{port}/bench?index={kind}&timeout={TIMEOUT:g}")
        connection = Connection(address)
        connection.create("bench_passages", passages_schema(queries.shape[1]), passages_indexes(address))
        started = time.perf_counter()
        number = 0
        for block in embeddings.blocks(count):
            connection.upsert("bench_passages", [row(number + i, vector) for i, vector in enumerate(block)])
            number += len(block)
        connection.flush("bench_passages")
        writing = time.perf_counter() - started
        store = MilvusVectors(PassageRows(connection, "bench_passages", 1, count), queries.shape[1])
        opening = timed(partial(store.search, queries[:1], DEPTH)).wall
        times: tuple[list[float], list[float]] = ([], [])
        recalls = []
        for query in queries[:, None]:
            # Nothing of the query before is kept in memory.
            store = MilvusVectors(PassageRows(connection, "bench_passages", 1, count), queries.shape[1])
            found = []
            searched: tuple[VectorStore, VectorStore] = (local, store)
            for each, seconds in zip(searched, times, strict=True):
                started = time.perf_counter()
                found.append(each.search(query, DEPTH)[1][0, :BEST])
                seconds.append(time.perf_counter() - started)
            nearest = exact.search(query, BEST)[1]
            recalls.append([np.isin(nearest, rows).mean() for rows in found])
        disk = sum(path.stat().st_size for path in Path(data).rglob("*") if path.is_file())
        in_folder, in_milvus = np.mean(recalls, axis=0).tolist()
        return Figures(
            kind, count, writing, opening, children_memory(), disk, times, (in_folder, in_milvus),
        )  # fmt: skip


def show(found: Sequence[Figures]) -> Table:
    """The figures as a table."""
    table = Table("", *(f"{each.vectors:,} {each.kind}" for each in found))
    rows = {
        "write, s": [f"{each.writing:,.0f}" for each in found],
        "first search, s": [f"{each.opening:.1f}" for each in found],
        "search p50, ms": [_times(each, 50) for each in found],
        "search p95, ms": [_times(each, 95) for each in found],
        f"recall@{BEST}": [f"{each.recall[0]:.3f}; {each.recall[1]:.3f}" for each in found],
        "server's memory, MB": [f"{each.memory / 1e6:,.0f}" for each in found],
        "server's files, MB": [f"{each.disk / 1e6:,.0f}" for each in found],
    }
    for name, cells in rows.items():
        table.add_row(name, *cells)
    return table


def _times(each: Figures, share: float) -> str:
    return "; ".join(f"{1000 * percentile(share, seconds):,.1f}" for seconds in each.times)


def main() -> int:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(prog="python -m rag.eval.bench.store_search", description=__doc__)
    parser.add_argument(
        "--vectors", type=int, nargs="+", default=[10_000, 100_000, 1_000_000], metavar="N",
        help="sizes of the collections (default: 10,000 100,000 1,000,000)",
    )  # fmt: skip
    parser.add_argument("--index", nargs="+", default=KINDS, choices=KINDS, help="kinds of index (default: all)")
    parser.add_argument("--queries", type=int, default=100, metavar="N", help="queries (default: %(default)s)")
    args = parser.parse_args()
    console = Console(soft_wrap=True)
    found: list[Figures] = []
    try:
        embeddings = Embeddings(queries=args.queries)
        for count in args.vectors:
            with tempfile.TemporaryDirectory() as temporary:
                path, dimension = Path(temporary, "vectors.f32"), embeddings.queries.shape[1]
                with VectorWriter(path, dimension) as file:
                    for block in embeddings.blocks(count):
                        file.copy(block, 0, len(block))
                build_approximate_index(path, dimension)
                local, exact = FaissStore.open(path, dimension), FaissStore(map_vectors(path, dimension))
                for kind in args.index:
                    found.append(measure(kind, count, embeddings, local, exact))
                    console.print(show(found[-1:]))
    except RagError as error:
        print(f"store_search: {error}", file=sys.stderr)
        return 2
    console.print(show(found))
    console.print("Pairs: the folder; Milvus Lite.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
