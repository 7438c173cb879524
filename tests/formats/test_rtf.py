import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse
from rag.types import Document

HEAD = (
    r"{\rtf1\ansi\ansicpg1252\deff0{\fonttbl{\f0\fswiss\fcharset0 Arial;}{\f1\fnil\fcharset204 Arial Cyr;}}"
    r"{\colortbl;\red0\green0\blue0;}{\stylesheet{\s1\outlinelevel0 heading 1;}}"
)


def _rtf(body: str) -> bytes:
    return (HEAD + body + "}").encode("cp1252")


def _document(body: str) -> Document:
    return parse("a.rtf", _rtf(body)).documents[0]


def test_blocks_keep_their_order_and_headings_are_places() -> None:
    document = _document(
        r"{\info{\title On the br\'fccke}{\author Ana Ruiz}{\creatim\yr2023\mo1\dy2}{\revtim\yr2024\mo3\dy5}}"
        r"{\header Page header\par}\pard\s1\outlinelevel0 The {\b bridge}\par"
        r"\pard It is open\tab again.\line Really.\par"
        r"\pard\outlinelevel1 What it cost\par\pard\outlinelevel9"
        "\n"
        r"{\listtext\'b7\tab}the deck\par{\listtext 2.\tab}the bearings\par"
        r"\trowd\cellx100\cellx200\pard\intbl Part\cell Cost\cell\row"
        r"\trowd\cellx100\cellx200\intbl Deck\cell 2.9 million\cell\row"
        r"\pard The end.\par"
    )
    assert document.text == (
        "The bridge\n\nIt is open\tagain.\nReally.\n\nWhat it cost\n\n- the deck\n2. the bearings\n\n"
        "Part\tCost\nDeck\t2.9 million\n\nThe end."
    )
    assert [(place.heading, place.start) for place in document.places] == [
        ("The bridge", 0), ("What it cost", document.text.index("What it cost")),
    ]  # fmt: skip
    assert document.title == "On the brücke"
    assert document.metadata == {"title": "On the brücke", "author": "Ana Ruiz", "date": "2024-03-05"}


def test_characters_are_decoded_by_code_page_font_and_number() -> None:
    body = r"caf\'e9 {\f1\'e4\'e0} \u8364? \u-10179?\u-8704? a\\cell\{b\} \emdash " + "é\\par"
    assert _document(body).text == "café да € 😀 a\\cell{b} —é"


def test_links_keep_their_words_and_deleted_text_is_not_read() -> None:
    body = (
        r'See {\field{\*\fldinst{HYPERLINK "http://x.example"}}{\fldrslt{the plan}}}{\deleted\revauthdel1  soon}.\par'
    )
    assert _document(body).text == "See the plan."


def test_footnotes_come_last() -> None:
    body = r"Kept{\super\chftn}{\footnote\pard{\super\chftn} A \{note\}.\par Second.} words.\par Last.\par"
    expected = "Kept words.\n\nLast.\n\nA {note}.\n\nSecond."
    assert _document(body).text == expected
    assert _document(body.replace(r"{\footnote", r"{\*\footnote")).text == expected


def test_text_boxes_come_last() -> None:
    box = r"{\shp{\*\shpinst{\sp{\sn a}{\sv 1}}{\shptxt\pard The pier{\*\footnote of wood\par}\par is closed.\par}}}"
    assert _document(rf"Before{box} and after.\par Last.\par").text == (
        "Before and after.\n\nLast.\n\nThe pier\n\nis closed.\n\nof wood"
    )


def test_text_boxes_in_text_boxes_are_read_and_deleted_ones_are_not() -> None:
    inner = r"{\shp{\*\shpinst{\shptxt Inner words.\par}}}"
    nested = rf"Before.\par{{\shp{{\*\shpinst{{\shptxt Outer{inner} words.\par}}}}}}"
    assert _document(nested).text == "Before.\n\nOuter words.\n\nInner words."
    assert _document(rf"Kept{{\deleted gone{inner}}} words.\par").text == "Kept words."
    cut = rf"Before.\par{inner}{{\b Last.\par}}"
    assert parse("a.rtf", _rtf(cut).rstrip().removesuffix(b"}")).documents[0].text == "Before.\n\nLast.\n\nInner words."


def test_numbers_of_headings_and_columns_are_no_list_items() -> None:
    document = _document(
        r"{\pard\outlinelevel1 4.2\tab Rent\par}{\pard Words.\par}{\pard\outlinelevel0 A.\tab Scope\par}"
    )
    assert [(place.heading, place.start) for place in document.places] == [("4.2 Rent", 0), ("A. Scope", 18)]
    assert _document(r"0.33\tab Beer\tab 4\par 0.5\tab Wine\tab 6\par").text == "0.33\tBeer\t4\n\n0.5\tWine\t6"
    items = r"4.2\tab The rent\par(a)\tab is high\par iv.\tab and due\par"
    assert _document(items).text == "4.2 The rent\n(a) is high\niv. and due"


def test_what_is_not_read_is_counted() -> None:
    body = (
        r"Words.\par{\*\shppict{\pict{\*\picprop}\pngblip 89504e47}}{\nonshppict{\pict\wmetafile8 0100}}"
        r"{\pict\pngblip\bin4 {{}}}{\*\annotation Check.}{\*\do{\dptxbxtext Boxed.}}{\*\do{\dptxbxtext Too.}}"
        r"{\object{\*\objdata 0105}{\result Shown.}}{\header\headery720 Page header\par}{\headerl \par}{\footerr \'e9}"
    )
    parsed = parse("a.rtf", _rtf(body))
    assert parsed.documents[0].text == "Words."
    remark = "2 text boxes, 2 pictures, 1 comment, 1 embedded object, 1 page header and 1 page footer are not read"
    assert parsed.warnings == [Remark("a.rtf", remark)]
    assert parsed.warnings[0].is_unread


def test_invalid_bytes_are_counted() -> None:
    parsed = parse("a.rtf", _rtf(r"a\'81b"))
    assert parsed.documents[0].text == "a\ufffdb"
    assert parsed.warnings == [Remark("a.rtf", "1 byte not valid in the declared encoding became \ufffd")]
    assert parsed.warnings[0].is_unread


def test_unreadable_file_is_rejected_with_remedy() -> None:
    for raw, message in [
        (b"Dear Ana,", "is not an RTF file; open it in the program that made it and save it as RTF again"),
        (
            rb"{\rtf1{\fonttbl{\f0\fcharset78 Osaka;}}\f0\'83}",
            r"uses an encoding that is not supported \(unknown encoding",
        ),
        (_rtf(""), "there is no text in it"),
    ]:
        with pytest.raises(DocumentError, match=message):
            parse("a.rtf", raw)


def test_cut_file_gives_the_text_before() -> None:
    assert parse("a.rtf", _rtf(r"One.\par Two.\par{\b Three")[:-1]).documents[0].text == "One.\n\nTwo.\n\nThree"
