"""Characters that cannot be decoded are counted, and OCR reads pages of them."""

import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse
from rag.formats.ocr import Allowance, allowing
from tests.formats.pdf_objects import form, stream, text_at, written

#: A Chinese font that is not in the file, and one of Type 3 whose glyphs have names that mean nothing.
CHINESE = (
    "<< /Type /Font /Subtype /Type0 /BaseFont /SimSun-GBK-EUC-H /Encoding /GBK-EUC-H /DescendantFonts [<< /Type /Font "
    "/Subtype /CIDFontType2 /BaseFont /SimSun /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> "
    "/DW 1000 /FontDescriptor << /Type /FontDescriptor /FontName /SimSun /Flags 32 /FontBBox [-8 -145 1000 859] "
    "/ItalicAngle 0 /Ascent 859 /Descent -141 /CapHeight 684 /StemV 88 >> >>] >>"
)
LATIN = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def _chinese(latin: str) -> bytes:
    """Fifteen characters, each drawn by itself, as by the OCR of scanners."""
    codes = "ceac c1d6 d5f2 b5c4 c8cb bfda cac7 cbc4 cdf2 d2bb c7a7 b6fe b0d9 c8cb a1a3".split()
    drawn = "".join(f"BT /F2 14 Tf {72 + 16 * i} 600 Td <{code}> Tj ET\n" for i, code in enumerate(codes))
    return written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            f"/Resources << /Font << /F1 {LATIN} /F2 {CHINESE} >> >> >>",
            stream(drawn + latin),
        ]
    )


def test_characters_in_fonts_that_are_missing_are_counted() -> None:
    reason = "15 characters in fonts that are neither in the file nor on this machine"
    remedy = "save the file as PDF with its fonts embedded"
    parsed = parse("a.pdf", _chinese(text_at(72, 700, "The town of Vellin.") + text_at(300, 700, " ")))
    if "四" in parsed.documents[0].text:
        pytest.skip("this machine has a Chinese font")
    assert parsed.documents[0].text == "The town of Vellin."
    assert parsed.warnings == [Remark("a.pdf", f"{reason} are not read; {remedy}", is_unread=True)]
    with pytest.raises(DocumentError, match=f"^has no text in its 1 page but {reason}; {remedy}$"):
        parse("a.pdf", _chinese(""))


def test_blanks_are_not_counted() -> None:
    blanks = "".join(text_at(100 + i, 500, " ") for i in range(5))
    assert parse("a.pdf", form(text_at(72, 700, "Vellin") + blanks, [])).warnings == []


def test_page_of_glyphs_without_names_is_read_by_ocr() -> None:
    # The strokes of an L, drawn by codes that stand for nothing.
    glyph = "700 0 0 0 600 800 d1 100 0 120 700 re 100 0 500 110 re f"
    font = (
        "<< /Type /Font /Subtype /Type3 /FontBBox [0 0 700 800] /FontMatrix [0.001 0 0 0.001 0 0] /FirstChar 1 "
        "/LastChar 1 /Widths [700] /Encoding << /Type /Encoding /Differences [1 /g1] >> /CharProcs << /g1 5 0 R >> >>"
    )
    raw = written(
        [
            "<< /Type /Catalog /Pages 2 0 R >>",
            "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
            "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents 4 0 R "
            f"/Resources << /Font << /F1 {font} >> >> >>",
            stream("BT /F1 40 Tf 72 600 Td <010101> Tj ET"),
            stream(glyph),
        ]
    )
    parsed = parse("a.pdf", raw)
    assert [(each.text, each.is_unread) for each in parsed.warnings] == [
        (
            "3 characters of unknown Unicode value are not read; OCR is turned off, so raise --max-ocr-pages",
            True,
        )
    ]
    with allowing(Allowance(1)):
        assert parse("a.pdf", raw).documents[0].text == "LLL"
