import io
import re
import zipfile
from collections.abc import Callable
from datetime import datetime

import pytest
from PIL import Image
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.presentation import Presentation as Slides
from pptx.util import Cm

from rag.errors import DocumentError
from rag.formats import Remark, parse

TITLE_AND_TEXT, TITLE_ONLY, BLANK = 1, 5, 6
PAGE = (Cm(2), Cm(2), Cm(9), Cm(5))


P = 'xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"'
A = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
MC = "http://schemas.openxmlformats.org/markup-compatibility/2006"
NEW_CHART = (
    f'<mc:AlternateContent xmlns:mc="{MC}" {P} {A}><mc:Choice Requires="cx1"><p:graphicFrame><a:graphic><a:graphicData>'
    '<cx:chart xmlns:cx="http://schemas.microsoft.com/office/drawing/2014/chartex"/></a:graphicData></a:graphic>'
    "</p:graphicFrame></mc:Choice><mc:Fallback><p:pic/></mc:Fallback></mc:AlternateContent>"
)
INK = f"<p:contentPart {P}/>"


def _placeholder(kind: str, text: str) -> str:
    return (
        f'<p:sp {P} {A}><p:nvSpPr><p:cNvPr id="9" name="x"/><p:cNvSpPr/><p:nvPr><p:ph type="{kind}"/></p:nvPr>'
        f"</p:nvSpPr><p:spPr/><p:txBody><a:bodyPr/><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:txBody></p:sp>"
    )


def _saved(made: Slides) -> bytes:
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def _slide(made: Slides, title: str, *lines: str):  # type: ignore[no-untyped-def]
    slide = made.slides.add_slide(made.slide_layouts[TITLE_AND_TEXT if lines else TITLE_ONLY])
    slide.shapes.title.text = title
    if lines:
        slide.placeholders[1].text = "\n".join(lines)
    return slide


