"""Files made to take long or much memory give their text, or one line, within the limits of reading a file."""

import io
import re
import zipfile
from collections.abc import Callable, Iterator
from email.message import EmailMessage

import openpyxl
import pytest
from pptx import Presentation

from rag.errors import DocumentError
from rag.formats import Remark
from rag.sources.parse_process import FileLimits, ParseProcess
from tests.formats.test_odt import _odt
from tests.sources.test_parse_process import needs_memory_limit

DEPTH = 100_000

SHEET, SLIDE = "xl/worksheets/sheet1.xml", "ppt/slides/slide1.xml"


@pytest.fixture(scope="module")
def process() -> Iterator[ParseProcess]:
    with ParseProcess() as process:
        yield process


def _xlsx(change: Callable[[bytes], bytes] = lambda xml: xml, part: str = SHEET) -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Words"])
    saved = io.BytesIO()
    book.save(saved)
    return _changed(saved.getvalue(), part, change)


def _pptx(change: Callable[[bytes], bytes] = lambda xml: xml) -> bytes:
    made = Presentation()
    made.slides.add_slide(made.slide_layouts[5]).shapes.title.text = "Words"
    saved = io.BytesIO()
    made.save(saved)
    return _changed(saved.getvalue(), SLIDE, change)


def _changed(raw: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            content = source.read(part)
            target.writestr(part, change(content) if part == name else content)
    return packed.getvalue()


def _nested(start: bytes, end: bytes, before: bytes) -> Callable[[bytes], bytes]:
    """Puts elements within each other before a tag."""
    return lambda xml: xml.replace(before, start * DEPTH + end * DEPTH + before, 1)


def _repeated(element: bytes, count: int, before: bytes) -> Callable[[bytes], bytes]:
    """Puts copies of an element before a tag."""
    return lambda xml: xml.replace(before, element * count + before, 1)


def _multiparts(depth: int) -> bytes:
    """Multiparts within each other around one text."""
    head = b"Subject: Pier\nMIME-Version: 1.0\n"
    opened = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth))
    closed = b"".join(b"\n--b%d--\n" % n for n in reversed(range(depth)))
    return head + opened + b"\nWords.\n" + closed


def _messages(depth: int) -> bytes:
    """Messages attached to each other."""
    message = EmailMessage()
    for number in range(depth):
        inner, message = message, EmailMessage()
        message["Subject"] = f"Message {depth - number}"
        message.set_content("Words.")
        if number:
            message.add_attachment(inner)
    return message.as_bytes()


def _parts(count: int, name: str) -> bytes:
    """Attachments of one name."""
    part = f'--b\nContent-Disposition: attachment; filename="{name}"\n\nWords.\n'
    return (f"Subject: Pier\nContent-Type: multipart/mixed; boundary=b\n\n{part * count}--b--\n").encode()


@pytest.mark.parametrize(
    ("name", "raw", "reason"),
    [
        ("a.pptx", _pptx(_nested(b"<p:grpSp>", b"</p:grpSp>", b"</p:spTree>")), "is damaged or not a PPTX file"),
        ("a.odt", _odt("<text:p>" * DEPTH + "</text:p>" * DEPTH), "is damaged or not an ODT file"),
        ("a.eml", _multiparts(5_000), r"cannot be read \(RecursionError: maximum recursion depth exceeded"),
    ],
    ids=["pptx", "odt", "eml"],
)
def test_file_nested_too_deep_is_refused(process: ParseProcess, name: str, raw: bytes, reason: str) -> None:
    with pytest.raises(DocumentError, match=f"^{reason}[^\n]*$"):
        process.parse(name, raw)
    assert process.parse("b.md", b"Words.").documents[0].text == "Words."


@pytest.mark.parametrize(
    ("name", "raw", "text"),
    [
        ("a.xlsx", _xlsx(_nested(b"<ext>", b"</ext>", b"</worksheet>")), "Words"),
        ("a.xlsx", _xlsx(_nested(b"<c>", b"</c>", b"</row>")), "Words"),
        ("a.rtf", rb"{\rtf1 Words." + b"{" * DEPTH + b"}" * DEPTH + b"}", "Words."),
        ("a.rtf", rb"{\rtf1 Words." + rb"{\footnote " * DEPTH + b"}" * DEPTH + b"}", "Words."),
        ("a.eml", _multiparts(50), "Subject: Pier\n\nWords."),
    ],
    ids=["sheet", "cells", "groups", "footnotes", "multiparts"],
)
def test_file_nested_deep_is_read(process: ParseProcess, name: str, raw: bytes, text: str) -> None:
    assert process.parse(name, raw).documents[0].text == text


