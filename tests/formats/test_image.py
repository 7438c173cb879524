"""Pictures as files: read by OCR as pages, and named where it may not read them."""

from io import BytesIO

import pypdfium2
import pytest
from PIL import Image, ImageOps

from rag.errors import DocumentError
from rag.formats import Parsed, Remark, parse
from rag.formats.ocr import Allowance, allowing
from rag.formats.pdf.render import page_picture, page_sizes
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
