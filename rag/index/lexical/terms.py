"""The terms of a text: stemmed words without stop words."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import Stemmer

WORD = re.compile(r"\d+(?:[.,]\d+)*|[^\W\d_]+")
THOUSANDS = re.compile(r",(?=\d{3}\b)")

#: Returns the inverse document frequency of terms in an index (``Lexical.rarity``).
Rarity = Callable[[Sequence[str]], list[float]]

#: Words that say nothing about the subject of a question.
STOP_WORDS = frozenset(
    "a an the of in on at to for and or is are was were be been being by with as that this these those it its from "
    "did do does done has have had what which who whom whose when where why how there than then into s t".split()
)

# A stemmer is not thread-safe.
_local = threading.local()


def terms(text: str) -> list[str]:
    """Stems of the words of a text, in order, without stop words; numbers lose their thousands commas."""
    words = (match.group() for match in WORD.finditer(unicodedata.normalize("NFKC", text).casefold()))
    kept = [THOUSANDS.sub("", word) if "," in word else word for word in words if word not in STOP_WORDS]
    return list(_stemmer().stemWords(kept))


def coverage(weights: Mapping[str, float], text: str) -> float:
    """Weighted share of terms that the text contains, in [0, 1]; 0 if there are no weights."""
    total = sum(weights.values())
    present = set(terms(text))
    return sum(weight for term, weight in weights.items() if term in present) / total if total else 0.0


def _stemmer() -> Stemmer.Stemmer:
    if not hasattr(_local, "stemmer"):
        _local.stemmer = Stemmer.Stemmer("english")
    return _local.stemmer