def test_messages_fifty_deep_are_read_to_a_depth_of_five(process: ParseProcess) -> None:
    parsed = process.parse("a.eml", _messages(50))
    assert [document.title for document in parsed.documents] == [f"Message {number}" for number in range(1, 7)]
    (skipped,) = parsed.skipped
    assert skipped == Remark("a.eml" + "/message.eml" * 6, "lies in more than 5 messages within each other; save it")


def test_attachments_of_one_name_take_linear_time(process: ParseProcess) -> None:
    parsed = process.parse("a.eml", _parts(20_000, "note.txt"))
    assert [document.id for document in parsed.documents[1:4]] == [
        "a.eml/note.txt", "a.eml/note (2).txt", "a.eml/note (3).txt",
    ]  # fmt: skip
    assert len({document.id for document in parsed.documents}) == 20_001


@pytest.mark.parametrize(
    "table",
    [r"\f0", r"\f0 ", r"{\f0\fnil", r"\fcharset0", r"\f0\fcharset0 a", r"\f0\fcharset0;", "0", r"{\fonttbl\f0", "{"],
)
def test_font_table_of_a_repeated_unit_takes_linear_time(process: ParseProcess, table: str) -> None:
    fonts = table * (400_000 // len(table))
    closed = "}" * fonts.count("{")
    raw = rf"{{\rtf1{{\fonttbl{{\f0{fonts}{closed}}}{{\f7\fcharset204 Arial;}}}}\f7\'e4\'e0.}}".encode()
    assert process.parse("a.rtf", raw).documents[0].text == "да."


@pytest.mark.parametrize(
    "unit",
    [
        r"\par ",
        r"\cell",
        r"\row ",
        r"\line",
        r"\u1?",
        r"\'e9",
        r"\field{\*\fldinst{",
        "}",
        "\\",
        r"{\info{",
        r"\pict",
        r"\bin1 ",
        r"{\header ",
    ],
)
def test_rtf_of_a_repeated_unit_takes_linear_time(process: ParseProcess, unit: str) -> None:
    try:
        parsed = process.parse("a.rtf", rb"{\rtf1 Words.\par " + (unit * (400_000 // len(unit))).encode())
    except DocumentError as error:
        assert not re.search(r"\n|takes longer", str(error))
    else:
        assert parsed.documents[0].text.startswith("Words.")


def test_repeated_cells_of_a_table_are_limited(process: ParseProcess) -> None:
    cell = '<table:table-cell table:number-columns-repeated="999999999"><text:p>x</text:p></table:table-cell>'
    table = f"<table:table><table:table-row>{cell}</table:table-row></table:table>"
    text = process.parse("a.odt", _odt(table)).documents[0].text
    assert text == "\t".join(["x"] * 1_000)


def test_merged_cells_and_distant_rows_take_little(process: ParseProcess) -> None:
    def change(xml: bytes) -> bytes:
        far = b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>Far</t></is></c></row></sheetData>'
        merged = b'<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'
        return xml.replace(b"</sheetData>", far + merged)

    assert process.parse("a.xlsx", _xlsx(change)).documents[0].text.endswith("Far")


@needs_memory_limit
@pytest.mark.parametrize(
    ("name", "make"),
    [
        (
            "a.xlsx",
            lambda: _xlsx(_repeated(b"<row><c><v>1</v></c></row>", 3_000_000, b"</sheetData>")),
        ),
        ("a.pptx", lambda: _pptx(_repeated(b"<p:sp/>", 12_000_000, b"</p:spTree>"))),
        ("a.odt", lambda: _odt("<text:p>a</text:p>" * 4_000_000)),
        ("a.rtf", lambda: rb"{\rtf1 " + rb"x\par " * 3_000_000 + b"}"),
        ("a.eml", lambda: _parts(200_000, "note.txt")),
    ],
    ids=["xlsx", "pptx", "odt", "rtf", "eml"],
)
def test_file_that_needs_too_much_memory_is_named(name: str, make: Callable[[], bytes]) -> None:
    with (
        ParseProcess(FileLimits(megabytes=150)) as process,
        pytest.raises(DocumentError, match=r"^needs more than 150 MB of memory to read; split it, or raise the"),
    ):
        process.parse(name, make())


@pytest.mark.parametrize(
    ("name", "raw"),
    [("a.pptx", _pptx()), ("a.xlsx", _xlsx()), ("a.odt", _odt("<text:p>Words</text:p>"))],
    ids=["pptx", "xlsx", "odt"],
)
def test_zip_bomb_is_refused_before_it_is_unpacked(process: ParseProcess, name: str, raw: bytes) -> None:
    packed = io.BytesIO(raw)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_DEFLATED) as package:
        package.writestr("extra.xml", b" " * 110_000_000)
    with pytest.raises(DocumentError, match=r"^its XML would unpack to 110 MB; the limit is 100 MB"):
        process.parse(name, packed.getvalue())
