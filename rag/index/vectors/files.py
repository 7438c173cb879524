"""Reading and writing ``vectors.f32``: raw vectors, row after row, little-endian float32, without a header."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np

from .base import Rows, Vectors, VectorStore

#: Rows copied at a time; 25 MB at 384 dimensions.
BLOCK = 16_384


class VectorWriter:
    """Writes vectors in any order; a context manager that syncs the file to disk when it closes.

    Args:
        path: File to write; replaced if it exists.
        dimension: Length of a vector.
    """

    def __init__(self, path: Path, dimension: int) -> None:
        self._dimension = dimension
        self._rows = 0
        self._file = path.open("wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        with self._file:
            if kind is None:
                self._file.flush()
                os.fsync(self._file.fileno())

    def __len__(self) -> int:
        return self._rows

    def reserve(self, count: int) -> int:
        """Append rows of zeros for ``put`` to fill.

        Returns:
            The first new row.
        """
        first = self._rows
        self._rows += count
        self._file.truncate(4 * self._dimension * self._rows)
        return first

    def flush(self) -> None:
        """Hand buffered vectors to the operating system, so that they survive a crash of this process."""
        self._file.flush()

    def put(self, rows: Sequence[int] | Rows, vectors: Vectors) -> None:
        """Fill reserved rows.

        Args:
            rows: Rows to fill, in any order.
            vectors: ``float32 [len(rows), dimension]``.

        Raises:
            ValueError: A row is not reserved, or the vectors have the wrong shape.
            OSError: The disk is full.
        """
        rows = np.asarray(rows, dtype=np.int64)
        if vectors.shape != (len(rows), self._dimension):
            raise ValueError(f"vectors of shape {vectors.shape} for {len(rows)} rows of {self._dimension} dimensions")
        if not len(rows):
            return
        if rows.min() < 0 or rows.max() >= self._rows:
            raise ValueError(f"rows {rows.min()} to {rows.max()}, where {self._rows} are reserved")
        raw = np.ascontiguousarray(vectors, dtype="<f4")
        # Consecutive rows are written together.
        starts = np.flatnonzero(np.diff(rows, prepend=rows[0] - 2) != 1)
        for start, stop in zip(starts, [*starts[1:], len(rows)], strict=True):
            self._file.seek(4 * self._dimension * int(rows[start]))
            self._file.write(raw[start:stop].data)

    def copy(self, source: VectorStore | Vectors, start: int, stop: int) -> int:
        """Append rows ``start`` to ``stop`` of another store or array.

        Returns:
            The first new row.
        """
        first = self.reserve(stop - start)
        for block in range(start, stop, BLOCK):
            rows = np.arange(block, min(block + BLOCK, stop), dtype=np.int64)
            vectors = source[rows] if isinstance(source, np.ndarray) else source.vectors(rows)
            self.put(rows - start + first, vectors)
        return first


def map_vectors(path: Path, dimension: int) -> Vectors:
    """Map a vector file into memory, read-only: ``float32 [n, dimension]``.

    Raises:
        OSError: The file cannot be read.
        ValueError: The file is empty or cut off within a vector.
    """
    size = path.stat().st_size
    if not size or size % (4 * dimension):
        raise ValueError(f"{path.name}: {size:,} bytes is not a whole number of vectors of {dimension} dimensions")
    return np.memmap(path, dtype="<f4", mode="r").reshape(-1, dimension)
