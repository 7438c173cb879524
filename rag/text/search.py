"""Searching a text for words, in linear time."""

from __future__ import annotations


def last_index(text: str, words: str, end: int) -> int:
    """The start of the last occurrence of ``words`` in ``text[:end]``; -1 if there is none.

    ``str.rfind`` takes time proportional to the product of both lengths on repetitive text, and ``str.find`` does not.
    """
    end = max(0, min(end, len(text)))
    found = text[:end][::-1].find(words[::-1])
    return -1 if found < 0 else end - found - len(words)
