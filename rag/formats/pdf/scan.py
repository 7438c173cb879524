"""Reading the pages of a PDF by OCR that hold no text of their own."""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from itertools import groupby
from statistics import median
from typing import Any

from ...types import OcrWord
from ..ocr import MAX_SIDE, Recognized, recognize
from .alignment import aligned
from .columns import reading_order
from .glyphs import Undecoded
from .layout import HYPHEN, Line, Part, Rectangle
from .page_text import PageText

#: A page with at most this many letters and digits is read by OCR if an image covers this share of it: they may be a
#: stamp on a scan.
MAX_LETTERS, MIN_COVERED = 50, 0.5

#: Height of a line's box in font sizes, and the share of it below the baseline.
BOX_HEIGHT, DESCENT = 1.2, 0.22

#: Ratio of two heights that are one font size: the height of a box depends on the letters in it.
SAME_SIZE = 1.35

#: Longest side of the page in pixels for a second look at a page on which nothing was found.
SMALL_SIDE = 960

HYPHENATED = re.compile(r"[^\W\d_][-\u2010]$")


def is_scan(page: Any, text: PageText, undecoded: Undecoded) -> bool:
    """True if a page shows something, but has hardly any text of its own that can be decoded."""
    from pypdfium2 import raw as pdfium

    letters = sum(character.isalnum() for line in text.lines for character in line.text)
    if undecoded.unknown > letters:
        return True
    if letters > MAX_LETTERS:
        return False
    if not text.lines:
        return bool(pdfium.FPDFPage_CountObjects(page))
    images = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE])
    width, height = page.get_size()
    return any(_area(image.get_bounds()) >= MIN_COVERED * width * height for image in images)


class ScannedPage:
    """A page as OCR reads it.

    Attributes:
        text: Its lines in reading order; their rectangles are those of words on the displayed page.
    """

    def __init__(self, page: Any) -> None:
        self._width, self._height = page.get_size()
        recognized, scale = self._recognized(page, MAX_SIDE)
        if not recognized:
            # Single words in a large picture are overlooked.
            recognized, scale = self._recognized(page, SMALL_SIDE)
        lines = [self._line(each, scale) for each in recognized]
        self._scores = {
            rectangle: each.score
            for line, each in zip(lines, recognized, strict=True)
            for rectangle in _rectangles(line)
        }
        order = reading_order([_around(line) for line in lines])
        self.text = PageText(tuple(_with_hyphens(_even_sizes([lines[i] for i in order]))))

    def words(self, text: str, start: int) -> list[OcrWord]:
        """The words of the page in a document.

        Args:
            text: Text of the page in the document.
            start: Its offset in the document, in code points.
        """
        glyphs = aligned(text, self.text.printed) or []
        sources = [each for each in self.text.sources(glyphs) if isinstance(each, Rectangle)]
        words = []
        for source, group in groupby(zip(sources, glyphs, strict=True), key=lambda each: each[0]):
            offsets = [glyph.at for _, glyph in group]
            left, bottom, right, top = source
            words.append(
                OcrWord(
                    start + min(offsets), start + max(offsets) + 1,
                    left / self._width, 1 - top / self._height,
                    (right - left) / self._width, (top - bottom) / self._height, self._scores[source],
                )
            )  # fmt: skip
        return words

    def _recognized(self, page: Any, side: int) -> tuple[list[Recognized], float]:
        """The lines of the page with a longest side of so many pixels, and the pixels per point."""
        scale = (side - 0.5) / max(self._width, self._height)
        with closing(page.render(scale=scale)) as bitmap:
            return recognize(bitmap.to_numpy()[:, :, :3]), scale

    def _line(self, recognized: Recognized, scale: float) -> Line:
        text, parts = "", []
        for word in recognized.words:
            text += " " * bool(text)
            corners = (word.left, scale * self._height - word.bottom, word.right, scale * self._height - word.top)
            parts.append(Part(len(text), Rectangle(*(each / scale for each in corners))))
            text += word.text
        line = Line(text, 0, 0, 0, 0, tuple(parts))
        first, *others = _rectangles(line)
        # Of single words, because a tilted line has a higher box.
        size = median(each.top - each.bottom for each in (first, *others)) / BOX_HEIGHT
        left, _, right, _ = _around(line)
        return replace(line, left=left, right=right, baseline=first.bottom + DESCENT * size, size=size)


def _rectangles(line: Line) -> list[Rectangle]:
    return [part.source for part in line.parts if isinstance(part.source, Rectangle)]


def _around(line: Line) -> Rectangle:
    """The rectangle around the words of a line."""
    lefts, bottoms, rights, tops = zip(*_rectangles(line), strict=True)
    return Rectangle(min(lefts), min(bottoms), max(rights), max(tops))


def _area(bounds: tuple[float, float, float, float]) -> float:
    left, bottom, right, top = bounds
    return (right - left) * (top - bottom)


def _even_sizes(lines: Sequence[Line]) -> list[Line]:
    """The lines with the typical size for those that are about as large."""
    typical = median(line.size for line in lines) if lines else 0.0
    return [
        replace(line, size=typical) if typical / SAME_SIZE < line.size < typical * SAME_SIZE else line for line in lines
    ]


def _with_hyphens(lines: Sequence[Line]) -> list[Line]:
    """The lines with ``HYPHEN`` for a hyphen after a letter at the end of a line that another one follows."""
    return [
        replace(line, text=line.text[:-1] + HYPHEN) if HYPHENATED.search(line.text) and i + 1 < len(lines) else line
        for i, line in enumerate(lines)
    ]
