"""Rendering a page of a PDF, and locating spans of a document on it, glyph by glyph.

No text is searched for. A document's text and the text of the page's lines contain the same characters in the same
order, except for whitespace, soft hyphens and hyphenation, so the two are aligned character by character. If they do
not align, no boxes are returned.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from ...errors import DocumentError, InputError
from ...types import Document, OcrWord
from .alignment import Glyph, aligned
from .boxes import Box, GlyphMismatch, boxes_of
from .extract import opened
from .from_image import as_pdf
from .page_text import page_text

if TYPE_CHECKING:
    from PIL import Image

#: Maximum pixels per side: a PDF may declare a page kilometres long.
MAX_SIDE = 4_000

#: zlib level; the default 6 takes up to twice as long and changes the size by about a tenth.
COMPRESSION = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A rendered page, and the boxes of spans on it.

    Attributes:
        png: PNG image.
        width, height: Size in pixels.
        boxes: For each requested extent, its boxes on this page in reading order, one per line; empty for extents on
            other pages.
        exact: True if the text of the page matches the document; otherwise there are no boxes.
    """

    png: bytes
    width: int
    height: int
    boxes: tuple[tuple[Box, ...], ...]
    exact: bool


def page_picture(
    raw: bytes, document: Document, number: int, extents: Sequence[tuple[int, int]], width: int = 900
) -> Picture:
    """Render a page, with the boxes of spans on it.

    Args:
        raw: Bytes of the PDF or picture.
        document: The document extracted from it.
        number: Page number, from 1.
        extents: Start and end of each span, in code points of ``document.text``.
        width: Width in pixels; reduced if the height would exceed ``MAX_SIDE``.

    Raises:
        InputError: There is no such page, or the width is out of range.
        DocumentError: The file or page cannot be opened; as with ``parse``, the message does not name the document.
    """
    import pypdfium2

    if not 1 <= width <= MAX_SIDE:
        raise InputError(f"the width is {width} pixels; choose 1 to {MAX_SIDE:,}")
    try:
        with opened(as_pdf(document.id, raw, drawn=(number,))) as pdf:
            if not 1 <= number <= len(pdf):
                raise InputError(f"{document.id}: there is no page {number}; choose one from 1 to {len(pdf)}")
            with closing(pdf[number - 1]) as page:
                boxes = _span_boxes(pdf, page, document, number, extents)
                image = _rendered(page, width)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(
            f"page {number} is damaged; open the file in a viewer and save or print it as PDF again"
        ) from error
    found = ((),) * len(extents) if boxes is None else boxes
    return Picture(_png(image), image.width, image.height, found, exact=boxes is not None)


def page_sizes(document_id: str, raw: bytes) -> tuple[tuple[float, float], ...]:
    """Width and height of each page of a PDF or picture as displayed, in points.

    Raises:
        DocumentError: The file cannot be opened; as with ``parse``, the message does not name the document.
    """
    with opened(as_pdf(document_id, raw, drawn=())) as pdf:
        return tuple(pdf.get_page_size(i) for i in range(len(pdf)))


def _span_boxes(
    pdf: Any, page: Any, document: Document, number: int, extents: Sequence[tuple[int, int]]
) -> tuple[tuple[Box, ...], ...] | None:
    """The boxes of each extent; None if the page's text does not match the document."""
    first, last = page_extent(document, number)
    if scanned := [word for word in document.ocr if first <= word.start < last]:
        return tuple(_word_boxes(scanned, start, end) for start, end in extents)
    with closing(page.get_textpage()) as text_page:
        shown = page_text(pdf, page, text_page)
        glyphs = aligned(document.text[first:last], shown.printed)
        if glyphs is None:
            return None
        sources = list(shown.sources(glyphs))
        parts = [_within(glyphs, start - first, end - first) for start, end in extents]
        try:
            return tuple(boxes_of(page, text_page, glyphs[part], sources[part]) for part in parts)
        except GlyphMismatch:
            return None


def _word_boxes(words: Sequence[OcrWord], start: int, end: int) -> tuple[Box, ...]:
    """The boxes around the words of an extent that OCR read, one per line."""
    boxes: list[Box] = []
    for word in words:
        if word.start < end and start < word.end:
            box = Box(word.left, word.top, word.width, word.height)
            if boxes and _is_next(boxes[-1], box):
                boxes[-1] = _around(boxes[-1], box)
            else:
                boxes.append(box)
    return tuple(boxes)


def _is_next(before: Box, box: Box) -> bool:
    """True if a box continues the line of the one before it."""
    overlap = min(before.top + before.height, box.top + box.height) - max(before.top, box.top)
    return box.left >= before.left and overlap > min(before.height, box.height) / 2


def _around(one: Box, other: Box) -> Box:
    left, top = min(one.left, other.left), min(one.top, other.top)
    right = max(one.left + one.width, other.left + other.width)
    return Box(left, top, right - left, max(one.top + one.height, other.top + other.height) - top)


def page_extent(document: Document, number: int) -> tuple[int, int]:
    """Start and end of a page in the text; (0, 0) if no text begins on it or there is no such page."""
    starts = [*((place.start, place.page) for place in document.places), (len(document.text), None)]
    return next(((start, end) for (start, page), (end, _) in pairwise(starts) if page == number), (0, 0))


def _within(glyphs: list[Glyph], start: int, end: int) -> slice:
    first, last = (bisect_left(glyphs, at, key=lambda glyph: glyph.at) for at in (start, end))
    return slice(first, last)


def _rendered(page: Any, width: int) -> Image.Image:
    page_width, page_height = page.get_size()
    # pypdfium2 rounds the size up.
    scale = min((width - 0.5) / page_width, (MAX_SIDE - 0.5) / page_height)
    with closing(page.render(scale=scale, rev_byteorder=True)) as bitmap:
        image: Image.Image = bitmap.to_pil()
    return image


def _png(image: Image.Image) -> bytes:
    """Encode an image as PNG, in greyscale if it has no colours, which halves the size of most pages."""
    from PIL import ImageChops

    red, green, blue = image.split()
    coloured = any(ImageChops.difference(red, other).getbbox() for other in (green, blue))
    png = BytesIO()
    (image if coloured else red).save(png, "PNG", compress_level=COMPRESSION)
    return png.getvalue()
