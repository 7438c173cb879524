"""Boxes are held to what the page shows: its ink, and the characters that PDFium has under them."""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import matplotlib
import pypdfium2
import pytest
from fpdf import FPDF
from PIL import Image, ImageOps

from rag.errors import DocumentError, InputError
from rag.formats import parse
from rag.formats.pdf.alignment import Glyph, aligned
from rag.formats.pdf.boxes import Box, GlyphMismatch, boxes_of
from rag.formats.pdf.layout import HYPHEN
from rag.formats.pdf.render import MAX_SIDE, Picture, page_picture
from rag.types import Document
from tests.timing import cpu_seconds

FONTS = Path(matplotlib.get_data_path()) / "fonts/ttf"

#: Points of a millimetre, and the height of an A4 page in them.
MM = 72 / 25.4
A4 = 210.0, 297.0


def _pdf(
    *pages: Callable[[FPDF], None], size: tuple[float, float] = A4, font: str = "STIXGeneral", points: int = 11
) -> bytes:
    pdf = FPDF(format=size)
    pdf.add_font("It", fname=FONTS / f"{font}.ttf")
    for write in pages:
        pdf.add_page()
        pdf.set_font("It", size=points)
        write(pdf)
    return bytes(pdf.output())


def _document(raw: bytes) -> Document:
    return parse("a.pdf", raw).documents[0]


def _extent(document: Document, words: str) -> tuple[int, int]:
    start = document.text.index(words)
    return start, start + len(words)


def _marked(raw: bytes, *words: str, number: int = 1) -> tuple[tuple[Box, ...], ...]:
    """The boxes of words on a page."""
    document = _document(raw)
    picture = page_picture(raw, document, number, [_extent(document, each) for each in words])
    assert picture.exact
    return picture.boxes


def _under(raw: bytes, number: int, box: Box) -> str:
    """The characters that PDFium has in a box, on a page that is not turned."""
    pdf = pypdfium2.PdfDocument(raw)
    page = pdf[number - 1]
    width, height = page.get_size()
    left, right = box.left * width, (box.left + box.width) * width
    high = box.height * height
    top = (1 - box.top) * height
    # A little less: the next line begins where this one ends.
    text = page.get_textpage().get_text_bounded(left + 0.2, top - 0.9 * high, right - 0.2, top - 0.15 * high)
    pdf.close()
    return str(text).strip()


def _ink(picture: Picture) -> tuple[float, float, float, float]:
    """What is printed, as the corners of a rectangle in parts of the page."""
    image = Image.open(BytesIO(picture.png)).convert("L")
    assert image.size == (picture.width, picture.height)
    found = ImageOps.invert(image).getbbox()
    assert found
    left, top, right, bottom = found
    return left / picture.width, top / picture.height, right / picture.width, bottom / picture.height


def _lines_of(words: Iterator[str], count: int) -> Iterator[str]:
    """Lines of about thirty characters, every third of which ends within a word."""
    rest = ""
    for number in range(count):
        line = rest
        rest = ""
        while len(line) < 26:
            line += " " * bool(line) + next(words)
        if number % 3 == 0 and len(line.split()[-1]) > 3:
            line, rest = f"{line[:-2]}-", line[-2:]
        yield line


def test_boxes_cover_their_words_in_columns_and_scripts() -> None:
    chance = random.Random(6)
    letters = ["abcdefghijklmnopqrstuvwxyz", "абвгдежзийклмнопрст", "αβγδεζηθικλμνξοπρσ", "éàüöñçßø", "𝐀𝐁𝐂𝐃𝐄𝐅"]

    def words() -> Iterator[str]:
        while True:
            script = chance.choice(letters)
            yield "".join(chance.choice(script) for _ in range(chance.randint(1, 9)))

    def columns(pdf: FPDF) -> None:
        for left in (20, 110):
            for row, line in enumerate(_lines_of(words(), 40)):
                pdf.text(left, 20 + 5 * row, line)

    raw = _pdf(columns, columns, columns)
    document = _document(raw)
    extents = [found.span() for found in re.finditer(r"\S+", document.text)]
    several = 0
    for number in (1, 2, 3):
        picture = page_picture(raw, document, number, extents)
        assert picture.exact
        for (start, end), boxes in zip(extents, picture.boxes, strict=True):
            assert bool(boxes) == (document.place(start).page == number)
            # PDFium says a control character for the hyphen of a parted word.
            under = "".join(_under(raw, number, box) for box in boxes)
            assert not boxes or re.sub(r"[\s\x02]", "", under) == document.text[start:end]
            several += len(boxes) == 2
            if len(boxes) == 2:
                assert boxes[1].top > boxes[0].top or boxes[1].left > 0.5 > boxes[0].left
    assert len(extents) > 1_000
    assert several > 30


