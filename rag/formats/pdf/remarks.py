"""What is said about the pages of a PDF: which were read by OCR, and which were not read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

from ...text.plural import counted
from ..base import Remark
from ..ocr import REMEDY, allowance, is_installed
from ..unread import unread
from .glyphs import Undecoded
from .scan import ScannedPage

#: Where characters are that PDFium leaves out, and what to do about them.
MISSING = "in fonts that are neither in the file nor on this machine"
EMBED = "save the file as PDF with its fonts embedded"


@dataclass(frozen=True, slots=True)
class PageContent:
    """What was read of a page.

    Attributes:
        number: Page number, from 1.
        paragraphs: Its lines, by paragraph.
        is_scan: True if it shows something, but has hardly any text of its own.
        scanned: The page as OCR read it; None if it was not read by OCR.
        undecoded: Characters of its own text that cannot be decoded.
    """

    number: int
    paragraphs: list[list[str]]
    is_scan: bool
    scanned: ScannedPage | None = None
    undecoded: Undecoded = field(default_factory=Undecoded)


def without_text(pages: Sequence[PageContent]) -> str:
    """Why a file without any text cannot be read."""
    count = counted(len(pages), "page")
    if missing := sum(page.undecoded.missing for page in pages):
        return f"has no text in its {count} but {counted(missing, 'character')} {MISSING}; {EMBED}"
    if any(page.scanned for page in pages):
        return f"has no text in its {count}, and OCR found none; scan it again at a higher resolution"
    if any(page.is_scan for page in pages):
        return f"has no text in its {count}; it may be a scan: {ocr_remedy()}"
    return f"has no text in its {count}, which are blank or damaged; open it in a viewer"


def page_remarks(document_id: str, pages: Sequence[PageContent]) -> list[Remark]:
    """Remarks on pages that were read by OCR, and on pages without text."""
    remarks = _undecoded_remarks(document_id, pages)
    read = sum(page.scanned is not None and bool(page.paragraphs) for page in pages)
    if read:
        remarks.append(Remark(document_id, f"{counted(read, 'page')} read by OCR; compare quotes with the page"))
    left = [page.number for page in pages if page.is_scan and not page.scanned and not page.undecoded.unknown]
    if left:
        which = f"page {left[0]} is" if len(left) == 1 else f"pages {_ranges(left)} are"
        scans = "a scan, which is" if len(left) == 1 else "scans, which are"
        remarks.append(Remark(document_id, f"{which} {scans} not read; {ocr_remedy()}", is_unread=True))
    empty = [page.number for page in pages if not page.paragraphs and page.number not in left]
    if empty:
        which = f"page {empty[0]} holds" if len(empty) == 1 else f"pages {_ranges(empty)} hold"
        remarks.append(Remark(document_id, f"{which} no text"))
    return remarks


def _undecoded_remarks(document_id: str, pages: Sequence[PageContent]) -> list[Remark]:
    # What OCR read does not come from the fonts.
    found = sum((page.undecoded for page in pages if not page.scanned), Undecoded())
    remarks = [
        *unread(document_id, {f"character, {MISSING}": found.missing}, EMBED),
        *unread(document_id, {"character, of unknown Unicode value": found.unknown}, ocr_remedy()),
    ]
    if found.uncertain:
        count = counted(found.uncertain, "character")
        text = f"{count} may be misread, because their font does not map them to Unicode; compare quotes with the page"
        remarks.append(Remark(document_id, text))
    return remarks


def ocr_remedy() -> str:
    """How to have scans read that were not."""
    if not is_installed():
        return f"to read scans by OCR, {REMEDY}"
    if not allowance().is_available:
        return "OCR is turned off, so raise --max-ocr-pages"
    return "the limit of pages to read by OCR is reached, so split the file, or raise it with --max-ocr-pages"


def _ranges(numbers: list[int]) -> str:
    """``[3, 4, 5, 9]`` as ``3-5, 9``."""
    runs = [[n for _, n in run] for _, run in groupby(enumerate(numbers), key=lambda each: each[1] - each[0])]
    return ", ".join(f"{run[0]}-{run[-1]}" if len(run) > 1 else str(run[0]) for run in runs)
