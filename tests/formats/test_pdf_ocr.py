"""Scanned pages: their text, the boxes of their words, and what is said about them."""

from dataclasses import replace
from io import BytesIO

import pytest
from fpdf import FPDF
from PIL import Image, ImageOps

from rag.errors import DocumentError
from rag.formats import Parsed, Remark, parse
from rag.formats.ocr import Allowance, allowing
from rag.formats.pdf.columns import reading_order
from rag.formats.pdf.layout import Rectangle
from rag.formats.pdf.render import page_picture
from rag.types import Document
from tests.formats.scans import scanned

MINUTES = [
    "Minutes of the harbour board, May 2023",
    "",
    "The Karst bridge, closed since the flood of 2022, opened to traf-",
    "fic on Tuesday morning. The repair cost the town four million,",
    "and nobody was surprised.",
]


def _read(raw: bytes, pages: int = 100) -> Parsed:
    with allowing(Allowance(pages)):
        return parse("a.pdf", raw)


@pytest.fixture(scope="module")
def raw() -> bytes:
    return scanned([MINUTES, ["The ferry leaves at nine."]])


@pytest.fixture(scope="module")
def document(raw: bytes) -> Document:
    return _read(raw).documents[0]


def test_scan_is_read_in_paragraphs_and_pages(document: Document) -> None:
    assert document.text == (
        "Minutes of the harbour board, May 2023\n\nThe Karst bridge, closed since the flood of 2022, opened to "
        "traffic\non Tuesday morning. The repair cost the town four million,\nand nobody was surprised.\n\n"
        "The ferry leaves at nine."
    )
    assert [(place.page, document.text[place.start :][:9]) for place in document.places] == [
        (1, "Minutes o"),
        (2, "The ferry"),
    ]


def test_words_of_a_scan_cover_its_text(document: Document) -> None:
    words = [document.text[word.start : word.end] for word in document.ocr]
    assert "".join(words) == "".join(document.text.split())
    assert words[:3] == ["Minutes", "of", "the"]
    assert words[words.index("traf") :][:3] == ["traf", "fic", "on"]
    assert all(0.8 < word.score <= 1 for word in document.ocr)


def test_highlight_of_a_scan_is_over_the_ink_of_the_words(raw: bytes, document: Document) -> None:
    at = document.text.index("The ferry leaves")
    extents = [(at, at + len("The ferry leaves")), (at, len(document.text))]
    picture = page_picture(raw, document, 2, extents)
    assert picture.exact
    (part,), (line,) = picture.boxes
    image = Image.open(BytesIO(picture.png)).convert("L")
    ink = ImageOps.invert(image).point(lambda value: 255 * (value > 100)).getbbox()
    assert ink
    found = line.left, line.top, line.left + line.width, line.top + line.height
    size = (picture.width, picture.height) * 2
    assert found == pytest.approx([each / side for each, side in zip(ink, size, strict=True)], abs=0.012)
    # "at nine." is a third of the line.
    assert part.width / line.width == pytest.approx(0.68, abs=0.05)


def test_span_over_two_lines_of_a_scan_has_two_boxes(raw: bytes, document: Document) -> None:
    at = document.text.index("traffic")
    ((before, after),) = page_picture(raw, document, 1, [(at, at + len("traffic\non"))]).boxes
    assert after.top > before.top + before.height / 2
    assert before.left > 0.5 > after.left


def test_scan_without_ocr_is_refused_with_the_option_to_raise(raw: bytes) -> None:
    reason = r"^has no text in its 2 pages; it may be a scan: OCR is turned off, so raise --max-ocr-pages$"
    with pytest.raises(DocumentError, match=reason):
        parse("a.pdf", raw)


def test_pages_read_by_ocr_and_those_beyond_the_limit_are_named() -> None:
    raw = scanned([["Page one."], ["Page two."], ["Page three."]])
    asked: list[str] = []
    with allowing(Allowance(1, lambda: asked.append("page"))):
        parsed = parse("a.pdf", raw)
    assert parsed.documents[0].text == "Page one."
    assert asked == ["page"]
    assert parsed.warnings == [
        Remark("a.pdf", "1 page read by OCR; compare quotes with the page"),
        Remark(
            "a.pdf",
            "pages 2-3 are scans, which are not read; the limit of pages to read by OCR is reached, so split the file, "
            "or raise it with --max-ocr-pages",
            is_unread=True,
        ),
    ]


def test_only_pages_without_text_of_their_own_are_read_by_ocr() -> None:
    pdf = FPDF()
    picture = Image.new("L", (800, 1_000), 200)
    pdf.set_auto_page_break(False)
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.text(20, 20, "A page with its own words, and with the picture of a harbour beside the Karst bridge.")
    pdf.image(picture, 20, 30, 170)
    pdf.add_page()
    asked: list[str] = []
    with allowing(Allowance(9, lambda: asked.append("page"))):
        parsed = parse("a.pdf", bytes(pdf.output()))
    assert asked == []
    assert parsed.warnings == [Remark("a.pdf", "page 2 holds no text")]


def test_scan_with_a_printed_stamp_is_read_by_ocr() -> None:
    raw = scanned([MINUTES], text="Scanned 2024")
    assert "Karst bridge" in _read(raw).documents[0].text
    without = parse("a.pdf", raw)
    assert without.documents[0].text == "Scanned 2024"
    assert [(remark.text, remark.is_unread) for remark in without.warnings] == [
        ("page 1 is a scan, which is not read; OCR is turned off, so raise --max-ocr-pages", True)
    ]


def test_empty_picture_has_no_text_for_ocr_either() -> None:
    with pytest.raises(
        DocumentError, match=r"^has no text in its 1 page, and OCR found none; scan it again at a higher resolution$"
    ):
        _read(scanned([[]]))


def test_picture_of_a_changed_document_keeps_to_the_words_it_knows(raw: bytes, document: Document) -> None:
    without_words = replace(document, ocr=())
    assert not page_picture(raw, without_words, 2, [(0, 3)]).exact


def test_columns_are_read_one_after_the_other_below_their_heading() -> None:
    heading = Rectangle(50, 780, 550, 795)
    left = [Rectangle(50, 700 - 15 * row, 290, 712 - 15 * row) for row in range(5)]
    right = [Rectangle(310, 698 - 15 * row, 550, 710 - 15 * row) for row in range(5)]
    lines = [heading, *(line for pair in zip(left, right, strict=True) for line in pair)]
    assert [lines[i] for i in reading_order(lines)] == [heading, *left, *right]


def test_rows_of_a_tilted_table_are_read_across() -> None:
    rows = [
        [Rectangle(x, 700 - 20 * row - x / 50, x + 40, 712 - 20 * row - x / 50) for x in (50, 200, 350, 500)]
        for row in range(6)
    ]
    shuffled = [rows[row][column] for column in (2, 0, 3, 1) for row in (4, 1, 5, 0, 3, 2)]
    assert [shuffled[i] for i in reading_order(shuffled)] == [cell for row in rows for cell in row]