def test_page_and_document_text_align_for_random_lines() -> None:
    chance = random.Random(6)
    letters = "aaabcdeXY-- -.,1\u00ad\u2010\ufb01éжΩ\u05d0\u0627\u00a0\u2003\u200b"

    def scatter(pdf: FPDF) -> None:
        left, down = 20, 20
        for _ in range(12):
            line = "".join(chance.choice(letters) for _ in range(chance.randint(1, 12)))
            pdf.text(left, down, chance.choice([line, f"{line}-", "-"]))
            left, down = chance.choice([(left, down + 6), (left, down + 14), (left + 40, down), (left + 60, 20)])

    parted = 0
    for _ in range(60):
        raw = _pdf(scatter, font="DejaVuSans")
        document = _document(raw)
        extents = [found.span() for found in re.finditer(r"\S+", document.text)]
        picture = page_picture(raw, document, 1, extents, 50)
        assert picture.exact
        parted += sum(len(boxes) > 1 for boxes in picture.boxes)
    assert parted > 20


@pytest.mark.parametrize("turned", [0, 90, 180, 270])
@pytest.mark.parametrize("crop", [None, (100.0, 300.0, 500.0, 700.0)])
def test_box_holds_all_ink_on_rotated_and_cropped_pages(
    turned: int, crop: tuple[float, float, float, float] | None
) -> None:
    pdf = pypdfium2.PdfDocument(_pdf(lambda pdf: pdf.text(70, 110, "Bishkek"), points=20))
    pdf[0].set_rotation(turned)
    if crop:
        pdf[0].set_cropbox(*crop)
    saved = BytesIO()
    pdf.save(saved)
    raw = saved.getvalue()
    picture = page_picture(raw, _document(raw), 1, [(0, 7)])
    ((box,),) = picture.boxes
    left, top, right, bottom = _ink(picture)
    width, height = (400, 400) if crop else (595, 842) if turned % 180 == 0 else (842, 595)
    assert (picture.width, picture.height) == (900, pytest.approx(900 * height / width, abs=2))
    # Glyphs are printed at whole pixels, and smoothed.
    pixels = 2
    assert box.left < left + pixels / picture.width
    assert box.top < top + pixels / picture.height
    assert box.left + box.width > right - pixels / picture.width
    assert box.top + box.height > bottom - pixels / picture.height
    along, across = (box.width * width, box.height * height)[:: 1 if turned % 180 == 0 else -1]
    assert across == pytest.approx(1.2 * 20, abs=0.1)
    assert along == pytest.approx((right - left) * width if turned % 180 == 0 else (bottom - top) * height, abs=2)


def test_box_is_where_the_word_was_drawn() -> None:
    ((box,),) = _marked(_pdf(lambda pdf: pdf.text(50, 100, "Karst 4 crowns")), "Karst")
    assert box.left == pytest.approx(50 / 210, abs=1e-4)
    # The baseline is at 100 mm; of 1.2 font sizes 0.28 are below it.
    assert box.top + box.height == pytest.approx((100 + 0.28 * 11 / MM) / 297, abs=1e-4)
    assert box.height == pytest.approx(1.2 * 11 / MM / 297, abs=1e-4)


