import io
import zipfile
from copy import deepcopy
from datetime import UTC, datetime

import docx
import pytest
from fpdf import FPDF

from rag.errors import DocumentError
from rag.formats import parse

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
NAMESPACES = (
    f'xmlns:w="{WORD}" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def _zipped(parts: dict[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content)
    return packed.getvalue()


def _hand_made(body: str, doctype: str = "", notes: str = "") -> bytes:
    """The smallest package that is a DOCX; python-docx has no part in it."""
    types = "".join(
        f'<Override PartName="/word/{name}.xml" '
        f'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.{kind}+xml"/>'
        for name, kind in (("document", "document.main"), ("footnotes", "footnotes"), ("styles", "styles"))
    )
    return _zipped(
        {
            "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
            f'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>{types}</Types>',
            "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships"><Relationship Id="r1" '
            f'Type="{OFFICE}/officeDocument" Target="word/document.xml"/></Relationships>',
            "word/_rels/document.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
            f'<Relationship Id="r1" Type="{OFFICE}/footnotes" Target="footnotes.xml"/>'
            f'<Relationship Id="r2" Type="{OFFICE}/styles" Target="styles.xml"/></Relationships>',
            "word/document.xml": f"{doctype}<w:document {NAMESPACES}><w:body>{body}</w:body></w:document>",
            "word/footnotes.xml": f"<w:footnotes {NAMESPACES}>{notes}</w:footnotes>",
            "word/styles.xml": f'<w:styles {NAMESPACES}><w:style w:type="paragraph" w:styleId="berschrift1">'
            f'<w:name w:val="heading 1"/></w:style></w:styles>',
        }
    )


def _run(text: str) -> str:
    return f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'


def test_blocks_keep_their_order_and_headings_are_places() -> None:
    made = docx.Document()
    made.core_properties.title = "On the bridge"
    made.core_properties.author = "Ana Ruiz"
    made.core_properties.modified = datetime(2024, 3, 5, 12, tzinfo=UTC)
    made.add_heading("The bridge", 0)
    made.add_paragraph("It is open\tagain.\nReally.")
    made.add_heading("What it cost", 1)
    made.add_paragraph("the deck", style="List Bullet")
    made.add_paragraph("the bearings", style="List Number")
    table = made.add_table(2, 2)
    for i, text in enumerate(["Part", "Cost\nin euros", "Deck", "2.9 million"]):
        table.cell(i // 2, i % 2).text = text
    made.add_paragraph("")
    made.add_paragraph("The end.")
    saved = io.BytesIO()
    made.save(saved)
    document = parse("a.docx", saved.getvalue()).documents[0]
    assert document.text == (
        "The bridge\n\nIt is open\tagain.\nReally.\n\nWhat it cost\n\n- the deck\n1. the bearings\n\n"
        "Part\tCost in euros\nDeck\t2.9 million\n\nThe end."
    )
    assert [(place.heading, place.start) for place in document.places] == [
        ("The bridge", 0), ("What it cost", document.text.index("What it cost")),
    ]  # fmt: skip
    assert document.place(document.text.index("2.9")).heading == "What it cost"
    assert document.title == "On the bridge"
    assert document.metadata == {"title": "On the bridge", "author": "Ana Ruiz", "date": "2024-03-05"}


def test_wrapped_text_is_read_and_deleted_text_is_not() -> None:
    body = (
        f'<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr>{_run("Die Brücke")}</w:p>'
        f"<w:sdt><w:sdtContent><w:p>{_run('In a control.')}</w:p></w:sdtContent></w:sdt>"
        f'<w:p>{_run("Kept")}<w:ins w:id="1">{_run(" inserted")}</w:ins>'
        f'<w:del w:id="2"><w:r><w:delText> deleted</w:delText></w:r></w:del>'
        f"<w:hyperlink>{_run(' linked')}</w:hyperlink><w:r><w:noBreakHyphen/></w:r>{_run('end')}"
        f'<w:r><w:br w:type="page"/></w:r></w:p>'
        f"<w:p>{_run('Beside')}<w:r><mc:AlternateContent><mc:Choice Requires='wps'><wps:txbx><w:txbxContent><w:p>"
        f"{_run('Boxed.')}</w:p></w:txbxContent></wps:txbx></mc:Choice><mc:Fallback><w:txbxContent><w:p>"
        f"{_run('Boxed.')}</w:p></w:txbxContent></mc:Fallback></mc:AlternateContent></w:r></w:p>"
    )
    notes = (
        f'<w:footnote w:type="separator" w:id="-1"><w:p>{_run("---")}</w:p></w:footnote>'
        f'<w:footnote w:id="1"><w:p>{_run(" A note.")}</w:p></w:footnote>'
    )
    document = parse("papers/b.docx", _hand_made(body, notes=notes)).documents[0]
    assert document.text == "Die Brücke\n\nIn a control.\n\nKept inserted linked-end\n\nBeside\n\nBoxed.\n\nA note."
    assert (document.title, document.places[0].heading) == ("Die Brücke", "Die Brücke")
    assert document.metadata == {}


def test_non_docx_file_is_rejected_with_remedy() -> None:
    pdf = FPDF()
    pdf.add_page()
    for raw, message in [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "protected by a password, or an old .doc file; save it as"),
        (bytes(pdf.output()), "is damaged or not DOCX: not a zip file inside; save it as DOCX again"),
        (_hand_made("<w:p/>")[:-40], "not a zip file inside"),
        (_zipped({"readme.txt": "x"}), "is damaged or not a DOCX file; open it in Word or LibreOffice"),
        (_hand_made("<w:p>"), "is damaged or not a DOCX file; open it in Word or LibreOffice"),
        (_hand_made("<w:p/>"), "there is no text in it"),
    ]:  # fmt: skip
        with pytest.raises(DocumentError, match=message):
            parse("a.docx", raw)


def test_zip_bomb_is_rejected_before_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package, package.open("word/document.xml", "w") as part:
        for _ in range(150):
            part.write(b" " * 1_000_000)
    opened: list[object] = []
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda self, name, *args, **kwargs: opened.append(name))
    with pytest.raises(
        DocumentError, match=r"its XML would unpack to 150 MB; the limit is 100 MB, so it may be a zip bomb"
    ):
        parse("a.docx", packed.getvalue())
    assert opened == []


