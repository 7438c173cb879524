"""Where a quote stands in a text."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator

WORD = re.compile(r"\S+")


def exact_places(text: str, quote: str) -> Iterator[tuple[int, int]]:
    """Start and end of each occurrence of a quote, in order, without overlaps."""
    at = text.find(quote)
    while at >= 0:
        yield at, at + len(quote)
        at = text.find(quote, at + len(quote))


def places_of_words(text: str, quote: str) -> Iterator[tuple[int, int]]:
    """As ``exact_places``, where any run of white space equals any other.

    Searches a copy of the text with single spaces and maps its offsets back, which takes linear time on any text.
    """
    words = list(WORD.finditer(text))
    folded_starts, length = [], 0
    for word in words:
        folded_starts.append(length)
        length += len(word[0]) + 1

    def offset(folded: int) -> int:
        number = bisect_right(folded_starts, folded) - 1
        return words[number].start() + folded - folded_starts[number]

    for start, end in exact_places(" ".join(word[0] for word in words), " ".join(WORD.findall(quote))):
        yield offset(start), offset(end - 1) + 1
