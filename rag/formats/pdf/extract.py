"""PDF, with PDFium: the text layer, with paragraphs detected from the layout; pages are places.

The text differs from PDFium's in four ways: it has the values of form fields and the comments, lines are grouped into
paragraphs separated by blank lines, words hyphenated at the end of a line are rejoined, and soft hyphens are removed.
The cells of a row of a table are separated by tabs.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from ...errors import DocumentError
from ...text.segmentation import LONGEST_WRAPPED_LINE
from ...types import Document, Place, name_title
from ..base import Parsed
from ..blocks import Blocks
from ..ocr import allowance
from ..sanitize import check_length, iso_date, one_line
from .glyphs import undecoded
from .layout import mend_hyphens, paragraphs
from .page_text import page_text
from .remarks import PageContent, page_remarks, without_text
from .scan import ScannedPage, is_scan

#: PDFium is not thread-safe.
PDFIUM = threading.Lock()

#: Titles and authors filled in by programs: file names and placeholders.
PLACEHOLDER = re.compile(
    r"^(?:microsoft (?:word|powerpoint|excel) - .*|untitled.*|\(?(?:anonymous|unspecified)\)?|(?:slide|page) ?\d*)$"
    r"|\.(?:docx?|odt|rtf|tex|dvi|ps|pdf|indd|qxd|pptx?|xlsx?|html?|txt|md)$",
    re.IGNORECASE,
)
PDF_DATE = re.compile(r"D?:?(\d{4})(\d\d)?(\d\d)?")


def read_pdf(document_id: str, raw: bytes) -> Parsed:
    """The text, with a place for every page that has text; title, author and date come from the file.

    Scanned pages are read by OCR as far as ``rag.formats.ocr.allowance`` goes.
    """
    with opened(raw) as pdf:
        pages = list(_pages(pdf))
        stated = pdf.get_metadata_dict()
    if not any(page.paragraphs for page in pages):
        raise DocumentError(without_text(pages))
    mend_hyphens([page.paragraphs for page in pages])
    blocks = Blocks()
    starts: dict[int, int] = {}
    for page in pages:
        for paragraph in page.paragraphs:
            start = blocks.add(_joined(paragraph))
            starts.setdefault(page.number, start)
    text = blocks.text()
    ends = dict(zip(starts, [*list(starts.values())[1:], len(text)], strict=True))
    words = [
        word
        for page in pages
        if page.scanned and page.number in starts
        for word in page.scanned.words(text[starts[page.number] : ends[page.number]], starts[page.number])
    ]
    metadata = _metadata(stated)
    document = Document(
        document_id,
        text,
        str(metadata.get("title") or name_title(document_id)),
        metadata=metadata,
        places=tuple(Place(start, page=number) for number, start in starts.items()),
        ocr=tuple(words),
    )
    return Parsed([document], warnings=page_remarks(document_id, pages))


@contextmanager
def opened(raw: bytes) -> Iterator[Any]:
    """Open a PDF (``pypdfium2.PdfDocument``), holding the PDFium lock until it is closed.

    Raises:
        DocumentError: It cannot be opened; the message does not name the file.
    """
    import pypdfium2

    with PDFIUM:
        try:
            pdf = pypdfium2.PdfDocument(raw)
        except pypdfium2.PdfiumError as error:
            raise DocumentError(_open_error(error.err_code)) from error
        with closing(pdf):
            # Before any page is loaded, so that its fields are.
            pdf.init_forms()
            yield pdf


def _open_error(code: int | None) -> str:
    from pypdfium2 import raw as pdfium

    if code == pdfium.FPDF_ERR_PASSWORD:
        return "is protected by a password; save a copy without one"
    if code == pdfium.FPDF_ERR_SECURITY:
        return "uses an unsupported encryption; save a copy without protection"
    return "is damaged or not a PDF; open it in a viewer and save or print it as PDF again"


def _pages(pdf: Any) -> Iterator[PageContent]:
    import pypdfium2

    length = 0
    for number in range(1, len(pdf) + 1):
        # Each page is released before the next: a PDF may have ten thousand.
        try:
            page = pdf[number - 1]
        except pypdfium2.PdfiumError:
            yield PageContent(number, [], is_scan=False)
            continue
        with closing(page), closing(page.get_textpage()) as text_page:
            text = page_text(pdf, page, text_page)
            lost = undecoded(page, text_page)
            scan = is_scan(page, text, lost)
            scanned = ScannedPage(page) if scan and allowance().take() else None
        found = list(paragraphs((scanned.text if scanned else text).lines))
        length += sum(len(line) for paragraph in found for line in paragraph)
        check_length(length)
        yield PageContent(number, found, scan, scanned, lost)


def _joined(lines: list[str]) -> str:
    # A line break after a very long line would be read as the end of a paragraph, as it should after a row of a table.
    is_long = max(map(len, lines)) > LONGEST_WRAPPED_LINE - 1 and not any("\t" in line for line in lines)
    return (" " if is_long else "\n").join(lines)


def _metadata(stated: dict[str, str]) -> dict[str, object]:
    title, author = one_line(stated.get("Title")), one_line(stated.get("Author"))
    created = PDF_DATE.match(stated.get("CreationDate", ""))
    found = {
        "title": "" if PLACEHOLDER.search(title) else title,
        "author": "" if PLACEHOLDER.search(author) else author,
        "date": iso_date("-".join(part for part in created.groups() if part)) if created else None,
    }
    return {name: value for name, value in found.items() if value}
