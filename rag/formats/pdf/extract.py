"""PDF, with PDFium: the text layer, with paragraphs detected from the layout; pages are places.

The text differs from PDFium's in four ways: it has the values of form fields and the comments, lines are grouped into
paragraphs separated by blank lines, words hyphenated at the end of a line are rejoined, and soft hyphens are removed.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from itertools import groupby
from typing import Any

from ...errors import DocumentError
from ...text.plural import counted
from ...text.segmentation import LONGEST_WRAPPED_LINE
from ...types import Document, Place, name_title
from ..base import Parsed, Remark
from ..blocks import Blocks
from ..sanitize import check_length, iso_date, one_line
from .layout import mend_hyphens, paragraphs
from .page_text import page_text

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
    """The text, with a place for every page that has text; title, author and date come from the file."""
    with opened(raw) as pdf:
        pages, stated = _extract(pdf)
    if not any(pages):
        count = counted(len(pages), "page")
        raise DocumentError(f"has no text in its {count}; it may be a scan, so run OCR on the file first")
    mend_hyphens(pages)
    blocks = Blocks()
    places = []
    for number, page in enumerate(pages, start=1):
        for i, paragraph in enumerate(page):
            start = blocks.add(_joined(paragraph))
            if i == 0:
                places.append(Place(start, page=number))
    metadata = _metadata(stated)
    title = str(metadata.get("title") or name_title(document_id))
    document = Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(places))
    return Parsed([document], warnings=_warnings(document_id, pages))


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


def _extract(pdf: Any) -> tuple[list[list[list[str]]], dict[str, str]]:
    """Pages as lists of paragraphs of lines, and the file's metadata."""
    import pypdfium2

    pages: list[list[list[str]]] = []
    length = 0
    for i in range(len(pdf)):
        # Each page is released before the next: a PDF may have ten thousand.
        try:
            page = pdf[i]
        except pypdfium2.PdfiumError:
            pages.append([])
            continue
        with closing(page), closing(page.get_textpage()) as text_page:
            pages.append(list(paragraphs(page_text(pdf, page, text_page).lines)))
        length += sum(len(line) for paragraph in pages[-1] for line in paragraph)
        check_length(length)
    return pages, pdf.get_metadata_dict()


def _joined(lines: list[str]) -> str:
    # A line break after a very long line would be read as the end of a paragraph.
    return (" " if max(map(len, lines)) > LONGEST_WRAPPED_LINE - 1 else "\n").join(lines)


def _metadata(stated: dict[str, str]) -> dict[str, object]:
    title, author = one_line(stated.get("Title")), one_line(stated.get("Author"))
    created = PDF_DATE.match(stated.get("CreationDate", ""))
    found = {
        "title": "" if PLACEHOLDER.search(title) else title,
        "author": "" if PLACEHOLDER.search(author) else author,
        "date": iso_date("-".join(part for part in created.groups() if part)) if created else None,
    }
    return {name: value for name, value in found.items() if value}


def _warnings(document_id: str, pages: list[list[list[str]]]) -> list[Remark]:
    empty = [number for number, page in enumerate(pages, start=1) if not page]
    if not empty:
        return []
    which = f"page {empty[0]} holds" if len(empty) == 1 else f"pages {_ranges(empty)} hold"
    it = "it may be a scan, which is" if len(empty) == 1 else "they may be scans, which are"
    return [Remark(document_id, f"{which} no text; {it} not read")]


def _ranges(numbers: list[int]) -> str:
    """``[3, 4, 5, 9]`` as ``3-5, 9``."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), key=lambda each: each[1] - each[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
