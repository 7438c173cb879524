"""Parsing any bytes returns documents or raises a one-line ``DocumentError``."""

import io
import json
import random
import zipfile

import docx
import openpyxl
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st
from pptx import Presentation

from rag.errors import DocumentError
from rag.formats import FORMATS, parse
from rag.types import place_of


def _docx() -> bytes:
    made = docx.Document()
    made.add_heading("Head", 1)
    made.add_paragraph("Words.")
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    book.worksheets[0].append(["Town", "Population"])
    book.worksheets[0].append(["Vellin", 41200])
    saved = io.BytesIO()
    book.save(saved)
    return saved.getvalue()


def _pptx() -> bytes:
    made = Presentation()
    made.slides.add_slide(made.slide_layouts[0]).shapes.title.text = "Head"
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def _pdf() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.multi_cell(0, 5, "Words of a page. " * 30)
    return bytes(pdf.output())


def _zip(members: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return packed.getvalue()


VALID = {
    ".pdf": _pdf(),
    ".docx": _docx(),
    ".xlsx": _xlsx(),
    ".pptx": _pptx(),
    ".html": b"<title>T</title><h1>Head</h1><p>Words &amp; <b>more</b><table><tr><td>a<td>b</table><ul><li>x</ul>",
    ".epub": _zip(
        {
            "META-INF/container.xml": '<c><rootfile full-path="b.opf"/></c>',
            "b.opf": '<p><item id="a" href="a.xhtml" media-type="text/html"/><itemref idref="a"/></p>',
            "a.xhtml": "<html><h1>Head</h1><p>Words.</p></html>",
        }
    ),
    ".odt": _zip(
        {
            "META-INF/manifest.xml": "<m/>",
            "content.xml": '<o:a xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
            'xmlns:t="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><o:text><t:h>Head</t:h><t:p>Words.</t:p></o:text>'
            "</o:a>",
        }
    ),
    ".rtf": rb"{\rtf1\ansi{\fonttbl{\f0\fcharset0 Arial;}}{\info{\title T}}\outlinelevel0 Head\par "
    rb"Words\'e9{\footnote A note.}\cell\row{\pict 89}\par}",
    ".eml": b"Subject: Pier\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=x\n\n--x\n\nWords.\n--x\n"
    b'Content-Disposition: attachment; filename="a.md"\n\n# Head\n--x--\n',
    ".csv": b'title,text\nOne,"Words, more"\nTwo,Others\n',
    ".jsonl": b'{"text": "Words.", "n": 1}\n{"text": "More."}\n',
    ".md": b"---\ntitle: T\n---\n# Head\n\n```\n# code\n```\nWords.\n",
    ".zip": _zip({"a.md": "# Head", "b.csv": "text\nWords.\n"}),
}


def _check_parse(suffix: str, raw: bytes) -> None:
    try:
        parsed = parse("a" + suffix, raw)
    except DocumentError as error:
        assert "\n" not in str(error)
    else:
        for document in parsed.documents:
            document.text.encode()
            json.dumps(document.metadata, ensure_ascii=False).encode()
            assert document.id.startswith("a" + suffix)
            starts = [place.start for place in document.places]
            assert starts == sorted(starts)
            assert all(0 <= at < len(document.text) for at in starts)
            for place in document.places:
                assert place_of(document.places, place.start).start == place.start


@pytest.mark.parametrize("suffix", sorted(FORMATS))
@settings(max_examples=30)
@given(raw=st.one_of(st.binary(max_size=400), st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_give_documents_or_a_one_line_error(suffix: str, raw: bytes) -> None:
    _check_parse(suffix, raw)


@pytest.mark.parametrize("suffix", sorted(VALID))
def test_damaged_file_gives_documents_or_a_one_line_error(suffix: str) -> None:
    valid = VALID[suffix]
    assert parse("a" + suffix, valid).documents
    dice = random.Random(13)
    for _ in range(60):
        raw = bytearray(valid)
        for _ in range(dice.randint(1, 8)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        _check_parse(suffix, bytes(raw[: dice.choice([len(raw), dice.randrange(1, len(raw))])]))
