"""A page of a PDF as a picture, and where on it the words of a document stand, glyph by glyph.

No text is searched for. A document's text and what PDFium gives of the page are the same characters in the same order
but for blanks, soft hyphens and the hyphens of parted words; so both are walked side by side, and each character leads
to its glyph. Where the walk does not come out even, nothing is marked.
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
from ...types import Document
from ..sanitize import clean
from .boxes import Box, Glyph, OtherText, boxes_of
from .extract import opened, text_of
from .layout import HYPHEN

if TYPE_CHECKING:
    from PIL import Image

SOFT_HYPHEN = "\xad"

#: Pixels of the longer side of a picture: a PDF may call for a page of kilometres.
MAX_SIDE = 4_000

#: Of zlib; the usual 6 takes up to twice as long for a tenth less, or more, bytes.
COMPRESSION = 3


@dataclass(frozen=True, slots=True)
class Picture:
    """A page, and what is marked on it.

    Attributes:
        png: The picture, PNG.
        width, height: Its pixels.
        boxes: For each extent that was asked for the boxes of its words on this page, in reading order, one for each
            line; none for what stands on other pages.
        exact: Whether the text of the page is that of the document; where it is not, there are no boxes.
    """

    png: bytes
    width: int
    height: int
    boxes: tuple[tuple[Box, ...], ...]
    exact: bool


def page_picture(
    raw: bytes, document: Document, number: int, extents: Sequence[tuple[int, int]], width: int = 900
) -> Picture:
    """A page, and the boxes of some words.

    Args:
        raw: The bytes of the PDF that the document was made of.
        document: As it was extracted.
        number: Of the page, counted from 1.
        extents: Start and end of the words, in code points of ``document.text``.
        width: Of the picture, in pixels; smaller where a page is so long that its height would exceed ``MAX_SIDE``.

    Raises:
        InputError: There is no such page, or no picture can be that wide.
        DocumentError: The file, or the page, cannot be opened.
    """
    import pypdfium2

    if not 1 <= width <= MAX_SIDE:
        raise InputError(f"a picture cannot be {width} pixels wide; choose 1 to {MAX_SIDE:,}")
    try:
        with opened(raw) as pdf:
            if not 1 <= number <= len(pdf):
                raise InputError(f"{document.id}: there is no page {number}; choose one from 1 to {len(pdf)}")
            with closing(pdf[number - 1]) as page:
                boxes = _marked(page, document, number, extents)
                image = _rendered(page, width)
    except pypdfium2.PdfiumError as error:
        raise DocumentError(
            f"{document.id}: page {number} is damaged; open the file in a viewer and save or print it as PDF again"
        ) from error
    except DocumentError as error:
        raise DocumentError(f"{document.id}: {error}") from error
    found = ((),) * len(extents) if boxes is None else boxes
    return Picture(_png(image), image.width, image.height, found, exact=boxes is not None)


def aligned(text: str, printed: str) -> list[Glyph] | None:
    """The glyph of every character, in order; None where the two are not the same text.

    Args:
        text: Of a page, as a document holds it.
        printed: The same page's, as ``text_of`` gives it.
    """
    glyphs: list[Glyph] = []
    at = unit = line = 0
    for character in clean(printed):
        if character == HYPHEN:
            if text[at : at + 1] == "-":
                glyphs.append(Glyph(at, unit, line, character))
                at += 1
            elif glyphs and glyphs[-1].line == line:
                # Left out of the text: it is marked with the letter before it.
                glyphs.append(Glyph(glyphs[-1].at, unit, line, character))
            line += 1
        elif character.isspace():
            line += character in "\r\n"
        elif character != SOFT_HYPHEN:
            while text[at : at + 1].isspace():
                at += 1
            if text[at : at + 1] != character:
                return None
            glyphs.append(Glyph(at, unit, line, character))
            at += 1
        # PDFium counts UTF-16 units.
        unit += 1 + (character > "\uffff")
    return None if text[at:].strip() else glyphs


def _marked(
    page: Any, document: Document, number: int, extents: Sequence[tuple[int, int]]
) -> tuple[tuple[Box, ...], ...] | None:
    """The boxes of each extent; None where the page's text is not the document's."""
    first, last = _page_extent(document, number)
    with closing(page.get_textpage()) as text_page:
        glyphs = aligned(document.text[first:last], text_of(text_page))
        if glyphs is None:
            return None
        found = [_within(glyphs, start - first, end - first) for start, end in extents]
        try:
            return tuple(boxes_of(page, text_page, each) for each in found)
        except OtherText:
            return None


def _page_extent(document: Document, number: int) -> tuple[int, int]:
    """Where a page begins and ends in the text; nowhere if it has none."""
    starts = [*((place.start, place.page) for place in document.places), (len(document.text), None)]
    return next(((start, end) for (start, page), (end, _) in pairwise(starts) if page == number), (0, 0))


def _within(glyphs: list[Glyph], start: int, end: int) -> list[Glyph]:
    first, last = (bisect_left(glyphs, at, key=lambda glyph: glyph.at) for at in (start, end))
    return glyphs[first:last]


def _rendered(page: Any, width: int) -> Image.Image:
    page_width, page_height = page.get_size()
    # It rounds up.
    scale = min((width - 0.5) / page_width, (MAX_SIDE - 0.5) / page_height)
    with closing(page.render(scale=scale, rev_byteorder=True)) as bitmap:
        image: Image.Image = bitmap.to_pil()
    return image


def _png(image: Image.Image) -> bytes:
    """The image as PNG, without colours if it has none: most pages have not, and take half the bytes so."""
    from PIL import ImageChops

    red, green, blue = image.split()
    coloured = any(ImageChops.difference(red, other).getbbox() for other in (green, blue))
    png = BytesIO()
    (image if coloured else red).save(png, "PNG", compress_level=COMPRESSION)
    return png.getvalue()
