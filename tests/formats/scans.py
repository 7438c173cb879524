"""PDFs of scanned pages: pictures of text, without any text."""

from collections.abc import Sequence
from io import BytesIO

import pypdfium2
from fpdf import FPDF
from PIL import Image


def scanned(pages: Sequence[Sequence[str]], *, text: str = "", width: int = 1_240) -> bytes:
    """A page of A4 with the picture of each list of lines; ``text`` is printed on each page as text."""
    printed = FPDF()
    for lines in pages:
        printed.add_page()
        printed.set_font("Helvetica", size=12)
        for number, line in enumerate(lines):
            printed.text(20, 30 + 5.5 * number, line)
    source = pypdfium2.PdfDocument(bytes(printed.output()))
    scan = FPDF()
    for page in source:
        image: Image.Image = page.render(scale=width / page.get_width(), grayscale=True).to_pil()
        picture = BytesIO()
        image.save(picture, "JPEG", quality=80)
        scan.add_page()
        scan.image(picture, 0, 0, 210, 297)
        if text:
            scan.set_font("Helvetica", size=9)
            scan.text(20, 290, text)
    source.close()
    return bytes(scan.output())
