"""Pictures of pages as a PDF in memory: they are then read by OCR, drawn and marked like a scanned PDF."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from ...errors import DocumentError

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


def as_pdf(name: str, raw: bytes) -> bytes:
    """The bytes of a PDF with each frame of a picture as a page; those of a PDF are returned as they are.

    Args:
        name: Name of the file, or id of its document.
        raw: Its bytes.

    Raises:
        DocumentError: It is not a picture, or damaged; the message does not name it.
    """
    if not is_image(name):
        return raw
    import pypdfium2

    from .extract import PDFIUM

    pages = BytesIO()
    with PDFIUM, closing(pypdfium2.PdfDocument.new()) as pdf:
        for frame in _frames(raw):
            jpeg = BytesIO()
            frame.save(jpeg, "JPEG", quality=QUALITY)
            scale = PAGE_SIDE / max(frame.size)
            width, height = (side * scale for side in frame.size)
            picture = pypdfium2.PdfImage.new(pdf)
            picture.load_jpeg(jpeg, inline=True)
            picture.set_matrix(pypdfium2.PdfMatrix().scale(width, height))
            with closing(pdf.new_page(width, height)) as page:
                page.insert_obj(picture)
                page.gen_content()
        pdf.save(pages)
    return pages.getvalue()


def _frames(raw: bytes) -> Iterator[Image.Image]:
    """The frames of a TIFF, or the one picture of another file: upright, at most ``MAX_SIDE``, in RGB or gray."""
    from PIL import Image, ImageOps, ImageSequence

    try:
        with Image.open(BytesIO(raw), formats=FORMATS) as image:
            for frame in ImageSequence.Iterator(image) if image.format == "TIFF" else (image,):
                if getattr(frame, "tag_v2", {}).get(SUBFILE, 0) & PREVIEW:
                    continue
                upright = ImageOps.exif_transpose(frame)
                upright.thumbnail((MAX_SIDE, MAX_SIDE))
                yield _opaque(upright)
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
