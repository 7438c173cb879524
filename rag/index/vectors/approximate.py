"""The approximate index of a large collection: a FAISS inverted file whose probes are chosen by measured recall."""

from __future__ import annotations

import math
import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .base import Rows, Vectors
from .exact import rescore
from .files import BLOCK, map_vectors

if TYPE_CHECKING:
    import faiss

#: File name of the approximate index, in the folder of the vectors.
APPROXIMATE = "vectors.faiss"

#: Search is exact up to this many vectors: 14 ms per query at 384 dimensions, or 0.09 ms per thousand.
EXACT_UP_TO = 150_000

#: Target recall@10.
RECALL = 0.98

#: Queries used to measure recall.
QUERIES = 400

#: Length of the noise added to a unit vector to make a query.
NOISE = 2.0

#: Training vectors per list.
TRAINING = 40

#: Extra candidates per query, since the index ranks by 8-bit copies of the vectors.
#: At 1,000,000 vectors and 256 probes, recall@10 is .972 with none, .987 with 10 and with 64.
SPARE = 20


@dataclass(frozen=True, slots=True)
class Approximation:
    """How an approximate index was built, and its quality.

    Attributes:
        kind: FAISS factory string.
        lists: Number of inverted lists.
        probes: Lists searched per query.
        recall: Measured recall@10, in [0, 1].
        trained: False if the centroids come from the previous index.
        seconds: Time to build it and to measure its recall.
    """

    kind: str
    lists: int
    probes: int
    recall: float
    trained: bool
    seconds: float


def build_approximate_index(
    path: Path, dimension: int, previous: Path | None = None, exact_up_to: int = EXACT_UP_TO
) -> Approximation | None:
    """Write the approximate index of a vector file, beside it.

    Args:
        path: Complete file written by ``VectorWriter``.
        dimension: Length of a vector.
        previous: Approximate index of the previous version. Its centroids are reused unless the collection has
            doubled or halved since they were trained. Recall does not suffer, since the number of probes is chosen
            again.
        exact_up_to: Number of vectors up to which no index is built.

    Returns:
        What was built; None if the collection is small.

    Raises:
        OSError: The index cannot be written.
        ValueError: The vector file or the previous index is damaged.
    """
    started = time.perf_counter()
    vectors = map_vectors(path, dimension)
    if len(vectors) <= exact_up_to:
        return None
    index = _reuse_centroids(previous, len(vectors), dimension) if previous and previous.exists() else None
    trained = index is None
    index = index or _train(vectors)
    for start in range(0, len(vectors), BLOCK):
        index.add(np.ascontiguousarray(vectors[start : start + BLOCK]))
    index.nprobe, recall = _choose_probes(index, vectors)
    _write(index, path.with_name(APPROXIMATE))
    kind = f"IVF{index.nlist},SQ8"
    return Approximation(kind, index.nlist, index.nprobe, recall, trained, time.perf_counter() - started)


def read_approximate_index(path: Path) -> faiss.IndexIVF:
    """Map an approximate index into memory.

    Raises:
        ValueError: The file is damaged or holds another kind of index.
    """
    import faiss

    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ValueError(f"{path.name}: not a complete FAISS index") from error
    if not isinstance(index, faiss.IndexIVF):
        raise ValueError(f"{path.name}: {type(index).__name__} is not an inverted file index")
    return index


