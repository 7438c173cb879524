"""Any bytes give documents or a one-line error, never another exception."""

import io
import json
import random
import zipfile

import docx
import pytest
from fpdf import FPDF
from hypothesis import given, settings
from hypothesis import strategies as st

from rag.errors import DocumentError
from rag.formats import FORMATS, parse
from rag.formats.sanitize import clean, iso_date
from rag.types import place_of


def _docx() -> bytes:
    made = docx.Document()
    made.add_heading("Head", 1)
    made.add_paragraph("Words.")
    saved = io.BytesIO()
    made.save(saved)
    return saved.getvalue()


def _pdf() -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=11)
    pdf.multi_cell(0, 5, "Words of a page. " * 30)
    return bytes(pdf.output())


def _zip(**members: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name.replace("__", "/").replace("_", "."), content)
    return packed.getvalue()


WHOLE = {
    ".pdf": _pdf(),
    ".docx": _docx(),
    ".html": b"<title>T</title><h1>Head</h1><p>Words &amp; <b>more</b><table><tr><td>a<td>b</table><ul><li>x</ul>",
    ".epub": _zip(
        **{"META-INF__container_xml": '<c><rootfile full-path="b.opf"/></c>'},
        b_opf='<p><item id="a" href="a.xhtml" media-type="text/html"/><itemref idref="a"/></p>',
        a_xhtml="<html><h1>Head</h1><p>Words.</p></html>",
    ),
    ".csv": b'title,text\nOne,"Words, more"\nTwo,Others\n',
    ".jsonl": b'{"text": "Words.", "n": 1}\n{"text": "More."}\n',
    ".md": b"---\ntitle: T\n---\n# Head\n\n```\n# code\n```\nWords.\n",
    ".zip": _zip(a_md="# Head", b_csv="text\nWords.\n"),
}


def _holds(suffix: str, raw: bytes) -> None:
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
    _holds(suffix, raw)


@pytest.mark.parametrize("suffix", sorted(WHOLE))
def test_damaged_file_gives_documents_or_a_one_line_error(suffix: str) -> None:
    whole = WHOLE[suffix]
    assert parse("a" + suffix, whole).documents
    dice = random.Random(13)
    for _ in range(60):
        raw = bytearray(whole)
        for _ in range(dice.randint(1, 8)):
            raw[dice.randrange(len(raw))] = dice.randrange(256)
        _holds(suffix, bytes(raw[: dice.choice([len(raw), dice.randrange(1, len(raw))])]))


@given(st.text(max_size=50))
def test_cleaning_replaces_unstorable_characters_one_for_one(text: str) -> None:
    assert len(clean(text)) == len(text)
    assert "\x00" not in clean(text)
    assert clean("a\x00b\ud83dc") == "a\ufffdb\ufffdc"


@pytest.mark.parametrize(
    ("stated", "date"),
    [
        ("2022-10-22T08:00:00Z", "2022-10-22"), ("2022/1/5", "2022-01-05"), (" 2022-10 ", "2022-10"), ("2022", "2022"),
        (2022, "2022"), ("2022-13-01", None), ("2022-02-30", None), ("5 March 2022", None), ("20221022", None),
        ("", None), ("0000", None),
    ],
)  # fmt: skip
def test_dates_become_iso_dates_or_none(stated: object, date: str | None) -> None:
    assert iso_date(stated) == date
