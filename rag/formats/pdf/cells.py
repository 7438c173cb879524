"""Telling the cells of a line apart, by the gaps between its words and the rules in them."""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Any

from .layout import Cell, utf16_length

#: A gap wider than this, in font sizes, is not one between words.
WIDE_GAP = 0.9


def cells_of(text: str, at: int, size: float, text_page: Any, rules: Sequence[float]) -> Iterator[Cell]:
    """The words of a line between gaps that are wider than between words, or that a vertical rule crosses.

    Args:
        text: Text of the line.
        at: Its offset in PDFium's text, in UTF-16 units.
        size: Its font size.
        text_page: PDFium's text of the page.
        rules: Where vertical rules cross the line, ascending.
    """
    from pypdfium2 import raw as pdfium

    left, right, ignored = (ctypes.c_double() for _ in range(3))
    cell: Cell | None = None
    units = 0
    for word in re.finditer(r"\S+", text):
        units += utf16_length(text[cell.end if cell else 0 : word.start()])
        length = utf16_length(word[0])
        for unit, edge in ((units, left), (units + length - 1, right)):
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, at + unit)
            box = (edge, ignored) if edge is left else (ignored, edge)
            pdfium.FPDFText_GetCharBox(text_page, index, *box, ignored, ignored)
        units += length
        if cell and left.value - cell.right <= WIDE_GAP * size and not _any_between(cell.right, left.value, rules):
            cell = Cell(cell.start, word.end(), cell.left, right.value)
        else:
            if cell:
                yield cell
            cell = Cell(word.start(), word.end(), left.value, right.value)
    if cell:
        yield cell


def _any_between(left: float, right: float, rules: Sequence[float]) -> bool:
    """True if one of the ascending rules is between two words."""
    after = bisect_left(rules, left)
    return after < len(rules) and rules[after] <= right