def test_entity_bomb_is_rejected() -> None:
    doctype = '<!DOCTYPE w [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    raw = _hand_made(f"<w:p>{_run('Words.')}{_run('&j;')}</w:p>", doctype + "]>")
    with pytest.raises(DocumentError, match="is damaged or not a DOCX file"):
        parse("a.docx", raw)


def test_empty_and_merged_cells_keep_their_columns() -> None:
    made = docx.Document()
    table = made.add_table(3, 3)
    for row, texts in enumerate([["", "Sales", ""], ["North", "1", "2"], ["", "", "4"]]):
        for column, text in enumerate(texts):
            table.cell(row, column).text = text
    table.cell(0, 1).merge(table.cell(0, 2))
    table.cell(1, 0).merge(table.cell(2, 0))
    saved = io.BytesIO()
    made.save(saved)
    assert parse("a.docx", saved.getvalue()).documents[0].text == "\tSales\nNorth\t1\t2\nNorth\t\t4"


def _changed(raw: bytes, changes: dict[str, tuple[bytes, bytes]], **added: bytes) -> bytes:
    """A package with replacements in some parts, and with more parts."""
    with zipfile.ZipFile(io.BytesIO(raw)) as package:
        parts: dict[str, str | bytes] = {name: package.read(name) for name in package.namelist()}
    for name, (old, new) in changes.items():
        content = parts[name]
        assert isinstance(content, bytes) and old in content
        parts[name] = content.replace(old, new)
    return _zipped(parts | {f"word/{name.replace('_', '.')}": content for name, content in added.items()})


def _saved(made: docx.document.Document) -> bytes:
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def test_numbers_are_part_of_headings_items_and_cells() -> None:
    made = docx.Document()
    made.add_paragraph("The rent is 900.", style="List Number")
    made.add_paragraph("", style="List Number")
    made.add_table(1, 1).cell(0, 0).paragraphs[0].style = made.styles["List Number"]
    made.tables[0].cell(0, 0).paragraphs[0].text = "In a cell."
    heading = made.add_heading("Notice", 1)
    heading._p.get_or_add_pPr().append(deepcopy(made.styles["List Number"].element.pPr.numPr))
    document = parse("a.docx", _saved(made)).documents[0]
    assert document.text == "1. The rent is 900.\n\n3. In a cell.\n\n4. Notice"
    assert [(place.heading, place.start) for place in document.places] == [("4. Notice", 36)]


@pytest.mark.parametrize(
    ("suffix", "kind"),
    [
        ("docx", "openxmlformats-officedocument.wordprocessingml.template.main+xml"),
        ("dotx", "openxmlformats-officedocument.wordprocessingml.template.main+xml"),
        ("docm", "ms-word.document.macroEnabled.main+xml"),
        ("dotm", "ms-word.template.macroEnabledTemplate.main+xml"),
    ],
)
def test_templates_and_files_with_macros_are_read(suffix: str, kind: str) -> None:
    usual = b"openxmlformats-officedocument.wordprocessingml.document.main+xml"
    raw = _changed(_hand_made(f"<w:p>{_run('Words.')}</w:p>"), {"[Content_Types].xml": (usual, kind.encode())})
    assert parse(f"a.{suffix}", raw).documents[0].text == "Words."


def test_flaws_that_word_accepts_are_no_damage() -> None:
    raw = _hand_made(f'<w:p><w:pPr><w:pStyle w:val="berschrift1"/></w:pPr>{_run("Head")}</w:p>')
    untyped = _changed(raw, {"word/styles.xml": (b' w:type="paragraph"', b"")})
    without_part = _changed(raw, {"word/_rels/document.xml.rels": (b"footnotes.xml", b"nowhere.xml")})
    strict = _changed(raw, {"word/document.xml": (WORD.encode(), b"http://purl.oclc.org/ooxml/wordprocessingml/main")})
    for each in (untyped, without_part, strict):
        document = parse("a.docx", each).documents[0]
        assert (document.text, document.places[0].heading) == ("Head", "Head")