def _changed(raw: bytes, name: str, change: Callable[[bytes], bytes]) -> bytes:
    """The package with another content of one part."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(raw)) as source, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for part in source.namelist():
            content = source.read(part)
            target.writestr(part, change(content) if part == name else content)
    return packed.getvalue()


def test_slides_are_pages_and_their_titles_headings() -> None:
    made = Presentation()
    properties = made.core_properties
    properties.title, properties.author, properties.modified = (
        "PowerPoint Presentation",
        "Ana Ruiz",
        datetime(2024, 3, 5),
    )
    _slide(made, "The pier", "closed for works", "use the east gate")
    plan = _slide(made, "What it\vcosts")
    box = plan.shapes.add_textbox(*PAGE).text_frame
    box.text = "The deck costs\vmost."
    table = plan.shapes.add_table(2, 2, *PAGE).table
    for i, text in enumerate(["Part", "Cost\nin euros", "Deck", "2.9 million"]):
        table.cell(i // 2, i % 2).text = text
    group = made.slides.add_slide(made.slide_layouts[BLANK]).shapes.add_group_shape()
    group.shapes.add_textbox(*PAGE).text_frame.text = "In a group."
    document = parse("a.pptx", _saved(made)).documents[0]
    assert document.text == (
        "The pier\n\n- closed for works\n- use the east gate\n\nWhat it costs\n\nThe deck costs\nmost.\n\n"
        "Part\tCost in euros\nDeck\t2.9 million\n\nIn a group."
    )
    assert [(place.page, place.heading, document.text[place.start :][:7]) for place in document.places] == [
        (1, "The pier", "The pie"), (2, "What it costs", "What it"), (3, None, "In a gr"),
    ]  # fmt: skip
    assert (document.title, document.metadata) == ("The pier", {"author": "Ana Ruiz", "date": "2024-03-05"})


def test_title_below_other_shapes_comes_first() -> None:
    made = Presentation()
    slide = _slide(made, "The pier")
    slide.shapes.add_textbox(*PAGE).text_frame.text = "Words."
    tree = slide.shapes._spTree
    tree.append(slide.shapes.title._element)
    made.core_properties.title = "Harbour"
    document = parse("a.pptx", _saved(made)).documents[0]
    assert (document.text, document.title) == ("The pier\n\nWords.", "Harbour")


def test_speaker_notes_follow_their_slide() -> None:
    made = Presentation()
    _slide(made, "The pier").notes_slide.notes_text_frame.text = "Speak slowly.\nIt cost 4 million."
    _slide(made, "The ferry").notes_slide.notes_text_frame.text = " "
    parsed = parse("a.pptx", _saved(made))
    document = parsed.documents[0]
    assert document.text == "The pier\n\nSpeak slowly.\n\nIt cost 4 million.\n\nThe ferry"
    places = [(place.page, place.heading, place.start) for place in document.places]
    assert places == [
        (1, "The pier", 0),
        (1, "speaker notes", document.text.index("Speak")),
        (2, "The ferry", document.text.index("The ferry")),
    ]
    assert parsed.warnings == []


def test_all_boxes_of_a_notes_page_are_read() -> None:
    made = Presentation()
    notes = _slide(made, "The pier").notes_slide
    notes.notes_text_frame.text = "Speak slowly."
    notes.shapes._spTree.append(parse_xml(_placeholder("sldNum", "7")))
    notes.shapes._spTree.append(parse_xml(_placeholder("other", "Smile.")))
    assert parse("a.pptx", _saved(made)).documents[0].text == "The pier\n\nSpeak slowly.\n\nSmile."


def test_speaker_notes_give_no_title() -> None:
    made = Presentation()
    _slide(made, "").notes_slide.notes_text_frame.text = "Speak slowly."
    document = parse("talk.pptx", _saved(made)).documents[0]
    assert (document.text, document.title) == ("Speak slowly.", "talk")


def test_what_is_not_read_is_counted() -> None:
    made = Presentation()
    slide = _slide(made, "The pier")
    picture = io.BytesIO()
    Image.new("RGB", (4, 4)).save(picture, "PNG")
    for _ in range(2):
        picture.seek(0)
        slide.shapes.add_picture(picture, 0, 0)
    data = CategoryChartData()
    data.categories = ["a"]
    data.add_series("s", (1,))
    slide.shapes.add_chart(XL_CHART_TYPE.BAR_CLUSTERED, *PAGE, data)
    _slide(made, "Secret")._element.set("show", "0")
    tree = slide.shapes._spTree
    for xml in (_placeholder("ftr", "Draft"), _placeholder("ftr", ""), _placeholder("sldNum", "1"), NEW_CHART, INK):
        tree.append(parse_xml(xml))
    parsed = parse("a.pptx", _saved(made))
    assert parsed.documents[0].text == "The pier"
    remark = "2 pictures, 2 charts, 1 footer, 1 drawing and 1 hidden slide are not read"
    assert parsed.warnings == [Remark("a.pptx", remark)]


def test_slide_show_is_read_like_a_presentation() -> None:
    made = Presentation()
    _slide(made, "The pier")
    raw = _changed(
        _saved(made), "[Content_Types].xml",
        lambda xml: xml.replace(b"presentationml.presentation.main", b"presentationml.slideshow.main"),
    )  # fmt: skip
    assert parse("a.pptx", raw).documents[0].text == "The pier"


def test_unreadable_presentation_is_rejected_with_remedy() -> None:
    made = Presentation()
    empty = _saved(made)
    _slide(made, "The pier")
    raw = _saved(made)
    damaged = "is damaged or not a PPTX file; open it in PowerPoint or LibreOffice and save it again"
    for bad, message in [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"x" * 600, "is protected by a password, or an old .ppt file; save"),
        (raw[:-40], "is damaged or not PPTX: not a zip file inside; save it as PPTX again"),
        (_changed(raw, "ppt/slides/slide1.xml", lambda xml: xml[:-30]), damaged),
        (_changed(raw, "ppt/presentation.xml", lambda xml: b""), damaged),
        (empty, "there is no text in it"),
    ]:  # fmt: skip
        with pytest.raises(DocumentError, match=message):
            parse("a.pptx", bad)


def test_entity_bomb_is_rejected() -> None:
    entities = '<!DOCTYPE w [<!ENTITY a "lol">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    made = Presentation()
    _slide(made, "The pier")
    bomb = _changed(
        _saved(made), "ppt/slides/slide1.xml",
        lambda xml: entities.encode() + b"]>" + re.sub(rb"^<\?xml[^>]*\?>", b"", xml).replace(b"The pier", b"&j;"),
    )  # fmt: skip
    with pytest.raises(DocumentError, match="is damaged or not a PPTX file"):
        parse("a.pptx", bomb)


def test_zip_bomb_is_rejected_before_unpacking() -> None:
    made = Presentation()
    raw = _changed(_saved(made), "ppt/presentation.xml", lambda xml: b" " * 150_000_000)
    with pytest.raises(DocumentError, match="its XML would unpack to 150 MB; the limit is 100 MB"):
        parse("a.pptx", raw)
