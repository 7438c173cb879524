"""Boxes around lines of glyphs on a PDF page."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import copysign, hypot
from typing import Any, NamedTuple, Self

from .alignment import Glyph
from .layout import HYPHEN, Rectangle

#: Height of a box above and below the baseline, in font sizes; the heights that fonts declare may span several lines.
#: Ink beyond it is included.
ABOVE, BELOW = 0.92, 0.28

#: Maximum gap between glyphs of one box, in box heights.
MAX_GAP = 2.0

#: Maximum slope of a line that counts as horizontal or vertical.
MAX_SLOPE = 0.02

#: Resolution of device coordinates, which are integers in PDFium.
STEPS = 1_000_000


class GlyphMismatch(Exception):
    """A glyph does not show the expected character."""


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on the displayed page, as fractions of its width and height, from the upper left corner."""

    left: float
    top: float
    width: float
    height: float


class _Range(NamedTuple):
    low: float
    high: float

    @property
    def length(self) -> float:
        return self.high - self.low

    def overlap(self, other: Self) -> float:
        """Length of the overlap; negative for a gap."""
        return min(self.high, other.high) - max(self.low, other.low)

    def around(self, other: Self) -> Self:
        """The range that encloses both; an empty one is ignored."""
        if self.length <= 0 or other.length <= 0:
            return max(self, other, key=lambda each: each.length)
        return type(self)(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class _Run:
    """Adjacent glyphs; in points, from the lower left corner of the page before rotation and cropping.

    Attributes:
        line: Line of the page's text.
        level: True for horizontal, False for vertical, None for slanted text.
        along, across: Extent in the direction of the text, and perpendicular to it.
    """

    line: int
    level: bool | None
    along: _Range
    across: _Range

    def continues_with(self, other: Self) -> bool:
        """True if the other run continues this one on the same line."""
        return (
            self.level is not None
            and (self.line, self.level) == (other.line, other.level)
            and self.across.overlap(other.across) >= min(self.across.length, other.across.length) / 2
            and -self.along.overlap(other.along) <= MAX_GAP * max(self.across.length, other.across.length)
        )

    def around(self, other: Self) -> Self:
        """Both runs as one."""
        return type(self)(self.line, self.level, self.along.around(other.along), self.across.around(other.across))


def boxes_of(page: Any, text_page: Any, glyphs: Sequence[Glyph], sources: Sequence[int | Rectangle]) -> tuple[Box, ...]:
    """The boxes around glyphs, one per line; slanted text has one per glyph.

    Args:
        page: The page.
        text_page: PDFium's text of it.
        glyphs: The glyphs.
        sources: The source of each; see ``Part.source``.

    Raises:
        GlyphMismatch: A glyph does not show the expected character.
    """
    lines: list[_Run] = []
    for run in _runs(text_page, glyphs, sources):
        if lines and lines[-1].continues_with(run):
            lines[-1] = lines[-1].around(run)
        else:
            lines.append(run)
    boxes = (_box(page, line) for line in lines)
    return tuple(box for box in boxes if box.width > 0 and box.height > 0)


def _runs(text_page: Any, glyphs: Sequence[Glyph], sources: Sequence[int | Rectangle]) -> Iterator[_Run]:
    """A run for each visible glyph."""
    from pypdfium2 import raw as pdfium

    for glyph, source in zip(glyphs, sources, strict=True):
        if isinstance(source, Rectangle):
            left, bottom, right, top = source
            yield _Run(glyph.line, True, _Range(left, right), _Range(bottom, top))
            continue
        index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, source)
        # U+FFFD replaces a character that could not be stored.
        if glyph.character not in (HYPHEN, "\ufffd") and pdfium.FPDFText_GetUnicode(text_page, index) != _unit(glyph):
            raise GlyphMismatch
        run = _run(text_page, index, glyph.line)
        if run.along.length > 0 and run.across.length > 0:
            yield run


def _unit(glyph: Glyph) -> int:
    """The first UTF-16 unit of the glyph's character."""
    return int.from_bytes(glyph.character.encode("utf-16-be")[:2], "big")


def _run(text_page: Any, index: int, line: int) -> _Run:
    """The run of one glyph: its own extent along the line, and the line's extent across."""
    from pypdfium2 import raw as pdfium

    left, right, bottom, top, x, y = (ctypes.c_double() for _ in range(6))
    loose, matrix = pdfium.FS_RECTF(), pdfium.FS_MATRIX()
    pdfium.FPDFText_GetCharBox(text_page, index, left, right, bottom, top)
    pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
    pdfium.FPDFText_GetLooseCharBox(text_page, index, loose)
    pdfium.FPDFText_GetMatrix(text_page, index, matrix)
    printed = _Range(left.value, right.value), _Range(bottom.value, top.value)
    room = _Range(loose.left, loose.right), _Range(loose.bottom, loose.top)
    level, foot, up = True, y.value, matrix.d
    if abs(matrix.b) > MAX_SLOPE * abs(matrix.a):
        if abs(matrix.a) > MAX_SLOPE * abs(matrix.b):
            return _Run(line, None, *printed)
        level, foot, up = False, x.value, matrix.c
        printed, room = printed[::-1], room[::-1]
    size = copysign(pdfium.FPDFText_GetFontSize(text_page, index) * hypot(matrix.c, matrix.d), up)
    low, high = sorted((foot - BELOW * size, foot + ABOVE * size))
    height = _Range(max(low, room[1].low), min(high, room[1].high))
    return _Run(line, level, printed[0].around(room[0]), printed[1].around(height))


def _box(page: Any, run: _Run) -> Box:
    """The box of a run on the displayed page: rotated, and clipped to the visible area."""
    from pypdfium2 import raw as pdfium

    across, down = ctypes.c_int(), ctypes.c_int()
    corners = []
    for ends in zip(run.along, run.across, strict=True):
        x, y = ends if run.level is not False else ends[::-1]
        pdfium.FPDF_PageToDevice(page, 0, 0, STEPS, STEPS, 0, x, y, across, down)
        corners.append([min(max(each.value / STEPS, 0.0), 1.0) for each in (across, down)])
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return Box(left, top, right - left, bottom - top)
