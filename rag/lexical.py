"""Words: which terms a text holds, and BM25 (Robertson & Zaragoza 2009) over them by ``bm25s``."""

from __future__ import annotations

import math
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Self

import bm25s
import numpy as np
import numpy.typing as npt
import Stemmer

#: Chosen on squad-dev-part among k1 0.9, 1.2, 1.5 and b 0.3 to 0.75 (1,200 questions).
K1, B = 1.2, 0.75

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")

#: Rarity of terms among the passages of an index (``Lexical.rarity``).
Rarity = Callable[[Sequence[str]], list[float]]

#: Words of a question that say nothing about what it is about.
STOP_WORDS = frozenset(
    "a an the of in on at to for and or is are was were be been being by with as that this these those it its from "
    "did do does done has have had what which who whom whose when where why how there than then into s t".split()
)

# A stemmer keeps state while it works, so each thread has one.
_local = threading.local()


def terms(text: str) -> list[str]:
    """The stems of the text's words, stop words left out, in order; numbers without their thousands commas."""
    words = (match.group() for match in WORD.finditer(unicodedata.normalize("NFKC", text).casefold()))
    kept = [re.sub(r",(?=\d{3}\b)", "", word) for word in words if word not in STOP_WORDS]
    return list(_stemmer().stemWords(kept))


def coverage(weights: Mapping[str, float], text: str) -> float:
    """Which share of some terms the text holds, each counted by its weight; in [0, 1]."""
    total = sum(weights.values())
    present = set(terms(text))
    return sum(weight for term, weight in weights.items() if term in present) / total if total else 0.0


def _stemmer() -> Stemmer.Stemmer:
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer


class Lexical:
    """BM25 scores of passages, and how rare each term is among them."""

    def __init__(self, bm25: bm25s.BM25, size: int) -> None:
        self._bm25 = bm25
        self._size = size

    @classmethod
    def build(cls, texts: Iterable[str]) -> Self:
        """Index the texts; rows are counted from 0 in their order."""
        documents = [terms(text) for text in texts]
        bm25 = bm25s.BM25(k1=K1, b=B)
        # An empty vocabulary cannot be indexed: a collection without a single word gets one that no question has.
        bm25.index(documents if any(documents) else [[""] for _ in documents], show_progress=False)
        return cls(bm25, len(documents))

    @classmethod
    def load(cls, folder: Path, size: int) -> Self:
        """Read what ``save`` wrote for ``size`` texts."""
        return cls(bm25s.BM25.load(folder, show_progress=False), size)

    def save(self, folder: Path) -> None:
        """Write it to a folder."""
        self._bm25.save(folder, show_progress=False)

    def __len__(self) -> int:
        return self._size

    def scores(self, question: str) -> npt.NDArray[np.float32]:
        """BM25 of every row: ``float32 [len(self)]``, 0 where no term is shared."""
        known = self._bm25.get_tokens_ids(terms(question))
        if not known:
            return np.zeros(self._size, dtype=np.float32)
        scores: npt.NDArray[np.float32] = self._bm25.get_scores_from_ids(known)
        return scores

    def rarity(self, words: Sequence[str]) -> list[float]:
        """Inverse document frequency of each term, ``ln(1 + (N - n + 0.5) / (n + 0.5))``; at least 0."""
        starts = self._bm25.scores["indptr"]
        ids = (self._bm25.vocab_dict.get(word) for word in words)
        counts = (int(starts[i + 1] - starts[i]) if i is not None else 0 for i in ids)
        return [math.log(1 + (self._size - n + 0.5) / (n + 0.5)) for n in counts]
