"""Where glyphs stand on a page of a PDF, as boxes around the lines of them."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import copysign, hypot
from typing import Any, NamedTuple, Self

from .layout import HYPHEN

#: How far the box of a glyph reaches up and down from what it stands on, in font sizes: what fonts say of themselves
#: may be the height of several lines. What is printed further out is in the box all the same.
ABOVE, BELOW = 0.92, 0.28

#: Glyphs of one line that are further apart, in heights of their boxes, have boxes of their own.
MOST_GAP = 2.0

#: How far a line may be out of the page's directions, as a tangent.
ASKEW = 0.02

#: Parts into which a page is divided; PDFium gives places on it in whole ones.
STEPS = 1_000_000


class OtherText(Exception):
    """A glyph is not the character that it should be."""


class Glyph(NamedTuple):
    """A character of a document, and where PDFium has it.

    Attributes:
        at: Code point of the document's text.
        unit: UTF-16 unit of the page's text.
        line: Of that text, counted from 0.
        character: What it is; ``HYPHEN`` for a hyphen at a line's end that parts a word.
    """

    at: int
    unit: int
    line: int
    character: str


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle on a page as it is shown, in parts of the page's width and height, from its upper left corner."""

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
        """Length of what both have; negative where they are apart."""
        return min(self.high, other.high) - max(self.low, other.low)

    def around(self, other: Self) -> Self:
        """What encloses both, but for one that is empty."""
        if self.length <= 0 or other.length <= 0:
            return max(self, other, key=lambda each: each.length)
        return type(self)(min(self.low, other.low), max(self.high, other.high))


@dataclass(frozen=True, slots=True)
class _Run:
    """Glyphs beside each other; in points, from the lower left corner of the page before it is turned or cropped.

    Attributes:
        line: Of the page's text.
        level: Does it go from side to side (True), up or down (False), or askew (None)?
        along, across: What it takes of its direction, and of the other one.
    """

    line: int
    level: bool | None
    along: _Range
    across: _Range

    def goes_on_with(self, other: Self) -> bool:
        """Is the other one the next of the same line?"""
        return (
            self.level is not None
            and (self.line, self.level) == (other.line, other.level)
            and self.across.overlap(other.across) >= min(self.across.length, other.across.length) / 2
            and -self.along.overlap(other.along) <= MOST_GAP * max(self.across.length, other.across.length)
        )

    def around(self, other: Self) -> Self:
        """Both as one."""
        return type(self)(self.line, self.level, self.along.around(other.along), self.across.around(other.across))


def boxes_of(page: Any, text_page: Any, glyphs: Sequence[Glyph]) -> tuple[Box, ...]:
    """The boxes around some glyphs, one for each line; what stands askew has one for each glyph.

    Raises:
        OtherText: A glyph is not the character that it should be.
    """
    lines: list[_Run] = []
    for run in _runs(text_page, glyphs):
        if lines and lines[-1].goes_on_with(run):
            lines[-1] = lines[-1].around(run)
        else:
            lines.append(run)
    boxes = (_box(page, line) for line in lines)
    return tuple(box for box in boxes if box.width > 0 and box.height > 0)


def _runs(text_page: Any, glyphs: Sequence[Glyph]) -> Iterator[_Run]:
    """A run for each glyph that can be seen."""
    from pypdfium2 import raw as pdfium

    for glyph in glyphs:
        index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, glyph.unit)
        # What could not be stored has been replaced.
        if glyph.character not in (HYPHEN, "\ufffd") and pdfium.FPDFText_GetUnicode(text_page, index) != _unit(glyph):
            raise OtherText
        run = _run(text_page, index, glyph.line)
        if run.along.length > 0 and run.across.length > 0:
            yield run


def _unit(glyph: Glyph) -> int:
    """The first UTF-16 unit of its character."""
    return int.from_bytes(glyph.character.encode("utf-16-be")[:2], "big")


def _run(text_page: Any, index: int, line: int) -> _Run:
    """One glyph: as much of the line as it takes, and as much of the other direction as lines do."""
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
    if abs(matrix.b) > ASKEW * abs(matrix.a):
        if abs(matrix.a) > ASKEW * abs(matrix.b):
            return _Run(line, None, *printed)
        level, foot, up = False, x.value, matrix.c
        printed, room = printed[::-1], room[::-1]
    size = copysign(pdfium.FPDFText_GetFontSize(text_page, index) * hypot(matrix.c, matrix.d), up)
    low, high = sorted((foot - BELOW * size, foot + ABOVE * size))
    height = _Range(max(low, room[1].low), min(high, room[1].high))
    return _Run(line, level, printed[0].around(room[0]), printed[1].around(height))


def _box(page: Any, run: _Run) -> Box:
    """Where a run is on the page as it is shown: turned, and cut to what can be seen."""
    from pypdfium2 import raw as pdfium

    across, down = ctypes.c_int(), ctypes.c_int()
    corners = []
    for ends in zip(run.along, run.across, strict=True):
        x, y = ends if run.level is not False else ends[::-1]
        pdfium.FPDF_PageToDevice(page, 0, 0, STEPS, STEPS, 0, x, y, across, down)
        corners.append([min(max(each.value / STEPS, 0.0), 1.0) for each in (across, down)])
    (left, right), (top, bottom) = (sorted(ends) for ends in zip(*corners, strict=True))
    return Box(left, top, right - left, bottom - top)
