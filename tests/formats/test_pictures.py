"""What is counted of pictures and page margins that are not read."""

import io

import docx
import pytest
from docx.shared import Cm
from PIL import Image

from rag.formats import parse

PAGE = (
    "<html><body><main><h1>The weir</h1><p>The weir of Alderby was rebuilt in 1961, of oak.</p>{}</main></body></html>"
)


def _remarks(name: str, raw: bytes) -> list[tuple[str, bool]]:
    return [(each.text, each.is_unread) for each in parse(name, raw).warnings]


@pytest.mark.parametrize(
    "picture",
    [
        '<img src="plan.png" width="200" height="100">',
        '<img src="plan.png" style="width: 640.5px" alt="">',
        '<img src="plan.png" alt="Plan of the weir">',
        '<figure><a><img src="plan.png" alt=""></a><figcaption>The plan</figcaption></figure>',
        '<svg viewBox="0 0 300 200"><text>Flow at noon</text><text>12 m³/s</text></svg>',
    ],
)
def test_large_or_described_picture_of_a_page_is_counted(picture: str) -> None:
    assert _remarks("a.html", PAGE.format(picture).encode()) == [("1 picture is not read", True)]


@pytest.mark.parametrize(
    "picture",
    [
        '<img src="icon.png" width="24" height="24" alt="Share">',
        '<img src="line.png" width="700" height="2">',
        '<img src="face.png" width="199" height="100" alt="Ana Ruiz">',
        '<img src="spacer.gif" alt="">',
        '<img src="frame.png" width="900" height="600" role="presentation">',
        '<div hidden><img src="plan.png" width="900" height="600"></div>',
        '<nav><img src="map.png" width="900" height="600"></nav>',
        "<svg viewBox='0 0 9 9'><path d='M0 0h9'/></svg>",
        "<svg viewBox='0 0 16 16'><text>A</text></svg>",
        "<svg hidden viewBox='0 0 300 200'><text>Flow at noon</text></svg>",
    ],
)
def test_decoration_of_a_page_is_not_counted(picture: str) -> None:
    assert _remarks("a.html", PAGE.format(picture).encode()) == []


def test_words_of_a_drawing_do_not_join_the_text() -> None:
    drawing = "<p>Before<svg><text>12 m³/s</text></svg> and after.</p>"
    assert parse("a.html", PAGE.format(drawing).encode()).documents[0].text.endswith("Before and after.")


def _picture() -> io.BytesIO:
    png = io.BytesIO()
    Image.new("L", (40, 20), 255).save(png, "PNG")
    png.seek(0)
    return png


def _saved(made: "docx.document.Document") -> bytes:
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def test_large_pictures_of_a_word_file_are_counted() -> None:
    made = docx.Document()
    made.add_paragraph("The plan of the weir:")
    made.add_picture(_picture(), width=Cm(8))
    made.add_picture(_picture(), width=Cm(1))
    decorative = made.add_picture(_picture(), width=Cm(8))._inline.docPr
    namespace = "http://schemas.microsoft.com/office/drawing/2017/decorative"
    decorative.append(docx.oxml.parse_xml(f'<a:decorative xmlns:a="{namespace}" val="1"/>'))
    assert _remarks("a.docx", _saved(made)) == [("1 picture is not read", True)]


def test_objects_of_a_word_file_are_counted() -> None:
    made = docx.Document()
    made.add_paragraph("The flow:")
    main = "http://schemas.openxmlformats.org/drawingml/2006/main"
    chart = "http://schemas.openxmlformats.org/drawingml/2006/chart"
    word = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
    shape = '<v:shape xmlns:v="urn:schemas-microsoft-com:vml" style="width:%s"><v:imagedata/></v:shape>'
    for element in (
        f'<a:graphic xmlns:a="{main}"><c:chart xmlns:c="{chart}"/></a:graphic>',
        f'<w:object xmlns:w="{word}">{shape % "400pt;height:300pt"}</w:object>',
        f'<w:pict xmlns:w="{word}">{shape % "12cm;height:4cm"}</w:pict>',
        f'<w:pict xmlns:w="{word}">{shape % "12pt;height:12pt"}</w:pict>',
    ):
        made.paragraphs[0].add_run()._r.append(docx.oxml.parse_xml(element))
    expected = "1 chart, 1 embedded object and 1 picture are not read"
    assert _remarks("a.docx", _saved(made)) == [(expected, True)]


def test_page_headers_and_footers_with_words_are_counted_once() -> None:
    made = docx.Document()
    made.add_paragraph("The weir was rebuilt in 1961.")
    made.sections[0].header.paragraphs[0].text = "Water board of Alderby"
    made.sections[0].footer.paragraphs[0].text = "12"
    again = made.add_section().header
    again.is_linked_to_previous = False
    again.paragraphs[0].text = "Water board of Alderby"
    assert _remarks("a.docx", _saved(made)) == [("1 page header is not read", True)]
