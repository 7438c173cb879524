"""Pictures of pages as a PDF in memory: they are then read by OCR, drawn and marked like a scanned PDF."""

from __future__ import annotations

from collections.abc import Container, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ...errors import DocumentError
from .tall_image import Box, is_tall, page_boxes

if TYPE_CHECKING:
    from PIL import Image

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff")

#: As Pillow names them.
FORMATS = ("PNG", "JPEG", "TIFF")

#: Longest side of a page in points, that of A4, and in pixels.
PAGE_SIDE, MAX_SIDE = 842, 4_000

#: Tag of a TIFF's frame that tells its kind, and the bit of a smaller version of another frame.
SUBFILE, PREVIEW = 254, 1

#: JPEG quality at which OCR reads the same words as before.
QUALITY = 95


def is_image(name: str) -> bool:
    """True if a document or file is a picture, by its name."""
    return PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES


def as_pdf(name: str, raw: bytes, drawn: Container[int] | None = None) -> bytes:
    """The bytes of a PDF with each frame of a picture as a page; those of a PDF are returned as they are.

    A tall frame is several pages.

    Args:
        name: Name of the file, or id of its document.
        raw: Its bytes.
        drawn: Numbers of the pages that show their picture, from 1; the others are blank. Default: all.

    Raises:
        DocumentError: It is not a picture, or damaged; the message does not name it.
    """
    if not is_image(name):
        return raw
    import pypdfium2

    from .extract import PDFIUM

    pages = BytesIO()
    with PDFIUM, closing(pypdfium2.PdfDocument.new()) as pdf, _errors_named():
        for number, page in enumerate(_pages(raw), start=1):
            width, height = page.points
            with closing(pdf.new_page(width, height)) as added:
                if drawn is None or number in drawn:
                    picture = pypdfium2.PdfImage.new(pdf)
                    picture.load_jpeg(page.jpeg(), inline=True)
                    picture.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
                    added.insert_obj(picture)
                    added.gen_content()
        pdf.save(pages)
    return pages.getvalue()


@dataclass(frozen=True, slots=True)
class _Page:
    """A frame, or a part of a tall one.

    Attributes:
        frame: The frame, upright.
        box: Left, upper, right and lower edge of the part in pixels.
        scale: Points per pixel.
    """

    frame: Image.Image
    box: Box
    scale: float

    @property
    def points(self) -> tuple[float, float]:
        """Width and height of the page in points."""
        left, upper, right, lower = self.box
        return (right - left) * self.scale, (lower - upper) * self.scale

    def jpeg(self) -> BytesIO:
        """The page in RGB or gray, with at most ``MAX_SIDE`` pixels a side."""
        picture = self.frame.crop(self.box)
        picture.thumbnail((MAX_SIDE, MAX_SIDE))
        saved = BytesIO()
        _opaque(picture).save(saved, "JPEG", quality=QUALITY)
        return saved


def _pages(raw: bytes) -> Iterator[_Page]:
    """The pages of a picture; each is valid until the next is taken."""
    for frame in _frames(raw):
        if is_tall(frame.size):
            whole = _opaque(frame)
            boxes = page_boxes(whole)
        else:
            whole, boxes = frame, [(0, 0, *frame.size)]
        longest = max(max(right - left, lower - upper) for left, upper, right, lower in boxes)
        yield from (_Page(whole, box, PAGE_SIDE / longest) for box in boxes)


def _frames(raw: bytes) -> Iterator[Image.Image]:
    """The frames of a TIFF, which are not decoded yet, or the one picture of another file; upright."""
    from PIL import Image, ImageOps, ImageSequence

    with Image.open(BytesIO(raw), formats=FORMATS) as image:
        if image.format != "TIFF":
            yield ImageOps.exif_transpose(image)
            return
        # Pillow turns the frames of a TIFF when it decodes them.
        for frame in ImageSequence.Iterator(image):
            if not getattr(frame, "tag_v2", {}).get(SUBFILE, 0) & PREVIEW:
                yield frame


@contextmanager
def _errors_named() -> Iterator[None]:
    """Errors of Pillow as ``DocumentError``."""
    from PIL import Image

    try:
        yield
    except Image.DecompressionBombError as error:
        raise DocumentError("has too many pixels; save it at a lower resolution") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise DocumentError("is damaged or not a picture; open it in a viewer and save it again") from error


def _opaque(image: Image.Image) -> Image.Image:
    """A picture in RGB or gray, on white where it is transparent."""
    from PIL import Image

    if image.mode.startswith("I"):  # 16 bits
        return image.convert("I").point(lambda value: value / 256).convert("L")
    if image.mode in ("1", "L"):
        return image.convert("L")
    if not image.has_transparency_data:
        return image.convert("RGB")
    paper = Image.new("RGBA", image.size, "white")
    return Image.alpha_composite(paper, image.convert("RGBA")).convert("RGB")
