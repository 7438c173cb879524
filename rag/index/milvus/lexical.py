"""``MilvusLexical``: Milvus' full-text function proposes passages, BM25 over the whole version scores them.

Milvus computes the rarity of a term for each segment, so its scores differ from segment to segment. The number of
passages that contain a term is therefore stored, and the scores of the proposed passages are computed from it; they
equal those of a local index.
"""

from __future__ import annotations

import math
import threading
from collections import Counter
from collections.abc import Sequence

import numpy as np

from ..contract import Subset
from ..lexical import terms
from ..lexical.bm25 import K1, B
from ..vectors import Rows, Scores
from .connection import MOST_HITS
from .records import Records
from .rows import PassageRows
from .schema import digest

#: Proposals asked for, as a multiple of the rows wanted: Milvus' own scores differ from those that choose among them.
SPARE = 2

#: Numbers of passages of a term kept in memory.
KEPT = 100_000

#: Marks of numbers, which Milvus would split a term at, as letters: no other term has both digits and letters.
MARKS = str.maketrans({".": "p", ",": "c"})


def stored_terms(text: str) -> list[str]:
    """The terms of a text, as the store holds them."""
    return [term.translate(MARKS) for term in terms(text)]


def term_name(term: str) -> str:
    """The name of a stored term's record."""
    return digest("term", term)


class MilvusLexical:
    """Scores the passages that a version shows.

    Args:
        rows: The passages.
        records: Hold the numbers of passages by term.
        total: Number of terms of all passages, each as often as it occurs.
    """

    def __init__(self, rows: PassageRows, records: Records, total: int) -> None:
        self._rows, self._records = rows, records
        self._mean = total / max(len(rows), 1) or 1
        self._counts: dict[str, int] = {}
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._rows)

    def search(self, question: str, k: int, subset: Subset | None = None) -> tuple[Scores, Rows]:
        """The best rows for a question; see ``LexicalStore.search``."""
        asked = stored_terms(question)
        if not asked or not k:
            return np.empty(0, np.float32), np.empty(0, np.int64)
        # More than Milvus returns is refused by the search.
        wanted = k if k > MOST_HITS else min(SPARE * k, MOST_HITS)
        found = self._rows.search(
            "sparse", " ".join(asked), wanted, {"metric_type": "BM25"}, subset, fields=["id", "terms"]
        )
        scores = self._scores(asked, [row["terms"].split() for row in found])
        rows = np.array([row["id"] for row in found], dtype=np.int64)
        best = np.argsort(-scores, kind="stable")[:k]
        best = best[scores[best] > 0]
        return scores[best], rows[best]

    def scores(self, question: str, rows: Rows) -> Scores:
        """BM25 score of each of the rows; see ``LexicalStore.scores``."""
        return self._scores(stored_terms(question), [stored.terms for stored in self._rows.stored(rows)])

    def _scores(self, asked: Sequence[str], passages: Sequence[Sequence[str]]) -> Scores:
        """BM25 score of passages, given their terms."""
        rarity = dict(zip(asked, np.array(self._rarity(asked), dtype=np.float32), strict=True))
        scores = np.zeros(len(passages), dtype=np.float32)
        for i, found in enumerate(passages):
            counts = Counter(found)
            norm = K1 * ((1 - B) + B * len(found) / self._mean)
            for term in asked:
                if frequency := counts[term]:
                    scores[i] += rarity[term] * np.float32(frequency / (norm + frequency))
        return scores

    def rarity(self, words: Sequence[str]) -> list[float]:
        """Inverse document frequency of each term; see ``LexicalStore.rarity``."""
        return self._rarity([word.translate(MARKS) for word in words])

    def _rarity(self, words: Sequence[str]) -> list[float]:
        counts = self._passages_with(words)
        return [math.log(1 + (len(self) - counts[word] + 0.5) / (counts[word] + 0.5)) for word in words]

    def _passages_with(self, words: Sequence[str]) -> dict[str, int]:
        """Number of passages that contain each term."""
        with self._lock:
            found = {word: self._counts[word] for word in words if word in self._counts}
        names = {term_name(word): word for word in words if word not in found}
        if names:
            records = self._records.named("term", list(names))
            found |= {word: records[name].number if name in records else 0 for name, word in names.items()}
            with self._lock:
                if len(self._counts) > KEPT:
                    self._counts.clear()
                self._counts.update(found)
        return found
