"""PNG, JPEG and TIFF: the words that OCR reads on a picture; each frame is a page.

Without the extra ``ocr``, a picture is named as not read, like a scanned PDF.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import DocumentError
from .base import Parsed
from .ocr import allowance
from .pdf.extract import read_pdf
from .pdf.from_image import as_pdf
from .pdf.remarks import ocr_remedy


def read_image(document_id: str, raw: bytes) -> Parsed:
    """The text of a picture, as of a scanned PDF with its frames as pages.

    Raises:
        DocumentError: It is damaged, OCR may not read it, or found no text.
    """
    if not allowance().is_available:
        raise DocumentError(f"is a picture, which is not read; {ocr_remedy()}")
    found = read_pdf(document_id, as_pdf(document_id, raw))
    # The properties are those of the PDF, such as its date.
    documents = [replace(document, metadata={}) for document in found.documents]
    return Parsed(documents, warnings=found.warnings)
