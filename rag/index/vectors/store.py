"""The ``VectorStore`` contract, and the store behind it: exact search, with FAISS before it where vectors are many."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

import numpy as np

from .exact import Rows, Scores, Vectors, nearest

if TYPE_CHECKING:
    import faiss

#: Name of the approximate index, in the folder of the vectors.
APPROXIMATE = "vectors.faiss"

#: An approximate index proposes this many rows more than are asked for, since it orders them by its shortened vectors.
#: At 1,000,000 vectors and 256 probes, recall@10 is .972 with none to spare, .987 with 10 and with 64.
SPARE = 20

#: Where no more than one row in this many is to choose from, these are compared one by one.
FEW = 50


class VectorStore(Protocol):
    """Unit vectors in rows counted from 0, in the order of the passages."""

    def __len__(self) -> int:
        """How many vectors it holds."""

    @property
    def dimension(self) -> int:
        """Length of a vector."""

    def search(self, queries: Vectors, k: int, among: Rows | None = None) -> tuple[Scores, Rows]:
        """The nearest rows of each query.

        Args:
            queries: ``float32 [q, dimension]``, unit length.
            k: How many to find.
            among: The rows to choose from, in order and each once; all where None. No other row is ever counted, so
                as many come back as there are to choose from.

        Returns:
            Cosines and rows, both ``[q, min(k, rows to choose from)]``, best first; equal ones in the order of rows.
        """

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """The vectors of some rows: ``float32 [len(rows), dimension]``."""


class FaissStore:
    """Search by FAISS over vectors in memory or in a file, which is mapped.

    FAISS proposes rows, by comparing every vector or by an approximate index, and their cosines are computed from the
    vectors themselves: what an approximate index can get wrong is which rows it proposes, never a score or an order.

    Args:
        vectors: ``float32 [n, dimension]``, unit length.
        index: An approximate index of them; every vector is compared where it is None.
    """

    def __init__(self, vectors: Vectors, index: faiss.IndexIVF | None = None) -> None:
        import faiss

        self._vectors: Vectors = np.ascontiguousarray(vectors, dtype=np.float32)
        self._approximate = index
        self._exact = faiss.IndexFlatIP(self.dimension)
        if index is None:
            self._exact.add(self._vectors)

    @classmethod
    def open(cls, path: Path, dimension: int) -> Self:
        """Map a file of vectors, and the approximate index beside it where there is one.

        Both are mapped at once, so that they stay readable when their folder is deleted.

        Args:
            path: What ``VectorFile`` wrote.
            dimension: Length of a vector.

        Raises:
            OSError: A file is missing or cannot be read.
            ValueError: A file is not whole, or the two do not belong together.
        """
        vectors = map_vectors(path, dimension)
        beside = path.with_name(APPROXIMATE)
        if not beside.exists():
            return cls(vectors)
        index = read_approximate(beside)
        if index.ntotal != len(vectors) or index.d != dimension:
            raise ValueError(f"{beside.name} is of {index.ntotal} vectors of {index.d}, not {len(vectors)}")
        return cls(vectors, index)

    def __len__(self) -> int:
        return len(self._vectors)

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        return int(self._vectors.shape[1])

    def search(self, queries: Vectors, k: int, among: Rows | None = None) -> tuple[Scores, Rows]:
        """The nearest rows of each query; see ``VectorStore``."""
        queries = np.ascontiguousarray(queries, dtype=np.float32)
        choice = len(self) if among is None else len(among)
        k = min(k, choice)
        if not k:
            return np.empty((len(queries), 0), np.float32), np.empty((len(queries), 0), np.int64)
        wide = min(k + SPARE, choice)
        if self._approximate is None or FEW * choice <= len(self):
            return rescored(self._vectors, queries, nearest(self._vectors, queries, wide, among), k)
        rows = self._proposed(self._approximate, queries, wide, among)
        short = np.flatnonzero((rows >= 0).sum(axis=1) < k)
        if len(short):
            rows[short] = nearest(self._vectors, queries[short], wide, among)
        return rescored(self._vectors, queries, rows, k)

    def vectors(self, rows: Sequence[int] | Rows) -> Vectors:
        """The vectors of some rows: ``float32 [len(rows), dimension]``."""
        return np.asarray(self._vectors[np.asarray(rows, dtype=np.int64)])

    def _proposed(self, index: faiss.IndexIVF, queries: Vectors, k: int, among: Rows | None) -> Rows:
        """The ``k`` nearest rows as the approximate index has them, -1 where it finds fewer."""
        import faiss

        probes, selector = index.nprobe, None
        if among is not None:
            chosen = np.zeros(len(self), dtype=bool)
            chosen[among] = True
            selector = faiss.IDSelectorBitmap(np.packbits(chosen, bitorder="little"))
            # The neighbours among fewer rows lie farther off, so as many more lists are looked into.
            probes = min(index.nlist, -(-probes * len(self) // len(among)))
        parameters = faiss.SearchParametersIVF(sel=selector, nprobe=probes)
        rows: Rows = index.search(queries, k, params=parameters)[1]
        return rows


def rescored(vectors: Vectors, queries: Vectors, rows: Rows, k: int) -> tuple[Scores, Rows]:
    """The best ``k`` of some proposed rows by their cosines, best first, equal ones in the order of rows.

    Args:
        vectors: ``float32 [n, dimension]``.
        queries: ``float32 [q, dimension]``.
        rows: ``int64 [q, proposed]``; -1 is no row.
        k: At most ``proposed``.
    """
    scores = np.full(rows.shape, -np.inf, dtype=np.float32)
    for query, proposed, into in zip(queries, rows, scores, strict=True):
        found = proposed >= 0
        # Not a matrix product, whose rounding of a row depends on how many rows stand beside it.
        into[found] = np.einsum("ij,j->i", vectors[proposed[found]], query)
    order = np.lexsort((rows, -scores), axis=1)[:, :k]
    return np.take_along_axis(scores, order, axis=1), np.take_along_axis(rows, order, axis=1)


def map_vectors(path: Path, dimension: int) -> Vectors:
    """A file of vectors, mapped: ``float32 [n, dimension]``.

    Raises:
        OSError: It cannot be read.
        ValueError: Its size is not that of whole vectors, or it is empty.
    """
    size = path.stat().st_size
    if not size or size % (4 * dimension):
        raise ValueError(f"{path.name} has {size:,} bytes, which are not whole vectors of {dimension} dimensions")
    return np.memmap(path, dtype="<f4", mode="r").reshape(-1, dimension)


def read_approximate(path: Path) -> faiss.IndexIVF:
    """What ``approximate`` wrote, mapped.

    Raises:
        ValueError: It is not such an index, or not whole.
    """
    import faiss

    try:
        index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)
    except RuntimeError as error:
        raise ValueError(f"{path.name} is not a whole FAISS index") from error
    if not isinstance(index, faiss.IndexIVF):
        raise ValueError(f"{path.name} is not an inverted file but {type(index).__name__}")
    return index