def test_span_has_one_box_per_line() -> None:
    def write(pdf: FPDF) -> None:
        for row, line in enumerate(["The bridge was opened on Tues-", "day by the mayor of Karst", "was there."]):
            pdf.text(20, 20 + 5 * row, line)

    raw = _pdf(write)
    sentence, word, whole_word = _marked(raw, "opened on Tuesday\nby the", "Tuesday", "mayor")
    assert [_under(raw, 1, box) for box in sentence] == ["opened on Tues\x02", "day by the"]
    assert [_under(raw, 1, box) for box in word] == ["Tues\x02", "day"]
    assert [_under(raw, 1, box) for box in whole_word] == ["mayor"]
    assert sentence[1].top - sentence[0].top == pytest.approx(5 / 297, abs=1e-4)


def test_text_far_apart_in_a_row_has_separate_boxes() -> None:
    def write(pdf: FPDF) -> None:
        pdf.text(20, 20, "Name")
        pdf.text(120, 20, "Value")

    ((left, right),) = _marked(_pdf(write), "Name Value")
    assert (left.left, right.left) == pytest.approx((20 / 210, 120 / 210), abs=1e-3)
    assert left.width < 0.1


def test_repeated_word_is_marked_at_its_own_offset() -> None:
    def write(pdf: FPDF) -> None:
        pdf.text(20, 20, "Ely and Ely")
        pdf.text(20, 40, "Ely")

    raw = _pdf(write)
    document = _document(raw)
    extents = [found.span() for found in re.finditer("Ely", document.text)]
    boxes = [box for (box,) in page_picture(raw, document, 1, extents).boxes]
    assert boxes[0].top == boxes[1].top < boxes[2].top
    assert boxes[0].left == boxes[2].left < boxes[1].left


def test_ligatures_soft_hyphens_and_surrogates_shift_nothing() -> None:
    raw = _pdf(lambda pdf: pdf.text(20, 20, "\ufb01nd 𝐀𝐁 so\xadft tail"))
    document = _document(raw)
    assert document.text == "find 𝐀𝐁 soft tail"
    boxes = _marked(raw, "find", "𝐀𝐁", "soft", "tail", "𝐁")
    assert [_under(raw, 1, box) for (box,) in boxes] == ["find", "𝐀𝐁", "so\xadft", "tail", "𝐁"]


def test_right_to_left_text_has_one_box_per_line() -> None:
    raw = _pdf(lambda pdf: pdf.text(20, 20, "see עברית here"), font="DejaVuSans")
    word = _document(raw).text.split()[1]
    ((box,),) = _marked(raw, word)
    assert _under(raw, 1, box) == word


def test_vertical_text_has_one_box_and_slanted_one_per_letter() -> None:
    def turned(angle: float) -> bytes:
        def write(pdf: FPDF) -> None:
            with pdf.rotation(angle, 100, 150):
                pdf.text(100, 150, "Bishkek")

        return _pdf(write, points=20)

    for angle, count in [(90, 1), (180, 1), (270, 1), (30, 7)]:
        raw = turned(angle)
        picture = page_picture(raw, _document(raw), 1, [(0, 7)])
        (boxes,) = picture.boxes
        assert len(boxes) == count
        left, top, right, bottom = _ink(picture)
        assert min(box.left for box in boxes) < left + 0.002
        assert min(box.top for box in boxes) < top + 0.002
        assert max(box.left + box.width for box in boxes) > right - 0.002
        assert max(box.top + box.height for box in boxes) > bottom - 0.002
        assert sum(box.width * box.height for box in boxes) < 0.01


def test_span_across_pages_is_marked_on_both() -> None:
    raw = _pdf(lambda pdf: pdf.text(20, 20, "The first page"), lambda pdf: pdf.text(20, 20, "goes on here"))
    extent = "page\n\ngoes on"
    ((before,),), ((after,),) = (_marked(raw, extent, number=number) for number in (1, 2))
    assert (_under(raw, 1, before), _under(raw, 2, after)) == ("page", "goes on")


