"""Lines and thin rectangles that a PDF page draws."""

from __future__ import annotations

import ctypes
from collections.abc import Iterable, Iterator
from itertools import pairwise
from math import sqrt
from typing import TYPE_CHECKING, Any

from .layout import Rectangle
from .objects import own_matrix, page_objects

if TYPE_CHECKING:
    from pypdfium2 import PdfMatrix

#: Largest thickness and smallest length of a line, in points, and the smallest ratio of both.
MAX_THICKNESS, MIN_LENGTH, MIN_RATIO = 3.0, 4.0, 3.0
#: Most paths, points of paths and forms that are looked at on a page.
MAX_PATHS = 20_000
#: Segments of a rectangle.
RECTANGLE = 5


class TooManyPaths(Exception):
    """The page has more than ``MAX_PATHS``, as drawings have."""


class Paths:
    """The paths of a page.

    Args:
        page: The page, a ``pypdfium2.PdfPage``.
    """

    def __init__(self, page: Any) -> None:
        self._page = page
        self._left = MAX_PATHS

    def thin_boxes(self) -> Iterator[Rectangle]:
        """The boxes around horizontal and vertical lines and thin rectangles, in no order.

        Raises:
            TooManyPaths: The page is a drawing.
        """
        from pypdfium2 import raw as pdfium

        left, bottom, right, top = edges = [ctypes.c_float() for _ in range(4)]
        pointers = [ctypes.byref(edge) for edge in edges]
        fill, stroke = ctypes.c_int(), ctypes.c_int()
        for path, kind, matrix in page_objects(self._page):
            if kind == pdfium.FPDF_PAGEOBJ_FORM:
                self._count()
            if kind != pdfium.FPDF_PAGEOBJ_PATH:
                continue
            self._count()
            if not pdfium.FPDFPageObj_GetBounds(path, *pointers):
                continue
            box = Rectangle(left.value, bottom.value, right.value, top.value)
            if matrix:
                box = Rectangle(*matrix.on_rect(*box))
            if _length(box) < MIN_LENGTH or not pdfium.FPDFPath_GetDrawMode(path, fill, stroke):
                continue
            if not (fill.value or stroke.value):
                continue
            if _is_thin(box):
                yield box
            elif stroke.value or pdfium.FPDFPath_CountSegments(path) > RECTANGLE:
                whole = own_matrix(path, matrix)
                parts = self._lines(path, whole) if stroke.value else map(_around, self._pieces(path, whole))
                yield from (part for part in parts if _length(part) >= MIN_LENGTH and _is_thin(part))

    def _count(self) -> None:
        self._left -= 1
        if self._left < 0:
            raise TooManyPaths

    def _lines(self, path: Any, whole: PdfMatrix) -> Iterator[Rectangle]:
        """The straight lines of a stroked path; none if they are thick."""
        from pypdfium2 import raw as pdfium

        width = ctypes.c_float()
        pdfium.FPDFPageObj_GetStrokeWidth(path, width)
        if width.value * sqrt(abs(whole.a * whole.d - whole.b * whole.c)) <= MAX_THICKNESS:
            for points in self._pieces(path, whole):
                yield from map(_around, pairwise(points))

    def _pieces(self, path: Any, whole: PdfMatrix) -> list[list[tuple[float, float]]]:
        """The points of each piece of a path on the page; none if it has curves or slanted lines, as drawings have."""
        from pypdfium2 import raw as pdfium

        x, y = ctypes.c_float(), ctypes.c_float()
        pieces: list[list[tuple[float, float]]] = []
        for number in range(pdfium.FPDFPath_CountSegments(path)):
            self._count()
            segment = pdfium.FPDFPath_GetPathSegment(path, number)
            kind = pdfium.FPDFPathSegment_GetType(segment)
            if kind == pdfium.FPDF_SEGMENT_BEZIERTO:
                return []
            pdfium.FPDFPathSegment_GetPoint(segment, x, y)
            point = whole.on_point(x.value, y.value)
            if kind == pdfium.FPDF_SEGMENT_MOVETO or not pieces:
                pieces.append([])
            elif min(abs(point[0] - pieces[-1][-1][0]), abs(point[1] - pieces[-1][-1][1])) > MAX_THICKNESS:
                return []
            pieces[-1].append(point)
            if pdfium.FPDFPathSegment_GetClose(segment):
                pieces[-1].append(pieces[-1][0])
        return pieces


def _around(points: Iterable[tuple[float, float]]) -> Rectangle:
    xs, ys = zip(*points, strict=True)
    return Rectangle(min(xs), min(ys), max(xs), max(ys))


def _length(box: Rectangle) -> float:
    left, bottom, right, top = box
    return max(right - left, top - bottom)


def _is_thin(box: Rectangle) -> bool:
    left, bottom, right, top = box
    thickness, length = sorted((right - left, top - bottom))
    return thickness <= MAX_THICKNESS and length >= MIN_RATIO * thickness
