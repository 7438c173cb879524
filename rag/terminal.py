"""Text on its way to a terminal."""

from __future__ import annotations

import unicodedata


def printable(text: str) -> str:
    """The text with control characters made visible, so that no document can steer the terminal."""
    return "".join(
        character if character in "\n\t" or unicodedata.category(character) not in ("Cc", "Cs") else "\ufffd"
        for character in text.replace("\r\n", "\n")
    )
