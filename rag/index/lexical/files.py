"""The files of the folder ``words/``: which terms each passage holds, and the BM25 scores of each term.

terms.txt, terms.ends.npy   the vocabulary, see ``Vocabulary``
ids.npy        int32 [occurrences]    numbers of the terms of all passages, one passage after another
ends.npy       int64 [passages]       where the numbers of a passage end
starts.npy     int64 [terms + 1]      where the scores of a term begin
rows.npy       int32 [postings]       the passages that hold a term, in order
scores.npy     float32 [postings]     and the BM25 score that it gives them
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import numpy.typing as npt

from .vocabulary import Vocabulary, map_array

IDS, ENDS, STARTS, ROWS, SCORES = "ids.npy", "ends.npy", "starts.npy", "rows.npy", "scores.npy"


@dataclass(frozen=True, slots=True)
class Stored:
    """The files, mapped; see above for what they hold."""

    vocabulary: Vocabulary
    ids: npt.NDArray[np.int32]
    ends: npt.NDArray[np.int64]
    starts: npt.NDArray[np.int64]
    rows: npt.NDArray[np.int32]
    scores: npt.NDArray[np.float32]

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Map the files of a folder.

        Raises:
            OSError: One is missing or cannot be read.
            ValueError: One is not whole, or they do not belong together.
        """
        arrays = [map_array(folder / name) for name in (IDS, ENDS, STARTS, ROWS, SCORES)]
        stored = cls(Vocabulary.open(folder), *arrays)
        if not (
            stored.span(len(stored))[0] == len(stored.ids)
            and len(stored.starts) == len(stored.vocabulary) + 1
            and stored.starts[-1] == len(stored.rows) == len(stored.scores)
        ):
            raise ValueError(f"the files of {folder.name} do not belong together")
        return stored

    def __len__(self) -> int:
        """How many passages there are."""
        return len(self.ends)

    def span(self, start: int, stop: int | None = None) -> tuple[int, int]:
        """Where in ``ids`` the terms of the passages from ``start`` to before ``stop`` begin and end."""
        bounds = [int(self.ends[row - 1]) if row else 0 for row in (start, start if stop is None else stop)]
        return bounds[0], bounds[1]
