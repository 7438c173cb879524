"""Vectors by nearness: the ``VectorStore`` contract, and exact search by FAISS behind it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, Self

import numpy as np
import numpy.typing as npt

Vectors = npt.NDArray[np.float32]
Rows = npt.NDArray[np.int64]
Scores = npt.NDArray[np.float32]


class VectorStore(Protocol):
    """Unit vectors in rows counted from 0, in the order of the passages."""

    def __len__(self) -> int:
        """How many vectors it holds."""

    def search(self, queries: Vectors, k: int) -> tuple[Scores, Rows]:
        """The ``min(k, len)`` nearest rows of each query: cosines and rows, both ``[len(queries), k]``, best first."""

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """The vectors of some rows: ``float32 [len(rows), dimension]``."""

    def save(self, path: Path) -> None:
        """Write it to a file."""


class FaissStore:
    """Exact inner-product search (``IndexFlatIP``)."""

    def __init__(self, vectors: Vectors) -> None:
        import faiss

        self._index: faiss.Index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(np.ascontiguousarray(vectors, dtype=np.float32))

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read what ``save`` wrote.

        Raises:
            RuntimeError: The file is not a FAISS index.
        """
        import faiss

        store = cls.__new__(cls)
        store._index = faiss.read_index(str(path))
        return store

    def save(self, path: Path) -> None:
        """Write it to a file.

        Raises:
            OSError: The file cannot be written.
        """
        import faiss

        try:
            faiss.write_index(self._index, str(path))
        except RuntimeError as error:
            raise OSError(f"{path.name} could not be written") from error

    def __len__(self) -> int:
        return int(self._index.ntotal)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._index.d)

    def search(self, queries: Vectors, k: int) -> tuple[Scores, Rows]:
        """The nearest rows of each query; see ``VectorStore``."""
        scores, rows = self._index.search(np.ascontiguousarray(queries), min(k, len(self)))
        return scores, rows

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """The vectors of some rows: ``float32 [len(rows), dimension]``."""
        found: Vectors = self._index.reconstruct_batch(np.asarray(rows, dtype=np.int64))
        return found
