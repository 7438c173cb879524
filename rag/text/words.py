"""Compare texts by their words."""

from __future__ import annotations


def normalized_words(text: str) -> str:
    """The words of a text, separated by spaces, without case and punctuation; texts with equal ones say the same."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())
