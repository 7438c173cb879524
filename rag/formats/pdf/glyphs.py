"""Characters of a PDF page that cannot be decoded, counted."""

from __future__ import annotations

import ctypes
from collections import Counter
from dataclasses import dataclass
from typing import Any

from .objects import page_objects

#: A font is missing if a page has this many texts in it, and none of them shows a glyph: a few texts may be blanks.
MIN_TEXTS = 3


@dataclass(frozen=True, slots=True)
class Undecoded:
    """Counts of characters that were not decoded, or not for sure.

    Attributes:
        missing: Characters in fonts that are neither in the file nor on this machine; PDFium leaves them out.
        unknown: Characters that became control characters, because their font does not say which they are.
        uncertain: Characters that may be others than they are read as, for the same reason.
    """

    missing: int = 0
    unknown: int = 0
    uncertain: int = 0

    def __add__(self, other: Undecoded) -> Undecoded:
        return Undecoded(self.missing + other.missing, self.unknown + other.unknown, self.uncertain + other.uncertain)


def undecoded(page: Any, text_page: Any) -> Undecoded:
    """The characters of a page that cannot be decoded."""
    from pypdfium2 import raw as pdfium

    unknown = uncertain = 0
    for index in range(pdfium.FPDFText_CountChars(text_page)):
        if pdfium.FPDFText_HasUnicodeMapError(text_page, index) == 1:
            character = chr(pdfium.FPDFText_GetUnicode(text_page, index))
            unknown += not (character.isprintable() or character.isspace())
            uncertain += character.isalnum()
    return Undecoded(_missing(page, text_page), unknown, uncertain)


def _missing(page: Any, text_page: Any) -> int:
    """Number of texts in fonts of which no glyph is shown; each has at least one character."""
    from pypdfium2 import raw as pdfium

    texts: Counter[bytes] = Counter()
    shown: set[bytes] = set()
    left, right, ignored = (ctypes.c_float() for _ in range(3))
    for each, kind, _ in page_objects(page):
        if kind != pdfium.FPDF_PAGEOBJ_TEXT:
            continue
        font = pdfium.FPDFTextObj_GetFont(each)
        if not pdfium.FPDFFont_GetIsEmbedded(font):
            name = _name(font)
            texts[name] += 1
            pdfium.FPDFPageObj_GetBounds(each, left, ignored, right, ignored)
            # Its text is empty but for the final zero.
            if right.value > left.value or pdfium.FPDFTextObj_GetText(each, text_page, None, 0) > 2:
                shown.add(name)
    return sum(count for name, count in texts.items() if name not in shown and count >= MIN_TEXTS)


def _name(font: Any) -> bytes:
    from pypdfium2 import raw as pdfium

    buffer = ctypes.create_string_buffer(pdfium.FPDFFont_GetBaseFontName(font, None, 0))
    pdfium.FPDFFont_GetBaseFontName(font, buffer, len(buffer))
    return buffer.value