def test_page_without_text_is_shown_unmarked() -> None:
    def draw(pdf: FPDF) -> None:
        pdf.rect(50, 100, 20, 20, style="F")

    raw = _pdf(lambda pdf: pdf.text(20, 20, "Text."), draw)
    picture = page_picture(raw, _document(raw), 2, [(0, 5)])
    assert (picture.exact, picture.boxes) == (True, ((),))
    assert _ink(picture) == pytest.approx((50 / 210, 100 / 297, 70 / 210, 120 / 297), abs=0.003)


def test_page_that_differs_from_the_document_is_not_marked() -> None:
    raw = _pdf(lambda pdf: pdf.text(20, 20, "The toll is four crowns."), lambda pdf: pdf.text(20, 20, "Ely."))
    document = _document(raw)
    extents = [(4, 8), (0, 3)]
    for text in (document.text.replace("four", "five"), document.text[:-1] + "!", "Ely.", ""):
        changed = replace(document, text=text)
        shown = [page_picture(raw, changed, number, extents) for number in (1, 2)]
        assert not all(picture.exact for picture in shown)
        assert all(picture.exact or picture.boxes == ((), ()) for picture in shown)
    elsewhere = page_picture(raw, replace(document, text=document.text.replace("Ely", "Eli")), 1, extents)
    assert elsewhere.exact
    assert _under(raw, 1, elsewhere.boxes[0][0]) == "toll"


def test_only_the_visible_part_of_a_word_is_marked() -> None:
    pdf = pypdfium2.PdfDocument(_pdf(lambda pdf: pdf.text(70, 110, "Bishkek gone"), points=20))
    # Through the middle of the first word.
    pdf[0].set_cropbox(100, 300, 230, 700)
    saved = BytesIO()
    pdf.save(saved)
    cut, gone = _marked(saved.getvalue(), "Bishkek", "gone")
    assert cut[0].left + cut[0].width == 1
    assert 0.7 < cut[0].left < 0.8
    assert gone == ()


