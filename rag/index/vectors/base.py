"""The ``VectorStore`` contract and the array types of vector search."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


class Subset(Protocol):
    """Rows to search: an array of rows, ascending and unique, or a filter that a store applies itself."""

    def __len__(self) -> int:
        """Number of rows."""

    def __array__(self) -> npt.NDArray[Any]:
        """The rows, ``int64``, ascending and unique."""


class VectorStore(Protocol):
    """Unit vectors, one per passage; see ``rag.index.contract`` for rows."""

    def __len__(self) -> int:
        """Number of vectors."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def search(self, queries: Vectors, k: int, subset: Subset | None = None) -> tuple[Scores, Rows]:
        """Find the nearest rows of each query.

        Args:
            queries: ``float32 [q, dimension]``, unit length.
            k: Maximum number of rows per query.
            subset: Rows to search; None searches all rows. The filter applies before ranking,
                so ``k`` rows come back if the subset has that many.

        Returns:
            Cosines and rows, both ``[q, min(k, rows searched)]``, best first; ties in row order.
        """

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """Vectors of the given rows: ``float32 [len(rows), dimension]``."""
