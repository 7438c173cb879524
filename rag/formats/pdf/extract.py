"""PDF, with PDFium: the text layer, with paragraphs detected from the layout; pages are places.

The text differs from PDFium's in three ways: lines are grouped into paragraphs separated by blank lines, words
hyphenated at the end of a line are rejoined, and soft hyphens are removed.
"""

from __future__ import annotations

import ctypes
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
from .layout import HYPHEN, Cell, Line, mend_hyphens, paragraphs
from .rows import with_rows

#: A gap wider than this, in font sizes, is not one between words.
WIDE_GAP = 0.9

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
            yield pdf


def _open_error(code: int | None) -> str:
    from pypdfium2 import raw as pdfium

    if code == pdfium.FPDF_ERR_PASSWORD:
        return "is protected by a password; save a copy without one"
    if code == pdfium.FPDF_ERR_SECURITY:
        return "uses an unsupported encryption; save a copy without protection"
    return "is damaged or not a PDF; open it in a viewer and save or print it as PDF again"


def text_of(text_page: Any) -> str:
    """The text of a page from PDFium, with ``HYPHEN`` for a hyphen and the line break after it."""
    return str(text_page.get_text_range(errors="replace"))


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
            pages.append(list(paragraphs(with_rows(list(_lines(text_page))))))
        length += sum(len(line) for paragraph in pages[-1] for line in paragraph)
        check_length(length)
    return pages, pdf.get_metadata_dict()


def _lines(text_page: Any) -> Iterator[Line]:
    """The lines of a page in the order of its text, without blank lines."""
    from pypdfium2 import raw as pdfium

    x, y, right, ignored = (ctypes.c_double() for _ in range(4))
    matrix = pdfium.FS_MATRIX()
    at = 0
    for found in re.finditer(f"([^\r\n{HYPHEN}]*)({HYPHEN}|\r?\n|\r|$)", text_of(text_page)):
        text, end = found.groups()
        stripped = text.strip()
        if stripped:
            # PDFium counts UTF-16 units.
            before = at + _units(text[: len(text) - len(text.lstrip())])
            first = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, before)
            last = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, before + _units(stripped) - 1)
            pdfium.FPDFText_GetCharOrigin(text_page, first, x, y)
            pdfium.FPDFText_GetMatrix(text_page, first, matrix)
            pdfium.FPDFText_GetCharBox(text_page, last, ignored, right, ignored, ignored)
            size = pdfium.FPDFText_GetFontSize(text_page, first) * (matrix.c**2 + matrix.d**2) ** 0.5
            cells = tuple(_cells(text_page, stripped, before, size))
            yield Line(stripped + HYPHEN * (end == HYPHEN), x.value, right.value, y.value, size, cells)
        at += _units(found.group())


def _cells(text_page: Any, text: str, at: int, size: float) -> Iterator[Cell]:
    """The words of a line between gaps that are wider than between words.

    Args:
        text_page: The page.
        text: Text of the line.
        at: Its offset in PDFium's text, in UTF-16 units.
        size: Its font size.
    """
    from pypdfium2 import raw as pdfium

    left, right, ignored = (ctypes.c_double() for _ in range(3))
    cell: Cell | None = None
    units = 0
    for word in re.finditer(r"\S+", text):
        units += _units(text[cell.end if cell else 0 : word.start()])
        length = _units(word[0])
        for unit, edge in ((units, left), (units + length - 1, right)):
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, at + unit)
            box = (edge, ignored) if edge is left else (ignored, edge)
            pdfium.FPDFText_GetCharBox(text_page, index, *box, ignored, ignored)
        units += length
        if cell and left.value - cell.right <= WIDE_GAP * size:
            cell = Cell(cell.start, word.end(), cell.left, right.value)
        else:
            if cell:
                yield cell
            cell = Cell(word.start(), word.end(), left.value, right.value)
    if cell:
        yield cell


def _units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def _joined(lines: list[str]) -> str:
    # A line break after a very long line would be read as the end of a paragraph.
    is_wide = max(map(len, lines)) > LONGEST_WRAPPED_LINE - 1 and not any("\t" in line for line in lines)
    return (" " if is_wide else "\n").join(lines)


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
