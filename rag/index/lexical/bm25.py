"""BM25 scores of passages, in memory or over the files that ``WordsFile`` wrote."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Self

import bm25s
import numpy as np
import numpy.typing as npt

from .files import Stored
from .terms import terms

#: Chosen on squad-dev-part among k1 0.9, 1.2, 1.5 and b 0.3 to 0.75 (1,200 questions).
K1, B = 1.2, 0.75


class Lexical:
    """BM25 scores of passages, and how rare each term is among them.

    Args:
        bm25: With the scores of every term.
        size: How many passages there are.
        find: The number of a term in ``bm25``; None where no passage holds it.
        stored: The files that it reads, where it does.
    """

    def __init__(
        self, bm25: bm25s.BM25, size: int, find: Callable[[str], int | None], stored: Stored | None = None
    ) -> None:
        self._bm25 = bm25
        self._size = size
        self._find = find
        self.stored = stored

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """Index the texts, in memory; rows are counted from 0 in their order."""
        documents = [terms(text) for text in texts]
        bm25 = bm25s.BM25(k1=K1, b=B)
        # An empty vocabulary cannot be indexed: a collection without a single word gets one that no question has.
        bm25.index(documents if any(documents) else [[""] for _ in documents], show_progress=False)
        return cls(bm25, len(documents), bm25.vocab_dict.get)

    @classmethod
    def open(cls, folder: Path, size: int) -> Self:
        """Map what ``WordsFile`` wrote for ``size`` texts; it stays readable when the folder is deleted.

        Raises:
            OSError: A file is missing or cannot be read.
            ValueError: A file is not whole, or they are of another number of texts.
        """
        stored = Stored.open(folder)
        if len(stored) != size:
            raise ValueError(f"{folder.name} is of {len(stored)} passages, {size} expected")
        bm25 = bm25s.BM25(k1=K1, b=B)
        bm25.scores = {
            "data": stored.scores, "indices": stored.rows, "indptr": stored.starts, "num_docs": size,
        }  # fmt: skip
        bm25.nonoccurrence_array = None
        return cls(bm25, size, stored.vocabulary.find, stored)

    def __len__(self) -> int:
        return self._size

    def scores(self, question: str) -> npt.NDArray[np.float32]:
        """BM25 of every row: ``float32 [len(self)]``, 0 where no term is shared."""
        known = [number for term in terms(question) if (number := self._find(term)) is not None]
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        scores: npt.NDArray[np.float32] = self._bm25.get_scores_from_ids(known)
        return scores

    def rarity(self, words: Sequence[str]) -> list[float]:
        """Inverse document frequency of each term, ``ln(1 + (N - n + 0.5) / (n + 0.5))``; at least 0."""
        starts = self._bm25.scores["indptr"]
        numbers = (self._find(word) for word in words)
        counts = (int(starts[i + 1] - starts[i]) if i is not None else 0 for i in numbers)
        return [math.log(1 + (self._size - n + 0.5) / (n + 0.5)) for n in counts]
