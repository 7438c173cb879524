"""BM25 scores of passages, in memory or over the files that ``WordsWriter`` wrote."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import numpy.typing as npt

from ..vectors.base import Subset
from .files import ROWS, SCORES, STARTS, StoredTerms
from .terms import terms

if TYPE_CHECKING:
    import bm25s

#: Chosen on squad-dev-part among k1 0.9, 1.2, 1.5 and b 0.3 to 0.75 (1,200 questions).
K1, B = 1.2, 0.75

#: Scores computed at a time; 32 MB for each intermediate array.
BLOCK = 4_000_000

#: A subset with less than this share of the passages is looked up row by row; more rows are taken from all scores.
FEW = 1 / 16


class Lexical:
    """BM25 scores of passages, and the inverse document frequency of terms.

    Args:
        bm25: Holds the scores of every term.
        size: Number of passages.
        find: Returns the number of a term in ``bm25``, or None if no passage contains it.
        stored: The terms of each passage, if this was opened from a folder.
    """

    def __init__(
        self, bm25: bm25s.BM25, size: int, find: Callable[[str], int | None], stored: StoredTerms | None = None
    ) -> None:
        self._bm25 = bm25
        self._size = size
        self._find = find
        self.stored = stored

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """Index texts in memory; their rows count from 0."""
        documents = [terms(text) for text in texts]
        bm25 = _bm25()
        # bm25s cannot index an empty vocabulary, so a collection without terms gets an empty term.
        bm25.index(documents if any(documents) else [[""] for _ in documents], show_progress=False)
        return cls(bm25, len(documents), bm25.vocab_dict.get)

    @classmethod
    def open(cls, folder: Path, size: int) -> Self:
        """Map the files of ``size`` passages; they stay readable if the folder is deleted.

        Raises:
            OSError: A file is missing or cannot be read.
            ValueError: A file is truncated, or the files hold another number of passages.
        """
        bm25 = _bm25()
        try:
            stored = StoredTerms.open(folder)
            bm25.load_scores(folder, SCORES, ROWS, STARTS, num_docs=size, mmap=True)
        except EOFError as error:
            raise ValueError(f"{folder.name}: a file is empty") from error
        # Scoring needs this attribute, which ``load_scores`` does not set.
        bm25.nonoccurrence_array = None
        starts, rows, scores = (bm25.scores[name] for name in ("indptr", "indices", "data"))
        if len(starts) != len(stored.vocabulary) + 1 or not starts[-1] == len(rows) == len(scores):
            raise ValueError(f"{folder.name}: the files do not belong together")
        if len(stored.ends) != size:
            raise ValueError(f"{folder.name}: holds {len(stored.ends)} passages, {size} expected")
        return cls(bm25, size, stored.vocabulary.find, stored)

    def __len__(self) -> int:
        return self._size

    def scores(self, question: str, subset: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.float32]:
        """BM25 score of every row, ``float32 [len(self)]``; 0 where it shares no term with the question.

        Args:
            question: In plain words.
            subset: Rows to score, ascending and unique, all if None: ``float32 [len(subset)]``. Few rows take little
                time in an index of any size.
        """
        known = [number for term in terms(question) if (number := self._find(term)) is not None]
        if subset is not None and len(subset) < FEW * self._size:
            return self._scores_of(known, subset)
        if not known:
            return np.zeros(self._size if subset is None else len(subset), dtype=np.float32)
        scores: npt.NDArray[np.float32] = self._bm25.get_scores_from_ids(known)
        return scores if subset is None else scores[subset]

    def search(
        self, question: str, k: int, subset: Subset | None = None
    ) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.int64]]:
        """The best rows that share a term with a question; see ``rag.index.contract.LexicalStore.search``."""
        rows = None if subset is None else np.asarray(subset, dtype=np.int64)
        scores = self.scores(question, rows)
        best = np.flatnonzero(scores)
        if len(best) > k:
            best = best[np.argpartition(-scores[best], k - 1)[:k]]
        return scores[best], best if rows is None else rows[best]

    def _scores_of(self, numbers: Sequence[int], subset: npt.NDArray[np.int64]) -> npt.NDArray[np.float32]:
        """Scores of some rows, each looked up among the rows that contain a term, which ascend."""
        starts, rows, values = (self._bm25.scores[name] for name in ("indptr", "indices", "data"))
        scores = np.zeros(len(subset), dtype=np.float32)
        for number in numbers:
            begin, end = int(starts[number]), int(starts[number + 1])
            containing = rows[begin:end]
            at = np.searchsorted(containing, subset)
            found = np.flatnonzero(at < end - begin)
            found = found[containing[at[found]] == subset[found]]
            scores[found] += values[begin:end][at[found]]
        return scores

    def rarity(self, words: Sequence[str]) -> list[float]:
        """Inverse document frequency of each term, ``ln(1 + (N - n + 0.5) / (n + 0.5))``; at least 0."""
        starts = self._bm25.scores["indptr"]
        numbers = (self._find(word) for word in words)
        counts = (int(starts[i + 1] - starts[i]) if i is not None else 0 for i in numbers)
        return [math.log(1 + (self._size - n + 0.5) / (n + 0.5)) for n in counts]


def score_terms(
    ids: npt.NDArray[np.int32], ends: npt.NDArray[np.int64], vocabulary: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int32], npt.NDArray[np.float32]]:
    """Compute the BM25 score of every term in every passage that contains it.

    A term that occurs ``f`` times in a passage of ``l`` terms scores
    ``ln(1 + (N - n + 0.5) / (n + 0.5)) * f / (f + k1 * (1 - b + b * l / mean l))``,
    where ``n`` of the ``N`` passages contain it (Kamphuis et al. 2020, "Lucene (accurate)"). The result equals that
    of ``bm25s.BM25.index``, which loops over the passages in Python and takes many times as long.

    Args:
        ids: The term numbers of all passages, one passage after another.
        ends: ``[passages]``, where each passage ends in ``ids``.
        vocabulary: Number of terms.

    Returns:
        Where the scores of each term start (``[vocabulary + 1]``), the passages in order, and the scores.
    """
    from scipy.sparse import csr_matrix

    # Keep no other reference to the matrix by passage, so that it is freed once it is converted.
    counts = csr_matrix(
        (np.ones(len(ids), dtype=np.float32), ids, np.concatenate([[0], ends])), shape=(len(ends), vocabulary)
    ).tocsc()
    counts.sum_duplicates()
    containing = np.diff(counts.indptr)
    rarity = np.log(1 + (len(ends) - containing + 0.5) / (containing + 0.5)).astype(np.float32)
    lengths = np.diff(ends, prepend=0)
    norm = K1 * ((1 - B) + B * lengths / (len(ids) / max(len(ends), 1) or 1))
    scores = np.repeat(rarity, containing)
    for at in range(0, len(scores), BLOCK):
        part = slice(at, at + BLOCK)
        frequency = counts.data[part]
        scores[part] *= frequency / (norm[counts.indices[part]] + frequency)
    return counts.indptr.astype(np.int64), counts.indices.astype(np.int32, copy=False), scores


def _bm25() -> bm25s.BM25:
    # ``import rag`` is quick without it.
    import bm25s

    return bm25s.BM25(k1=K1, b=B)
