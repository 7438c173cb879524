"""Making text safe to print in a terminal."""

from __future__ import annotations

import unicodedata

#: Bidirectional control characters, which can make one name look like another.
BIDI_CONTROLS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def printable(text: str) -> str:
    """Replace control characters by U+FFFD, so that no document can control the terminal."""
    return "".join(
        "\ufffd" if character not in "\n\t" and _is_control(character) else character
        for character in text.replace("\r\n", "\n")
    )


def one_line(text: str) -> str:
    """``printable`` for names and messages, where a line break could forge a line of output."""
    return printable(text).replace("\n", "\ufffd")


def _is_control(character: str) -> bool:
    return character in BIDI_CONTROLS or unicodedata.category(character) in ("Cc", "Cs")
