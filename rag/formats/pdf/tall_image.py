"""Cutting tall pictures, such as the screenshot of a whole web page, into pages between lines of text.

OCR reads a smaller copy of a picture, on which the text of a tall one would be too small.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil, sqrt
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from PIL import Image

#: Height as a multiple of the width, and in pixels, beyond which a picture is cut. On 900 x 2,100 pixels with letters
#: of 13 pixels, OCR reads .91 of the words in two pages, and .76 in one.
MAX_RATIO, MAX_HEIGHT = 2.25, 1_600

#: Pixels of width below which a picture holds no lines of text.
MIN_WIDTH = 100

#: Most pages of a picture.
MAX_PAGES = 100

#: Height of a page, as a multiple of its width, about which a picture is cut; that of A4.
PAGE_RATIO = sqrt(2)

#: Share of a page by which a cut may move to a gap in the text.
REACH = 0.2

#: Difference of brightness between adjacent pixels, out of 255, from which one of them is ink.
INK = 32

#: Rows of pixels that a gap has at least.
MIN_GAP = 3

#: Left, upper, right and lower edge in pixels.
Box = tuple[int, int, int, int]


def is_tall(size: tuple[int, int]) -> bool:
    """True if a picture of this width and height in pixels is cut."""
    width, height = size
    return width >= MIN_WIDTH and height > MAX_HEIGHT and height > MAX_RATIO * width


def page_boxes(image: Image.Image) -> list[Box]:
    """The parts of a tall picture that are its pages, from the top; they cover all of it.

    Args:
        image: In RGB or gray.
    """
    width, height = image.size
    count = min(ceil(height / (PAGE_RATIO * width)), MAX_PAGES)
    reach = max(1, round(REACH * height / count))
    ends = [0]
    for number in range(1, count):
        first = round(number * height / count) - reach
        window = image.crop((0, first, width, first + 2 * reach)).convert("L")
        ends.append(first + _gap(np.asarray(window, dtype=np.int16)))
    return [(0, start, width, end) for start, end in pairwise([*ends, height])]


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
