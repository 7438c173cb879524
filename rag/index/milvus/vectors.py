"""``MilvusVectors``: Milvus behind the ``VectorStore`` contract."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..contract import Subset
from ..vectors import Rows, Scores, Vectors
from .rows import PassageRows
from .schema import search_params


class MilvusVectors:
    """Searches the vectors of the passages that a version shows.

    Milvus only proposes passages; they are then ranked by their own vectors, so that scores are exact.

    Args:
        rows: The passages.
        dimension: Length of a vector.
    """

    def __init__(self, rows: PassageRows, dimension: int) -> None:
        self._rows, self._dimension = rows, dimension

    def __len__(self) -> int:
        return len(self._rows)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return self._dimension

    def search(self, queries: Vectors, k: int, subset: Subset | None = None) -> tuple[Scores, Rows]:
        """Find the nearest rows of each query; see ``VectorStore.search``.

        Raises:
            ValueError: The queries have the wrong shape.
            StoreUnavailable: The server does not answer.
        """
        if queries.ndim != 2 or queries.shape[1] != self.dimension:
            raise ValueError(f"queries of shape {queries.shape} for vectors of {self.dimension} dimensions")
        k = min(k, len(self) if subset is None else len(subset))
        scores, rows = np.empty((len(queries), k), np.float32), np.empty((len(queries), k), np.int64)
        params = search_params(self._rows.connection.address, k)
        for i, query in enumerate(queries if k else ()):
            proposed = self._rows.search("vector", query.tolist(), k, params, subset)
            found = np.array([row["id"] for row in proposed], dtype=np.int64)
            products = self.vectors(found) @ query
            # Equal scores in order of the rows, as the contract says.
            best = np.lexsort((found, -products))[:k]
            if len(best) < k:
                # An approximate index may find too few; the last one again takes their places.
                best = np.concatenate([best, np.repeat(best[-1:], k - len(best))])
            scores[i], rows[i] = products[best], found[best]
        return scores, rows

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """Vectors of the given rows: ``float32 [len(rows), dimension]``."""
        found = [each.vector for each in self._rows.stored(rows)]
        return np.stack(found) if found else np.empty((0, self.dimension), np.float32)