def test_formula_is_part_of_its_sentence() -> None:
    math = "http://schemas.openxmlformats.org/officeDocument/2006/math"
    formulas = "".join(f'<m:oMath xmlns:m="{math}"><m:r><m:t>{each}</m:t></m:r></m:oMath>' for each in ("P=9Q", "Q=2"))
    document = parse("a.docx", _hand_made(f"<w:p>{_run('Power: ')}{formulas}{_run(', always.')}</w:p>")).documents[0]
    assert document.text == "Power: P=9Q Q=2, always."


def test_text_box_in_a_table_is_read_once() -> None:
    box = f"<w:txbxContent><w:p>{_run('Boxed.')}</w:p></w:txbxContent>"
    choice = f"<mc:Choice Requires='wps'>{box}</mc:Choice>"
    both = f"<mc:AlternateContent>{choice}<mc:Fallback>{box}</mc:Fallback></mc:AlternateContent>"
    cell = f"<w:tbl><w:tr><w:tc><w:p>{_run('Cell.')}<w:r>{both}</w:r></w:p></w:tc></w:tr></w:tbl>"
    assert parse("a.docx", _hand_made(cell)).documents[0].text == "Cell. Boxed."


def test_inserted_files_are_read_or_counted() -> None:
    chunks = "".join(f'<w:altChunk xmlns:r="{OFFICE}" r:id="c{i}"/>' for i in range(5))
    inner = _hand_made(f'<w:p>{_run("From Word.")}</w:p><w:altChunk xmlns:r="{OFFICE}" r:id="c0"/>')
    names = ["a.html", "b.docx", "c.txt", "d.rtf", "missing.html"]
    relations = "".join(
        f'<Relationship Id="c{i}" Type="{OFFICE}/aFChunk" Target="/word/{n}"/>' for i, n in enumerate(names)
    )
    raw = _changed(
        _hand_made(f"<w:p>{_run('Before.')}</w:p>{chunks}<w:p>{_run('After.')}</w:p>"),
        {"word/_rels/document.xml.rels": (b"</Relationships>", f"{relations}</Relationships>".encode())},
        a_html=b"<h1>From HTML</h1>", b_docx=inner, c_txt=b"From text.", d_rtf=b"{\\rtf1 x}",
    )  # fmt: skip
    parsed = parse("a.docx", raw)
    assert parsed.documents[0].text == "Before.\n\nFrom HTML\n\nFrom Word.\n\nFrom text.\n\nAfter."
    assert [remark.text for remark in parsed.warnings] == ["3 inserted files are not read"]


def test_damaged_inserted_file_is_counted_and_the_rest_read() -> None:
    chunk = f'<w:altChunk xmlns:r="{OFFICE}" r:id="c0"/>'
    raw = _changed(
        _hand_made(f"<w:p>{_run('Before.')}</w:p>{chunk}<w:p>{_run('After.')}</w:p>"),
        {
            "word/_rels/document.xml.rels": (
                b"</Relationships>",
                f'<Relationship Id="c0" Type="{OFFICE}/aFChunk" Target="/word/b.docx"/></Relationships>'.encode(),
            )
        },
        b_docx=b"PK\x03\x04 no zip",
    )
    parsed = parse("a.docx", raw)
    assert parsed.documents[0].text == "Before.\n\nAfter."
    assert [remark.text for remark in parsed.warnings] == ["1 inserted file is not read"]


def test_comments_are_counted() -> None:
    made = docx.Document()
    made.add_comment(made.add_paragraph("Words.").runs, "Really?")
    parsed = parse("a.docx", _saved(made))
    assert parsed.documents[0].text == "Words."
    assert [remark.text for remark in parsed.warnings] == ["1 comment is not read"]


def test_deleted_paragraph_takes_no_number() -> None:
    made = docx.Document()
    for text in ("One", "Two", "Three"):
        made.add_paragraph(text, style="List Number")
    raw = _saved(made)
    old = b"<w:r><w:t>Two</w:t></w:r>"
    mark = b'<w:pPr><w:pStyle w:val="ListNumber"/></w:pPr>'
    deleted = mark.replace(b"</w:pPr>", b'<w:rPr><w:del w:id="1"/></w:rPr></w:pPr>')
    gone = b'<w:del w:id="2"><w:r><w:delText>Two</w:delText></w:r></w:del>'
    changed = _changed(raw, {"word/document.xml": (mark + old, deleted + gone)})
    assert parse("a.docx", changed).documents[0].text == "1. One\n2. Three"


def test_deep_nesting_is_refused() -> None:
    for name in ("w:sdt", "w:txbxContent"):
        with pytest.raises(DocumentError, match="is damaged or not a DOCX file"):
            parse("a.docx", _hand_made(f"<{name}>" * 5_000 + f"<w:p>{_run('x')}</w:p>" + f"</{name}>" * 5_000))
