"""Pictures as files: read by OCR as pages, and named where it may not read them."""

from io import BytesIO

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont, ImageOps

from rag.errors import DocumentError
from rag.formats import Parsed, Remark, parse
from rag.formats.ocr import Allowance, allowing
from rag.formats.pdf.render import page_picture, page_sizes
from rag.formats.pdf.tall_image import MAX_PAGES, is_tall, page_boxes
from rag.types import Document
from tests.formats.scans import scanned

LINES = ["The toll of the Karst bridge", "is four crowns since May 2023."]


def _picture(lines: list[str]) -> Image.Image:
    with pypdfium2.PdfDocument(scanned([lines])) as pdf:
        page: Image.Image = pdf[0].render(scale=1.5).to_pil()
    return page.crop((0, 0, page.width, page.height // 3))


def _saved(image: Image.Image, kind: str, **options: object) -> bytes:
    saved = BytesIO()
    image.save(saved, kind, **options)
    return saved.getvalue()


def _screenshot(lines: list[str], size: tuple[int, int], spacing: int) -> Image.Image:
    """Black text of 16 pixels beside a vertical rule; each line ``spacing`` pixels below the one before."""
    image = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(image)
    draw.line((8, 0, 8, size[1]), "black", 3)
    font = ImageFont.load_default(size=16)
    for number, line in enumerate(lines):
        draw.text((20, 10 + spacing * number), line, "black", font)
    return image


def _read(name: str, raw: bytes, pages: int = 100) -> Parsed:
    with allowing(Allowance(pages)):
        return parse(name, raw)


def test_picture_is_read_as_a_page_with_word_boxes() -> None:
    raw = _saved(_picture(LINES), "PNG")
    parsed = _read("scans/toll.PNG", raw)
    document = parsed.documents[0]
    assert document.text == "\n".join(LINES)
    assert (document.title, document.metadata, document.places[0].page) == ("toll", {}, 1)
    assert parsed.warnings == [Remark("scans/toll.PNG", "1 page read by OCR; compare quotes with the page")]
    assert "".join(document.text[word.start : word.end] for word in document.ocr) == "".join(document.text.split())
    assert all(0.8 < word.score <= 1 for word in document.ocr)
    start = document.text.index("four crowns")
    picture = page_picture(raw, document, 1, [(start, start + len("four crowns"))], width=900)
    ((box,),) = picture.boxes
    # Dark ink lies within the box, and only white above and below the lines.
    shown = Image.open(BytesIO(picture.png)).convert("L")
    left, top = box.left * picture.width, box.top * picture.height
    inside = shown.crop((round(left), round(top), round(left + box.width * picture.width),
                         round(top + box.height * picture.height)))  # fmt: skip
    assert inside.getextrema()[0] < 100
    assert 0.05 < box.width < 0.3


def test_frames_of_a_tiff_are_pages() -> None:
    first, second = _picture(LINES), _picture(["The ferry leaves at nine."]).convert("1")
    raw = _saved(first, "TIFF", save_all=True, append_images=[second])
    document = _read("a.tiff", raw).documents[0]
    assert [(place.page, document.text[place.start :][:9]) for place in document.places] == [
        (1, "The toll "),
        (2, "The ferry"),
    ]
    assert [round(width) for width, _ in page_sizes("a.tiff", raw)] == [842, 842]


@pytest.mark.parametrize("kind", ["turned", "transparent", "16 bits"])
def test_pictures_are_read_as_a_viewer_shows_them(kind: str) -> None:
    page = _picture(LINES)
    if kind == "turned":
        exif = Image.Exif()
        exif[0x0112] = 6  # turn by 90 degrees to the right
        raw = _saved(page.rotate(90, expand=True), "JPEG", quality=90, exif=exif)
    elif kind == "transparent":
        ink = Image.new("RGBA", page.size, "black")
        ink.putalpha(ImageOps.invert(page.convert("L")))
        raw = _saved(ink, "PNG")
    else:
        raw = _saved(page.convert("L").convert("I").point(lambda value: value * 256).convert("I;16"), "PNG")
    assert _read("a.jpg", raw).documents[0].text == "\n".join(LINES)


def test_picture_that_ocr_may_not_read_is_named() -> None:
    raw = _saved(_picture(LINES), "PNG")
    with pytest.raises(DocumentError, match=r"^is a picture, which is not read; OCR is turned off, so raise --max-ocr"):
        parse("a.png", raw)


def test_picture_without_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("ocr", "pdf.remarks"):
        monkeypatch.setattr(f"rag.formats.{module}.is_installed", lambda: False)
    with pytest.raises(DocumentError, match=r"^is a picture, which is not read; to read scans by OCR, pip install"):
        parse("a.png", _saved(_picture(LINES), "PNG"))


@pytest.mark.parametrize(("kind", "pages"), [(0, 2), (1, 1)])
def test_smaller_version_of_a_frame_is_no_page(kind: int, pages: int) -> None:
    page = _picture(LINES)
    small = page.reduce(4)
    small.encoderinfo = {"tiffinfo": {254: kind}}
    assert len(page_sizes("a.tif", _saved(page, "TIFF", save_all=True, append_images=[small]))) == pages


def test_picture_of_too_many_pixels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = _saved(_picture(LINES), "PNG")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    with pytest.raises(DocumentError, match=r"^has too many pixels; save it at a lower resolution$"):
        _read("a.png", raw)


@pytest.mark.parametrize("raw", [b"no picture", b"\x89PNG\r\n\x1a\n cut", b"GIF89a\x01\x00\x01\x00\x00\x00\x00;"])
def test_damaged_picture_is_refused(raw: bytes) -> None:
    with pytest.raises(DocumentError, match=r"^is damaged or not a picture; open it in a viewer and save it again$"):
        _read("a.png", raw)


def test_picture_without_text_is_refused() -> None:
    with pytest.raises(DocumentError, match=r"^has no text in its 1 page, and OCR found none"):
        _read("a.png", _saved(Image.new("RGB", (300, 200), "white"), "PNG"))


def test_tall_screenshot_is_read_in_pages_with_word_boxes() -> None:
    towns = "Oslo Riga Turku Visby Tartu Narva Memel Lund Gdansk Kiel Malmo Vaasa".split()
    lines = [f"The ferry to {town} leaves the harbour." for town in towns]
    raw = _saved(_screenshot(lines, (400, 3_600), 300), "PNG")
    document = _read("page.png", raw).documents[0]
    assert document.text.split() == " ".join(lines).split()
    sizes = page_sizes("page.png", raw)
    assert [place.page for place in document.places] == list(range(1, len(sizes) + 1))
    assert len({round(width, 3) for width, _ in sizes}) == 1
    start = document.text.index("Malmo") - len("to ")
    number = max(place.page or 0 for place in document.places if place.start <= start)
    picture = page_picture(raw, document, number, [(start, start + len("to Malmo"))], width=400)
    ((box,),) = picture.boxes
    # Of all pages above one another, the box is over the eleventh line.
    above = sum(height for _, height in sizes[: number - 1])
    _, height = sizes[number - 1]
    middle = above + (box.top + box.height / 2) * height
    assert middle / sum(height for _, height in sizes) == pytest.approx((10 + 300 * 10 + 9) / 3_600, abs=0.002)
    assert 0.2 < box.left < 0.6


def test_tall_picture_is_cut_between_lines_of_text() -> None:
    image = _screenshot(
        ["Letters of a paragraph, with gaps of a few pixels between its lines."] * 400, (900, 9_000), 22
    )
    boxes = page_boxes(image)
    assert [upper for _, upper, _, _ in boxes] == [0, *(lower for *_, lower in boxes[:-1])]
    assert boxes[-1][3] == 9_000
    assert all(900 * 0.8 < lower - upper < 900 * 1.8 for _, upper, _, lower in boxes)
    for _, _, _, lower in boxes[:-1]:
        gap = image.crop((20, lower - 2, 900, lower + 2))
        assert gap.getextrema() == ((255, 255),) * 3


@pytest.mark.parametrize(
    ("size", "tall"),
    [
        ((900, 9_000), True), ((1_080, 2_640), True), ((1_080, 2_340), False), ((900, 1_500), False),
        ((3_440, 1_440), False), ((1_700, 44), False), ((1, 60_000), False),
    ],
)  # fmt: skip
def test_only_tall_pictures_are_cut(size: tuple[int, int], tall: bool) -> None:
    assert is_tall(size) is tall


def test_number_of_pages_is_limited() -> None:
    assert len(page_boxes(Image.new("L", (100, 40_000), "white"))) == MAX_PAGES


def test_large_letters_are_not_cut() -> None:
    image = Image.new("L", (600, 1_800), "white")
    draw = ImageDraw.Draw(image)
    font = ImageFont.load_default(size=120)
    for number in range(13):
        draw.text((20, 140 * number), "HILL", "black", font)
    for _, _, _, lower in page_boxes(image)[:-1]:
        assert image.crop((0, lower - 2, 600, lower + 2)).getextrema() == (255, 255)


def test_page_of_a_tiff_is_drawn_without_decoding_the_others() -> None:
    first, second = _picture(LINES), _picture(["The ferry leaves at nine."])
    raw = _saved(first, "TIFF", save_all=True, append_images=[second, first], compression="tiff_deflate")
    with Image.open(BytesIO(raw)) as image:
        image.seek(1)
        (at, *_), (length, *_) = image.tag_v2[273], image.tag_v2[279]
    damaged = raw[:at] + bytes(length) + raw[at + length :]
    document = Document("a.tif", "", "A title")
    assert page_picture(damaged, document, 3, []).png == page_picture(raw, document, 1, []).png
    assert len(page_sizes("a.tif", damaged)) == 3
    with pytest.raises(DocumentError, match=r"^is damaged or not a picture"):
        page_picture(damaged, document, 2, [])
