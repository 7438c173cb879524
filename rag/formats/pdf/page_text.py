"""The text of a PDF page as lines in reading order, each character with its source on the page.

Extraction and highlighting both start from it, so a highlight is always where the text was read.
"""

from __future__ import annotations

import ctypes
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from .alignment import Glyph
from .annotations import annotations_of, fields_of
from .boxes import MAX_SLOPE
from .cells import cells_of
from .grids import grids_of, without_forms
from .insertion import inserted
from .layout import HYPHEN, Line, Part, Rectangle, utf16_length
from .outer_rows import with_outer_rows
from .reading_order import in_reading_order
from .rows import with_rows
from .ruled_rows import with_ruled_rows
from .rules import Rules, rules_of
from .underlines import without_underlines

#: Height of most small letters, in font sizes; a rule between cells is at least as high.
LETTER_HEIGHT = 0.5


@dataclass(frozen=True, slots=True)
class PageText:
    """The text of a page.

    Attributes:
        lines: In reading order.
    """

    lines: tuple[Line, ...]

    @property
    def printed(self) -> str:
        """The lines as one text; a line ends with a line break, or with ``HYPHEN`` if its last word goes on."""
        return "".join(map(_printed, self.lines))

    def sources(self, glyphs: Sequence[Glyph]) -> Iterator[int | Rectangle]:
        """The source of each glyph that was aligned with ``printed``; see ``Part.source``."""
        starts: list[int] = []
        parts: list[Part] = []
        at = 0
        for line in self.lines:
            for part in line.parts:
                starts.append(at + utf16_length(line.text[: part.at]))
                parts.append(part)
            at += utf16_length(_printed(line))
        for glyph in glyphs:
            number = bisect_right(starts, glyph.unit) - 1
            source = parts[number].source
            yield source if isinstance(source, Rectangle) else source + glyph.unit - starts[number]


def page_text(pdf: Any, page: Any, text_page: Any) -> PageText:
    """The text of a page with the values of its form fields and the comments on it."""
    printed = text_of(text_page)
    rules = rules_of(page)
    found = list(_lines(text_page, printed, rules))
    grids = grids_of(without_underlines(rules, found))
    if grids:
        of_tables, grids = without_forms(rules, grids, fields_of(page))
        if of_tables != rules:
            found = list(_lines(text_page, printed, of_tables))
    lines, tables = with_ruled_rows(in_reading_order(found), grids)
    lines = with_rows(with_outer_rows(lines, tables))
    annotations = annotations_of(pdf, page, printed)
    return PageText(tuple(inserted(lines, annotations, text_page) if annotations else lines))


def text_of(text_page: Any) -> str:
    """The text of a page from PDFium, with ``HYPHEN`` for a hyphen and the line break after it."""
    return str(text_page.get_text_range(errors="replace"))


def _printed(line: Line) -> str:
    return line.text if line.text.endswith(HYPHEN) else f"{line.text}\n"


def _lines(text_page: Any, printed: str, rules: Rules) -> Iterator[Line]:
    """The lines of a page in the order of its text, without blank lines."""
    from pypdfium2 import raw as pdfium

    x, y, right, ignored = (ctypes.c_double() for _ in range(4))
    matrix = pdfium.FS_MATRIX()
    at = 0
    for found in re.finditer(f"([^\r\n{HYPHEN}]*)({HYPHEN}|\r?\n|\r|$)", printed):
        text, end = found.groups()
        stripped = text.strip()
        if stripped:
            before = at + utf16_length(text[: len(text) - len(text.lstrip())])
            first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, before)
            last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, before + utf16_length(stripped) - 1)
            pdfium.FPDFText_GetCharOrigin(text_page, first, x, y)
            pdfium.FPDFText_GetMatrix(text_page, first, matrix)
            pdfium.FPDFText_GetCharBox(text_page, last, ignored, right, ignored, ignored)
            size = pdfium.FPDFText_GetFontSize(text_page, first) * (matrix.c**2 + matrix.d**2) ** 0.5
            parts = (Part(0, before),)
            crossing = rules.crossing(y.value, y.value + LETTER_HEIGHT * size)
            cells = tuple(cells_of(stripped, before, size, text_page, crossing))
            words = stripped + HYPHEN * (end == HYPHEN)
            is_upright = matrix.a > 0 and abs(matrix.b) <= MAX_SLOPE * matrix.a
            yield Line(words, x.value, right.value, y.value, size, parts, cells=cells, is_upright=is_upright)
        at += utf16_length(found.group())