def test_page_with_shifted_characters_is_not_marked(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _pdf(lambda pdf: pdf.text(20, 20, "The toll"))

    def shifted(text: str, printed: str) -> list[Glyph]:
        return [glyph._replace(unit=glyph.unit + 1) for glyph in aligned(text, printed) or []]

    monkeypatch.setattr("rag.formats.pdf.render.aligned", shifted)
    picture = page_picture(raw, _document(raw), 1, [(0, 3), (4, 8)])
    assert (picture.exact, picture.boxes) == (False, ((), ()))


def test_unexpected_glyph_is_an_error() -> None:
    pdf = pypdfium2.PdfDocument(_pdf(lambda pdf: pdf.text(20, 20, "The toll")))
    page = pdf[0]
    text_page = page.get_textpage()
    assert len(boxes_of(page, text_page, [Glyph(0, 0, 0, "T"), Glyph(1, 1, 0, "h")], [0, 1])) == 1
    with pytest.raises(GlyphMismatch):
        boxes_of(page, text_page, [Glyph(0, 0, 0, "T"), Glyph(1, 2, 0, "h")], [0, 2])
    with pytest.raises(GlyphMismatch):
        boxes_of(page, text_page, [Glyph(0, 99, 0, "T")], [99])
    pdf.close()


@pytest.mark.parametrize(
    ("printed", "text", "units"),
    [
        pytest.param("a b\r\nc", "a b\n\nc", [0, 2, 5], id="blanks"),
        pytest.param(f"ex{HYPHEN}ple", "exple", [0, 1, 2, 3, 4, 5], id="hyphen of typesetting"),
        pytest.param(f"a{HYPHEN}b c", "a-b c", [0, 1, 2, 4], id="hyphen of spelling"),
        pytest.param(f"a\r\n{HYPHEN}- b", "a\n- b", [0, 4, 6], id="hyphen alone in its line"),
        pytest.param(f"a{HYPHEN}", "a-", [0, 1], id="hyphen at the end"),
        pytest.param("\xada\xadb\xad", "ab", [1, 3], id="soft hyphens"),
        pytest.param("a𝐀b", "a𝐀b", [0, 1, 3], id="pair of units"),
        pytest.param("a\x00b", "a\ufffdb", [0, 1, 2], id="what cannot be stored"),
        pytest.param("", "", [], id="nothing"),
        pytest.param("abc", "abd", None, id="another letter"),
        pytest.param("abc", "ab", None, id="less"),
        pytest.param("ab", "abc", None, id="more"),
        pytest.param("a-b", "ab", None, id="a hyphen that is none of a line's end"),
    ],
)
def test_page_text_is_aligned_with_document_text(printed: str, text: str, units: list[int] | None) -> None:
    glyphs = aligned(text, printed)
    assert (glyphs and [glyph.unit for glyph in glyphs]) == units
    breaks = [len(re.findall(f"[\r\n{HYPHEN}]", printed[: glyph.unit])) for glyph in glyphs or []]
    assert [glyph.line for glyph in glyphs or []] == breaks
    assert all(glyph.character in (text[glyph.at], HYPHEN) for glyph in glyphs or [])


def test_invalid_pages_and_widths_are_rejected() -> None:
    raw = _pdf(lambda pdf: pdf.text(20, 20, "One."), lambda pdf: pdf.text(20, 20, "Two."))
    document = _document(raw)
    for number in (-1, 0, 3):
        with pytest.raises(InputError, match=rf"^a\.pdf: there is no page {number}; choose one from 1 to 2$"):
            page_picture(raw, document, number, [])
    for width in (0, MAX_SIDE + 1):
        with pytest.raises(InputError, match=rf"^the width is {width} pixels; choose 1 to 4,000$"):
            page_picture(raw, document, 1, [], width)
    with pytest.raises(DocumentError, match=r"^is damaged or not a PDF; open it in a viewer"):
        page_picture(raw[:200], document, 1, [])
    without_first = raw.replace(b"/Kids [3 0 R", b"/Kids [99 0 R")
    assert page_picture(without_first, _document(without_first), 2, [(0, 4)]).exact
    with pytest.raises(DocumentError, match=r"^page 1 is damaged; open the file in a viewer and save or print"):
        page_picture(without_first, document, 1, [])


@pytest.mark.parametrize("size", [(5_000.0, 5_000.0), (30.0, 5_000.0), (5_000.0, 30.0), (0.5, 5_000.0)])
def test_picture_size_is_limited_for_huge_pages(size: tuple[float, float]) -> None:
    raw = _pdf(lambda pdf: pdf.text(1, 20, "Vast"), size=size)
    picture = page_picture(raw, Document("a.pdf", "", "A title"), 1, [], 1_200)
    assert max(picture.width, picture.height) <= MAX_SIDE
    assert picture.width <= 1_200
    assert Image.open(BytesIO(picture.png)).size == (picture.width, picture.height)


def test_colours_are_shown() -> None:
    def draw(pdf: FPDF) -> None:
        pdf.set_fill_color(200, 0, 50)
        pdf.rect(0, 0, 210, 297, style="F")

    raw = _pdf(draw)
    picture = page_picture(raw, Document("a.pdf", "", "A title"), 1, [], 300)
    assert picture.width == 300
    assert Image.open(BytesIO(picture.png)).getpixel((150, 200)) == (200, 0, 50)


def _many_pages(count: int) -> tuple[bytes, Document]:
    pdf = FPDF()
    for number in range(1, count + 1):
        pdf.add_page()
        pdf.set_font("Helvetica", size=11)
        for row in range(10):
            pdf.text(20, 20 + 5 * row, f"Page {number} of many. The repair cost the town four million.")
    raw = bytes(pdf.output())
    return raw, _document(raw)


def test_last_of_many_pages_takes_no_longer_than_of_few() -> None:
    def seconds(count: int) -> float:
        raw, document = _many_pages(count)
        extent = _extent(document, f"Page {count} of many")
        picture = page_picture(raw, document, count, [extent])
        assert [_under(raw, count, box) for box in picture.boxes[0]] == [f"Page {count} of many"]
        return cpu_seconds(lambda: page_picture(raw, document, count, [extent]))

    # A hundred times the pages; rendering each would take a hundred times as long.
    assert seconds(1_000) < 20 * seconds(10)
