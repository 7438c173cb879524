"""Aligning the text of a document with that of a page, character by character."""

from __future__ import annotations

from typing import NamedTuple

from ..sanitize import clean
from .layout import HYPHEN

SOFT_HYPHEN = "\xad"


class Glyph(NamedTuple):
    """A character of a document and its place in the text of a page.

    Attributes:
        at: Offset in the page's part of the document, in code points.
        unit: Offset in the page's text, in UTF-16 units.
        line: Line of the page's text, from 0.
        character: The character; ``HYPHEN`` for hyphenation at the end of a line.
    """

    at: int
    unit: int
    line: int
    character: str


def aligned(text: str, printed: str) -> list[Glyph] | None:
    """Align the text of a page with that of its lines; returns the glyphs in order, or None if the texts differ.

    Args:
        text: Text of the page in the document.
        printed: Text of the lines of the page, ``PageText.printed``.
    """
    glyphs: list[Glyph] = []
    at = unit = line = 0
    for character in clean(printed):
        if character == HYPHEN:
            if text[at : at + 1] == "-":
                glyphs.append(Glyph(at, unit, line, character))
                at += 1
            elif glyphs and glyphs[-1].line == line:
                # The hyphen is not in the text; it is marked with the letter before it.
                glyphs.append(Glyph(glyphs[-1].at, unit, line, character))
            line += 1
        elif character.isspace():
            line += character in "\r\n"
        elif character != SOFT_HYPHEN:
            while text[at : at + 1].isspace():
                at += 1
            if text[at : at + 1] != character:
                return None
            glyphs.append(Glyph(at, unit, line, character))
            at += 1
        # PDFium counts UTF-16 units.
        unit += 1 + (character > "\uffff")
    return None if text[at:].strip() else glyphs
