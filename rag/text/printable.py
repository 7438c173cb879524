"""Text on its way to a terminal."""

from __future__ import annotations

import unicodedata

#: What turns the direction of the text after it, and so can make a name look like another one.
TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """The text with control characters made visible, so that no document can steer the terminal."""
    return "".join(
        "\ufffd" if character not in "\n\t" and _steers(character) else character
        for character in text.replace("\r\n", "\n")
    )


def one_line(text: str) -> str:
    """``printable`` for names and messages, in which a line break would look like a line of ours."""
    return printable(text).replace("\n", "\ufffd")


def _steers(character: str) -> bool:
    return character in TURNS or unicodedata.category(character) in ("Cc", "Cs")
