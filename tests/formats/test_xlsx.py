import io
import re
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime
from xml.sax.saxutils import escape

import openpyxl
import pytest
import xlsxwriter
from openpyxl.chart import BarChart
from openpyxl.comments import Comment
from openpyxl.styles import Font
from openpyxl.workbook import Workbook
from PIL import Image

from rag.errors import DocumentError
from rag.formats import Remark, parse
from rag.types import Document

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


def _saved(book: Workbook) -> bytes:
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def _book(*rows: list[object], title: str = "Towns") -> Workbook:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    return book


def _document(book: Workbook) -> Document:
    parsed = parse("book.xlsx", _saved(book))
    assert parsed.warnings == []
    return parsed.documents[0]


def _changed(raw: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The package with another content of one part."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            content = source.read(part)
            target.writestr(part, change(content) if part == name else content)
    return packed.getvalue()


def _lines(document: Document) -> list[str]:
    return document.text.split("\n\n")


TABLE: list[list[object]] = [
    ["Town", "Population", "Founded", "Mayor"],
    ["Vellin", 41200, date(1911, 3, 5), "Aiko\nLind\xadqvist"],
    ["Osterby", 9000, None, "Paul Renner"],
]


def test_row_repeats_the_names_of_its_columns_with_values_as_shown() -> None:
    book = _book(*TABLE)
    sheet = book["Towns"]
    sheet["B2"].number_format = "#,##0"
    sheet["C2"].number_format = "d mmmm yyyy"
    document = _document(book)
    assert _lines(document) == [
        "Town\tPopulation\tFounded\tMayor",
        "Town: Vellin\tPopulation: 41,200\tFounded: 5 March 1911\tMayor: Aiko Lindqvist",
        "Town: Osterby\tPopulation: 9000\tMayor: Paul Renner",
    ]
    for words, cell in [("Population\t", "B1"), ("41,200", "B2"), ("Paul", "D3"), ("Town: Osterby", "A3")]:
        assert document.place(document.text.index(words)).heading == f"cell {cell}"


def test_large_sheet_has_a_place_for_each_row() -> None:
    document = _document(_book(TABLE[0], *([f"T{i}", i, None, "M"] for i in range(4_000))))
    assert len(document.places) == 4_001
    assert document.place(document.text.index("Population: 7\t")).heading == "cell A9"


def test_each_sheet_is_a_document_named_by_its_number() -> None:
    book = _book(*TABLE)
    book.create_sheet("Empty")
    book.create_sheet("Sheet3")["B2"] = "Words."
    properties = book.properties
    properties.title, properties.creator = "Coast", "Ana Ruiz"
    properties.created = properties.modified = datetime(2024, 3, 5, tzinfo=UTC).replace(tzinfo=None)
    raw = _saved(book)
    documents = parse("a/book.xlsx", raw).documents
    assert [(d.id, d.title) for d in documents] == [("a/book.xlsx#1", "Coast: Towns"), ("a/book.xlsx#3", "Coast")]
    assert documents[1].text == "Words."
    metadata = documents[0].metadata
    assert (metadata["title"], metadata["author"], metadata["sheet"]) == ("Coast", "Ana Ruiz", "Towns")
    properties.title = None
    assert [d.title for d in parse("a/book.xlsx", _saved(book)).documents] == ["Towns", "book#3"]


def test_titles_notes_and_a_second_table_have_their_own_names() -> None:
    book = _book(
        ["Towns of the coast"], TABLE[0], *TABLE[1:2], [], TABLE[2], ["Source: harbour office"], [],
        ["Pier", "Length"], ["East", 120],
    )  # fmt: skip
    lines = _lines(_document(book))
    assert lines[0] == "Towns of the coast"
    assert lines[3:] == [
        "Town: Osterby\tPopulation: 9000\tMayor: Paul Renner",
        "Source: harbour office",
        "Pier\tLength",
        "Pier: East\tLength: 120",
    ]


def test_rows_of_a_table_without_names_stay_as_they_are() -> None:
    assert _lines(_document(_book(["Vellin", 3], ["Osterby", 4]))) == ["Vellin\t3", "Osterby\t4"]
    years = _document(_book(["Town", 2010, 2020], ["Vellin", 1, 2]))
    assert _lines(years)[1] == "Town: Vellin\t2010: 1\t2020: 2"


def test_bold_row_names_the_columns_of_a_later_table() -> None:
    book = _book(["a", 1], ["b", 2], [], ["Town", "Mayor"], ["Vellin", "Aiko"], [], ["Pier", "Warden"], ["East", "Ana"])
    for cell in (*book["Towns"][4], *book["Towns"][7]):
        cell.font = Font(bold=True)
    assert _lines(_document(book))[3::2] == ["Town: Vellin\tMayor: Aiko", "Pier: East\tWarden: Ana"]


def test_merged_cells_count_for_their_rows_and_their_columns() -> None:
    book = _book(["Region", "Population", None, "Area"], [None, 2010, 2020, None], ["North", 1, 2, 3], [None, 4, 5, 6])
    for extent in ("A1:A2", "B1:C1", "D1:D2", "A3:A4"):
        book["Towns"].merge_cells(extent)
    document = _document(book)
    assert _lines(document)[2:] == [
        "Region: North\tPopulation 2010: 1\tPopulation 2020: 2\tArea: 3",
        "Region: North\tPopulation 2010: 4\tPopulation 2020: 5\tArea: 6",
    ]
    assert document.place(document.text.rindex("North")).heading == "cell A3"


def test_what_is_not_read_is_counted() -> None:
    book = _book(*TABLE, ["Sum", "=SUM(B2:B3)"])
    sheet = book["Towns"]
    sheet["A1"].comment = Comment("Check this.", "Ana")
    sheet.add_chart(BarChart(), "G1")
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    sheet.add_image(openpyxl.drawing.image.Image(picture), "G9")
    book.create_sheet("Costs").sheet_state = "hidden"
    book["Costs"]["A1"] = "secret"
    sheet.oddHeader.center.text = "Draft"
    sheet.oddFooter.center.text = "Page &P of &N"
    raw = _saved(book)
    with zipfile.ZipFile(added := io.BytesIO(raw), "a") as package:
        for part in ("xl/embeddings/oleObject1.bin", "xl/diagrams/data1.xml", "xl/diagrams/layout1.xml"):
            package.writestr(part, "<a/>")
    parsed = parse("book.xlsx", added.getvalue())
    assert [d.id for d in parsed.documents] == ["book.xlsx#1"]
    assert "secret" not in parsed.documents[0].text
    assert parsed.warnings == [
        Remark("book.xlsx", "1 formula without a stored value is not read; open the file in Excel and save it"),
        Remark(
            "book.xlsx",
            "1 comment, 1 picture, 1 chart, 1 embedded object, 1 diagram, 1 page header and 1 hidden sheet "
            "are not read",
        ),
    ]


@pytest.mark.parametrize(
    ("footer", "has_words"),
    [
        ('&C&"Times New Roman,Regular"&12Page &P of &N', False),
        ("&LSeite &P&R&P/&N", False),
        ("&R&P+1", False),
        ("&L&D&C&F", False),
        ("&LConfidential&CPage &P", True),
        ("&CConfidential &P", True),
        ("&C" + "a" * 100_000, True),
    ],
)
def test_page_numbers_alone_are_no_words_of_a_footer(footer: str, has_words: bool) -> None:
    book = _book(*TABLE)
    raw = _saved(book)
    part = "xl/worksheets/sheet1.xml"
    added = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as old, zipfile.ZipFile(added, "w") as package:
        for name in old.namelist():
            content = old.read(name)
            if name == part:
                margin = f"<headerFooter><oddFooter>{escape(footer)}</oddFooter></headerFooter></worksheet>"
                content = content.replace(b"</worksheet>", margin.encode())
            package.writestr(name, content)
    remarks = [remark.text for remark in parse("book.xlsx", added.getvalue()).warnings]
    assert remarks == (["1 page footer is not read"] if has_words else [])


def test_stored_values_of_formulas_are_read() -> None:
    raw = _saved(_book(["Sum", "=1+1"]))
    sheet = "xl/worksheets/sheet1.xml"
    stored = _changed(raw, sheet, lambda xml: re.sub(rb"</f><v ?/>|</f><v></v>", rb"</f><v>2</v>", xml))
    parsed = parse("book.xlsx", stored)
    assert (parsed.documents[0].text, parsed.warnings) == ("Sum\t2", [])


def test_false_dimensions_of_a_sheet_are_ignored() -> None:
    raw = _changed(
        _saved(_book(["Words."])), "xl/worksheets/sheet1.xml",
        lambda xml: xml.replace(b'ref="A1:A1"', b'ref="A1:XFD1048576"').replace(b'ref="A1"', b'ref="A1:XFD1048576"'),
    )  # fmt: skip
    assert b"XFD1048576" in zipfile.ZipFile(io.BytesIO(raw)).read("xl/worksheets/sheet1.xml")
    assert parse("book.xlsx", raw).documents[0].text == "Words."


def test_workbook_in_an_archive_is_read() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as target:
        target.writestr("in/book.xlsx", _saved(_book(["Words."])))
    assert [d.id for d in parse("a.zip", packed.getvalue()).documents] == ["a.zip/in/book.xlsx#1"]


def test_unreadable_workbook_is_rejected_with_remedy() -> None:
    raw = _saved(_book(["Words."]))
    damaged = "is damaged or not an XLSX file; open it in Excel or LibreOffice and save it again"
    sheet = "xl/worksheets/sheet1.xml"
    for bad, message in [
        (OLE + b"x" * 600, "is protected by a password, or an old .xls file; save it as .xlsx without a password"),
        (raw[:-40], "is damaged or not XLSX: not a zip file inside; save it as XLSX again"),
        (_changed(raw, sheet, lambda xml: xml[:-30]), damaged),
        (_changed(raw, "xl/workbook.xml", lambda xml: b""), damaged),
        (_changed(raw, "xl/workbook.xml", lambda xml: b"<a xmlns='http://purl.oclc.org/ooxml/spreadsheetml/main'/>"),
         "is a Strict Open XML file; save it as an ordinary Excel workbook"),
        (_saved(openpyxl.Workbook()), "there is no text in it"),
    ]:  # fmt: skip
        with pytest.raises(DocumentError, match=message):
            parse("book.xlsx", bad)


@pytest.mark.parametrize("part", ["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml"])
def test_entity_bomb_is_rejected(part: str) -> None:
    entities = '<!DOCTYPE w [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )

    def with_entities(xml: bytes) -> bytes:
        root = re.sub(rb"^<\?xml[^>]*\?>", b"", xml)
        return entities.encode() + b"]>" + re.sub(rb"Words\.|(?<=<v>)0(?=</v>)", b"&j;", root)

    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        book.add_worksheet().write(0, 0, "Words.")
    assert parse("book.xlsx", made.getvalue()).documents[0].text == "Words."
    bomb = _changed(made.getvalue(), part, with_entities)
    assert b"&j;" in zipfile.ZipFile(io.BytesIO(bomb)).read(part)
    with pytest.raises(DocumentError, match="is damaged or not an XLSX file"):
        parse("book.xlsx", bomb)


def test_zip_bomb_is_rejected_before_unpacking() -> None:
    raw = _changed(_saved(_book(["Words."])), "xl/worksheets/sheet1.xml", lambda xml: b" " * 150_000_000)
    with pytest.raises(DocumentError, match="its XML would unpack to 150 MB; the limit is 100 MB"):
        parse("book.xlsx", raw)
