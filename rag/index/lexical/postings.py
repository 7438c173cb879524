"""BM25 of every term in every passage that holds it, a block of passages at a time.

The figures are those of ``bm25s`` with ``method="lucene"``, whose own building keeps every occurrence of a term as an
object of Python, passage by passage.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

#: Occurrences of terms that are sorted together; 32 MB, and some times as much on the way.
BLOCK = 4_000_000

Int32s = npt.NDArray[np.int32]
Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def bm25(ids: Int32s, ends: Int64s, terms: int, k1: float, b: float) -> tuple[Int64s, Int32s, Floats]:
    """The scores of every term.

    A term that stands ``f`` times in a passage of ``l`` terms gives it
    ``ln(1 + (N - n + 0.5) / (n + 0.5)) * f / (f + k1 * (1 - b + b * l / mean l))``,
    where ``n`` of the ``N`` passages hold it (Robertson & Zaragoza 2009; Kamphuis et al. 2020, "Lucene (accurate)").

    Args:
        ids: Numbers of the terms of all passages, one passage after another, below ``terms``.
        ends: ``[passages]``, where the numbers of each passage end.
        terms: How many there are.
        k1, b: Saturation, and how much the length of a passage counts.

    Returns:
        Where the passages of each term begin (``[terms + 1]``), the passages in order, and their scores.
    """
    starts = np.zeros(terms + 1, dtype=np.int64)
    for first, last in _blocks(ends):
        holding, _, _ = _postings(ids, ends, first, last)
        starts[1:] += np.bincount(holding, minlength=terms)
    rarity = np.log(1 + (len(ends) - starts[1:] + 0.5) / (starts[1:] + 0.5)).astype(np.float32)
    np.cumsum(starts, out=starts)
    lengths = np.diff(ends, prepend=0)
    norm = k1 * ((1 - b) + b * lengths / (len(ids) / max(len(ends), 1) or 1))
    rows = np.empty(starts[-1], dtype=np.int32)
    scores = np.empty(starts[-1], dtype=np.float32)
    heads = starts[:-1].copy()
    for first, last in _blocks(ends):
        holding, passages, counts = _postings(ids, ends, first, last)
        # A term's passages stand together here; each goes to the term's next free place.
        begins = np.flatnonzero(np.diff(holding, prepend=-1))
        runs = np.diff(begins, append=len(holding))
        places = np.arange(len(holding)) + np.repeat(heads[holding[begins]] - begins, runs)
        heads[holding[begins]] += runs
        rows[places] = passages
        scores[places] = rarity[holding] * (counts / (norm[passages] + counts))
    return starts, rows, scores


def _blocks(ends: Int64s) -> Iterator[tuple[int, int]]:
    """First and last + 1 of runs of passages that hold about ``BLOCK`` terms."""
    first = 0
    while first < len(ends):
        begin = int(ends[first - 1]) if first else 0
        last = max(first + 1, int(np.searchsorted(ends, begin + BLOCK, side="right")))
        yield first, last
        first = last


def _postings(ids: Int32s, ends: Int64s, first: int, last: int) -> tuple[Int64s, Int64s, Int64s]:
    """Of some passages: terms, passages and how often the one stands in the other, in order of terms, then passages."""
    begin = int(ends[first - 1]) if first else 0
    passages = np.repeat(np.arange(last - first), np.diff(ends[first:last], prepend=begin))
    keys = ids[begin : int(ends[last - 1])].astype(np.int64) * (last - first) + passages
    keys, counts = np.unique(keys, return_counts=True)
    return keys // (last - first), keys % (last - first) + first, counts
