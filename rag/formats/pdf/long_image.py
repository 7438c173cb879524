"""Cutting long pictures, such as the screenshot of a whole web page, into pages between lines of text.

OCR reads a smaller copy of a picture, on which the text of a long one would be too small.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

#: Ratio of the sides, and pixels of the longer one, beyond which a picture is cut. Screens of phones are not so long.
#: On 900 x 2,100 pixels with letters of 13 pixels, OCR reads .91 of the words in two pages, and .76 in one.
MAX_RATIO, MAX_LENGTH = 2.25, 1_600

#: Ratio of the sides of a page about which it is cut, that of A4.
PAGE_RATIO = sqrt(2)

#: Share of a page by which a cut may move to a gap in the text.
REACH = 0.2

#: Difference of brightness between adjacent pixels, out of 255, from which one of them is ink.
INK = 32

#: Rows of pixels that a gap has at least.
MIN_GAP = 3

#: Left, upper, right and lower edge in pixels.
Box = tuple[int, int, int, int]


def is_long(size: tuple[int, int]) -> bool:
    """True if a picture of this width and height in pixels is cut."""
    across, length = sorted(size)
    return length > MAX_LENGTH and length > MAX_RATIO * across


def page_boxes(image: Image.Image) -> list[Box]:
    """The parts of a long picture that are its pages, from the top or from the left; they cover all of it.

    Args:
        image: In RGB or gray.
    """
    width, height = image.size
    across, length = sorted(image.size)
    is_tall = height > width
    count = ceil(length / (PAGE_RATIO * across))
    reach = max(1, round(REACH * length / count))
    ends = [0]
    for number in range(1, count):
        first = round(number * length / count) - reach
        window = (0, first, width, first + 2 * reach) if is_tall else (first, 0, first + 2 * reach, height)
        pixels = np.asarray(image.crop(window).convert("L"), dtype=np.int16)
        ends.append(first + _gap(pixels if is_tall else pixels.T))
    ends.append(length)
    return [(0, start, width, end) if is_tall else (start, 0, end, height) for start, end in pairwise(ends)]


def _gap(pixels: npt.NDArray[np.int16]) -> int:
    """The row before which to cut: the middle of the widest gap, else where adjacent rows differ least.

    Args:
        pixels: ``int16 [rows, columns]``, brightness.
    """
    steps = np.abs(np.diff(pixels, axis=0))
    changes = np.diff(np.concatenate(([False], steps.max(axis=1) < INK, [False])).astype(np.int8))
    gaps = [
        (first, last)
        for first, last in zip(np.flatnonzero(changes == 1), np.flatnonzero(changes == -1), strict=True)
        if last - first >= MIN_GAP
    ]
    if not gaps:
        return 1 + int(steps.mean(axis=1).argmin())
    # Rows within large letters are like each other, too, but have edges.
    edges = (np.abs(np.diff(pixels, axis=1)) >= INK).sum(axis=1)
    first, last = min(gaps, key=lambda gap: (edges[sum(gap) // 2], gap[0] - gap[1]))
    return int(first + last + 1) // 2
