"""Terms and their numbers, in a file that is searched where it lies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import numpy.typing as npt

TEXT, ENDS = "terms.txt", "terms.ends.npy"


class Vocabulary:
    """Terms in the order of their UTF-8 bytes, each numbered by its place; looked up by bisection.

    Nothing is read before it is asked for: a million terms would be 0.5 seconds and 150 MB as a dictionary.
    """

    def __init__(self, text: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> None:
        self._text = text
        self._ends = ends

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map what ``write`` wrote.

        Raises:
            OSError: A file is missing or cannot be read.
            ValueError: A file is not whole.
        """
        ends = map_array(folder / ENDS)
        size = (folder / TEXT).stat().st_size
        if not len(ends) or ends[-1] != size:
            raise ValueError(f"{TEXT} has {size:,} bytes, {ends[-1:]} expected")
        # An empty file cannot be mapped.
        text = np.memmap(folder / TEXT, dtype=np.uint8, mode="r") if size else np.empty(0, dtype=np.uint8)
        return cls(text, ends)

    @staticmethod
    def write(folder: Path, terms: Sequence[bytes]) -> None:
        """Write some terms, at least one, in the order of their bytes and each once."""
        (folder / TEXT).write_bytes(b"".join(terms))
        np.save(folder / ENDS, np.cumsum([len(term) for term in terms], dtype=np.int64))

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[bytes]:
        text, start = self._text.tobytes(), 0
        for end in self._ends.tolist():
            yield text[start:end]
            start = end

    def find(self, term: str) -> int | None:
        """The number of a term; None where there is no such term."""
        wanted = term.encode()
        low, high = 0, len(self)
        while low < high:
            middle = (low + high) // 2
            if self._at(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low if low < len(self) and self._at(low) == wanted else None

    def _at(self, number: int) -> bytes:
        start = self._ends[number - 1] if number else 0
        return self._text[start : self._ends[number]].tobytes()


def map_array(path: Path) -> npt.NDArray[Any]:
    """An array that ``numpy.save`` wrote, mapped.

    Raises:
        OSError: It is missing or cannot be read.
        ValueError: It is not whole.
    """
    try:
        found: npt.NDArray[Any] = np.load(path, mmap_mode="r")
    except EOFError as error:
        raise ValueError(f"{path.name} is empty") from error
    return found
