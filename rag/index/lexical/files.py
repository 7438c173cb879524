"""The files of the folder ``words/``: the vocabulary, the terms of each passage, and the BM25 scores of each term.

terms.txt      the terms in UTF-8, sorted by their bytes, without separators; a term's number is its position
terms.ends.npy int64 [terms]          where each term ends in terms.txt, in bytes
ids.npy        int32 [occurrences]    the term numbers of all passages, one passage after another
ends.npy       int64 [passages]       where each passage ends in ids.npy
starts.npy     int64 [terms + 1]      where the scores of each term start (a CSC matrix, as ``bm25s`` reads it)
rows.npy       int32 [postings]       the passages that contain a term, in order
scores.npy     float32 [postings]     the BM25 score of the term in each of them
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self, overload

import numpy as np
import numpy.typing as npt

from ..arrays import map_array

TERMS, TERM_ENDS = "terms.txt", "terms.ends.npy"
IDS, ENDS, STARTS, ROWS, SCORES = "ids.npy", "ends.npy", "starts.npy", "rows.npy", "scores.npy"


class Vocabulary(Sequence[bytes]):
    """Sorted terms in a mapped file, found by bisection.

    As JSON, which is what ``bm25s`` saves, 380,000 terms take 0.3 s to open and 60 MB of memory.
    """

    def __init__(self, folder: Path) -> None:
        self._ends = map_array(folder / TERM_ENDS)
        size = (folder / TERMS).stat().st_size
        if not len(self._ends) or self._ends[-1] != size:
            raise ValueError(f"{TERMS} has {size:,} bytes, not the {self._ends[-1:]} of {TERM_ENDS}")
        # An empty file cannot be mapped.
        self._text = np.memmap(folder / TERMS, dtype=np.uint8, mode="r") if size else np.empty(0, dtype=np.uint8)

    @staticmethod
    def write(folder: Path, terms: Sequence[bytes]) -> None:
        """Write unique terms, at least one, sorted by their bytes."""
        (folder / TERMS).write_bytes(b"".join(terms))
        np.save(folder / TERM_ENDS, np.cumsum([len(term) for term in terms], dtype=np.int64))

    def __len__(self) -> int:
        return len(self._ends)

    def __iter__(self) -> Iterator[bytes]:
        # Item by item from the mapped files, an update of 380,000 terms would take two seconds longer.
        text, start = self._text.tobytes(), 0
        for end in self._ends.tolist():
            yield text[start:end]
            start = end

    @overload
    def __getitem__(self, number: int) -> bytes: ...
    @overload
    def __getitem__(self, number: slice) -> list[bytes]: ...
    def __getitem__(self, number: int | slice) -> bytes | list[bytes]:
        if isinstance(number, slice):
            return [self[i] for i in range(*number.indices(len(self)))]
        if not 0 <= number < len(self):
            raise IndexError(number)
        start = self._ends[number - 1] if number else 0
        return self._text[start : self._ends[number]].tobytes()

    def find(self, term: str) -> int | None:
        """The number of a term; None if it is not in the vocabulary."""
        encoded = term.encode()
        number = bisect_left(self, encoded)
        return number if number < len(self) and self[number] == encoded else None


@dataclass(frozen=True, slots=True)
class StoredTerms:
    """The vocabulary and the terms of each passage, mapped: what an update copies."""

    vocabulary: Vocabulary
    ids: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map the files of a folder.

        Raises:
            OSError: A file is missing or cannot be read.
            ValueError, EOFError: A file is truncated.
        """
        ids, ends = (map_array(folder / name) for name in (IDS, ENDS))
        if (ends[-1] if len(ends) else 0) != len(ids):
            raise ValueError(f"{IDS} and {ENDS} do not belong together")
        return cls(Vocabulary(folder), ids, ends)

    def span(self, start: int, stop: int) -> tuple[int, int]:
        """Where the terms of the passages ``start`` to before ``stop`` begin and end in ``ids``."""
        begin, end = (int(self.ends[row - 1]) if row else 0 for row in (start, stop))
        return begin, end
