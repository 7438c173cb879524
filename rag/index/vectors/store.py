"""``FaissStore``: FAISS behind the ``VectorStore`` contract."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np

from .approximate import APPROXIMATE, SPARE, propose, read_approximate_index
from .base import Rows, Scores, Subset, Vectors
from .exact import nearest, rescore
from .files import map_vectors

if TYPE_CHECKING:
    import faiss

#: Search is exact if a filter leaves at most one row in this many.
SELECTIVE = 50


class FaissStore:
    """Searches vectors in memory or in a memory-mapped file, without a second copy of them.

    Scores are always exact: an approximate index only proposes candidates, which are then ranked by their own vectors.

    Args:
        vectors: ``float32 [n, dimension]``, unit length.
        index: Approximate index of these vectors; None searches exactly.
    """

    def __init__(self, vectors: Vectors, index: faiss.IndexIVF | None = None) -> None:
        self._vectors: Vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._index = index

    @classmethod
    def open(cls, path: Path, dimension: int) -> Self:
        """Map a vector file, and the approximate index beside it if there is one.

        An open store keeps working after its folder is deleted.

        Args:
            path: File written by ``VectorWriter``.
            dimension: Length of a vector.

        Raises:
            OSError: A file is missing or cannot be read.
            ValueError: A file is damaged, or the two do not match.
        """
        vectors = map_vectors(path, dimension)
        index_path = path.with_name(APPROXIMATE)
        if not index_path.exists():
            return cls(vectors)
        index = read_approximate_index(index_path)
        if (index.ntotal, index.d) != vectors.shape:
            raise ValueError(
                f"{index_path.name}: indexes {index.ntotal} vectors of {index.d} dimensions, "
                f"but {path.name} holds {len(vectors)} of {dimension}"
            )
        return cls(vectors, index)

    def __len__(self) -> int:
        return len(self._vectors)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def search(self, queries: Vectors, k: int, subset: Subset | None = None) -> tuple[Scores, Rows]:
        """Find the nearest rows of each query; see ``VectorStore.search``.

        Raises:
            ValueError: The queries have the wrong shape, or the subset names a row that does not exist.
        """
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        # FAISS reads raw memory, so a wrong shape or row would be read from outside the arrays.
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            raise ValueError(f"queries of shape {queries.shape} for vectors of {self.dimension} dimensions")
        chosen = None if subset is None else np.ascontiguousarray(subset, dtype=np.int64)
        if chosen is not None and len(chosen) and not 0 <= chosen.min() <= chosen.max() < len(self):
            raise ValueError(f"subset of rows {chosen.min()} to {chosen.max()}, where there are {len(self)}")
        size = len(self) if chosen is None else len(chosen)
        k = min(k, size)
        if not k or not len(queries):
            return np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
        if self._index is None or SELECTIVE * size <= len(self):
            return nearest(self._vectors, queries, k, chosen)
        candidates = propose(self._index, queries, min(k + SPARE, size), chosen)
        scores, rows = rescore(self._vectors, queries, candidates, k)
        short = rows[:, -1] < 0
        if short.any():
            scores[short], rows[short] = nearest(self._vectors, queries[short], k, chosen)
        return scores, rows

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """Vectors of the given rows: ``float32 [len(rows), dimension]``."""
        return np.asarray(self._vectors[np.asarray(rows, dtype=np.int64)])
