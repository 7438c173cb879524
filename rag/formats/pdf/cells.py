"""Telling the cells of a table row apart, by the gaps between its words."""

from __future__ import annotations

import ctypes
import re
from dataclasses import replace
from typing import Any

from .layout import Line, utf16_length

#: Minimum gap between cells in font sizes, and how many a row must have: justified prose has some wide gaps.
CELL_GAP, MIN_GAPS = 1.5, 2

#: A line whose characters and blanks are narrower on average, in font sizes, has no such gaps.
MIN_WIDTH = 0.55


def with_cells(line: Line, start: int, text_page: Any) -> Line:
    """The line with a tab instead of the blank between two cells; unchanged if it is no row of a table.

    Args:
        line: A line of PDFium's text.
        start: Its start in that text, in UTF-16 units.
        text_page: PDFium's text of the page.
    """
    from pypdfium2 import raw as pdfium

    if line.text.count(" ") < MIN_GAPS or line.right - line.left < MIN_WIDTH * line.size * len(line.text):
        return line
    left, right, ignored = (ctypes.c_double() for _ in range(3))
    cells = []
    for blank in re.finditer(" +", line.text):
        for at, side in ((blank.start() - 1, right), (blank.end(), left)):
            unit = start + utf16_length(line.text[:at])
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, unit)
            around = (left, ignored) if side is left else (ignored, right)
            pdfium.FPDFText_GetCharBox(text_page, index, *around, ignored, ignored)
        if left.value - right.value > CELL_GAP * line.size:
            cells.append(blank.start())
    if len(cells) < MIN_GAPS:
        return line
    text = list(line.text)
    for at in cells:
        text[at] = "\t"
    return replace(line, text="".join(text))