def propose(index: faiss.IndexIVF, queries: Vectors, k: int, subset: Rows | None) -> Rows:
    """Candidates for each query: ``int64 [q, k]``, padded with -1 if the probed lists hold too few."""
    import faiss

    probes, selector = index.nprobe, None
    if subset is not None:
        selected = np.zeros(index.ntotal, dtype=bool)
        selected[subset] = True
        selector = faiss.IDSelectorBitmap(np.packbits(selected, bitorder="little"))
        # Neighbours within a subset are farther away, so search proportionally more lists.
        probes = min(index.nlist, -(-probes * index.ntotal // len(subset)))
    rows: Rows = index.search(queries, k, params=faiss.SearchParametersIVF(sel=selector, nprobe=probes))[1]
    return rows


def _list_count(size: int) -> int:
    """Number of inverted lists for a collection: four times the square root of its size."""
    return round(4 * math.sqrt(size))


def _train(vectors: Vectors) -> faiss.IndexIVFScalarQuantizer:
    import faiss

    dimension = vectors.shape[1]
    lists = _list_count(len(vectors))
    sample = np.random.default_rng(0).choice(len(vectors), min(len(vectors), TRAINING * lists), replace=False)
    index = _empty(faiss.IndexFlatIP(dimension), dimension, lists)
    index.train(np.ascontiguousarray(vectors[np.sort(sample)]))
    return index


def _reuse_centroids(previous: Path, size: int, dimension: int) -> faiss.IndexIVFScalarQuantizer | None:
    """An empty index with the centroids of the previous one; None if the size has changed too much."""
    import faiss

    before = read_approximate_index(previous)
    # The number of lists implies the size at which the centroids were trained.
    if before.d != dimension or not 0.5 <= (_list_count(size) / before.nlist) ** 2 <= 2:
        return None
    index = _empty(faiss.clone_index(before.quantizer), dimension, before.nlist)
    index.sq = before.sq
    index.is_trained = True
    return index


def _empty(quantizer: faiss.Index, dimension: int, lists: int) -> faiss.IndexIVFScalarQuantizer:
    import faiss

    kind = faiss.ScalarQuantizer.QT_8bit
    index = faiss.IndexIVFScalarQuantizer(quantizer, dimension, lists, kind, faiss.METRIC_INNER_PRODUCT, False)
    index.cp.min_points_per_centroid = 1
    quantizer.this.disown()
    index.own_fields = True
    return index


def _write(index: faiss.Index, path: Path) -> None:
    import faiss

    # Written aside and renamed: overwriting in place would break processes that have the old file mapped.
    part = path.with_suffix(".part")
    try:
        faiss.write_index(index, str(part))
    except RuntimeError as error:
        raise OSError(f"{path.name}: cannot be written: {error}") from error
    with part.open("rb") as file:
        os.fsync(file.fileno())
    part.replace(path)


def _choose_probes(index: faiss.IndexIVF, vectors: Vectors) -> tuple[int, float]:
    """The smallest number of probes that reaches the target recall@10, and its recall.

    Recall grows with the probes, so bisection finds the number.
    """
    import faiss

    queries = _held_out_queries(vectors, QUERIES)
    # For many queries at once ``faiss.knn`` computes a matrix product, which is fastest.
    exact: Rows = faiss.knn(queries, vectors, 10 + SPARE, faiss.METRIC_INNER_PRODUCT)[1]
    truth = rescore(vectors, queries, exact, 10)[1]

    def recall(probes: int) -> float:
        rows: Rows = index.search(queries, 10 + SPARE, params=faiss.SearchParametersIVF(nprobe=probes))[1]
        return _recall_at_10(rescore(vectors, queries, rows, 10)[1], truth)

    low, high = 0, 1
    while high < index.nlist and recall(high) < RECALL:
        low, high = high, min(2 * high, index.nlist)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if recall(middle) >= RECALL else (middle, high)
    return high, recall(high)


def _held_out_queries(vectors: Vectors, count: int) -> Vectors:
    """Synthetic queries, about as near to a stored vector as a question is to its passage.

    Each is a stored vector plus Gaussian noise of length ``NOISE`` with the covariance of the stored vectors, so that
    it leaves the vector but not the space of text embeddings. The cosine to the nearest vector is about 0.47. Less
    noise yields too few probes. With 4,000 lists over 1,000,000 vectors, recall@10 is:

    =========================  ==========  ==========
    queries                    128 probes  256 probes
    =========================  ==========  ==========
    noise 1.5                  .976        .983
    noise 2                    .947        .970
    noise 3                    .876        .938
    embeddings of questions    .967        .987
    =========================  ==========  ==========

    Returns:
        ``float32 [count, dimension]``, unit length.
    """
    random = np.random.default_rng(1)
    sample = vectors[np.sort(random.choice(len(vectors), min(len(vectors), 4_000), replace=False))]
    centred = sample - sample.mean(axis=0)
    weights = random.standard_normal((count, len(sample)), dtype=np.float32) / math.sqrt(len(sample))
    queries = sample[random.integers(len(sample), size=count)] + NOISE * (weights @ centred)
    return np.ascontiguousarray(queries / np.linalg.norm(queries, axis=1, keepdims=True), dtype=np.float32)


def _recall_at_10(rows: Rows, truth: Rows) -> float:
    """Mean share of the ten true rows of each query that were found."""
    return float(np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(rows, truth, strict=True)]))
