import io
import zipfile

import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse

NAMES = ("office", "text", "table", "drawing", "meta", "manifest")
PREFIXES = " ".join(
    f'xmlns:{ {"drawing": "draw"}.get(name, name) }="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in NAMES
)
MANIFEST = f"<manifest:manifest {PREFIXES}/>"
META = (
    f'<office:document-meta {PREFIXES} xmlns:dc="http://purl.org/dc/elements/1.1/"><office:meta>'
    "<dc:title>On the bridge</dc:title><meta:initial-creator>Ana Ruiz</meta:initial-creator>"
    "<dc:creator>Paul Renner</dc:creator><dc:date>2024-03-05T12:00:00.5</dc:date></office:meta></office:document-meta>"
)


def _odt(body: str, doctype: str = "", **parts: str) -> bytes:
    """The package that LibreOffice writes, without its styles and settings."""
    content = f"<office:document-content {PREFIXES}><office:body><office:text>{body}</office:text></office:body>"
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        package.writestr("mimetype", "application/vnd.oasis.opendocument.text", zipfile.ZIP_STORED)
        package.writestr("META-INF/manifest.xml", parts.get("manifest", MANIFEST))
        package.writestr("content.xml", f"{doctype}{content}</office:document-content>")
        for name in parts.keys() & {"meta", "styles"}:
            package.writestr(f"{name}.xml", parts[name])
    return packed.getvalue()


def test_blocks_keep_their_order_and_headings_are_places() -> None:
    body = (
        '<text:sequence-decls/><text:h text:outline-level="1">The bridge</text:h>'
        "<text:p>It is <text:span>open<text:tab/>again</text:span>.<text:line-break/>Really"
        '<text:s text:c="2"/>so\n  now.</text:p>'
        '<text:h text:outline-level="2">What it cost</text:h>'
        "<text:list><text:list-item><text:p>the deck</text:p><text:list><text:list-item><text:p>steel</text:p>"
        "</text:list-item></text:list></text:list-item><text:list-item><text:p>the bearings</text:p>"
        "<text:p>and their oil</text:p></text:list-item></text:list>"
        "<table:table><table:table-header-rows><table:table-row><table:table-cell><text:p>Part</text:p></table:table-cell>"
        "<table:table-cell><text:p>Cost</text:p><text:p>in euros</text:p></table:table-cell></table:table-row>"
        "</table:table-header-rows><table:table-row><table:table-cell><text:p>Deck</text:p></table:table-cell>"
        '<table:table-cell table:number-columns-repeated="2"><text:p>2.9 million</text:p></table:table-cell>'
        '<table:covered-table-cell table:number-columns-repeated="999999"/></table:table-row></table:table>'
        "<text:section><text:p>The end.</text:p></text:section>"
    )
    document = parse("a.odt", _odt(body, meta=META)).documents[0]
    assert document.text == (
        "The bridge\n\nIt is open\tagain.\nReally  so now.\n\nWhat it cost\n\n- the deck\n- steel\n- the bearings\n\n"
        "and their oil\n\nPart\tCost in euros\nDeck\t2.9 million\t2.9 million\n\nThe end."
    )
    assert [(place.heading, place.start) for place in document.places] == [
        ("The bridge", 0), ("What it cost", document.text.index("What it cost")),
    ]  # fmt: skip
    assert document.title == "On the bridge"
    assert document.metadata == {"title": "On the bridge", "author": "Ana Ruiz", "date": "2024-03-05"}


def test_list_items_have_the_numbers_of_their_style() -> None:
    levels = "".join(
        f'<text:list-level-style-number text:level="{level}" style:num-format="{kind}" {more}/>'
        for level, kind, more in (
            (1, "1", 'style:num-suffix="." text:start-value="3"'),
            (2, "a", 'style:num-prefix="(" style:num-suffix=")"'),
            (3, "i", 'style:num-suffix="." text:display-levels="3"'),
        )
    )
    bullets = '<text:list-level-style-bullet text:level="1" text:bullet-char="o"/>'
    styles = (
        f'<office:document-styles {PREFIXES} xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0">'
        "<office:styles>"
        f'<text:list-style style:name="N">{levels}</text:list-style>'
        f'<text:list-style style:name="B">{bullets}</text:list-style></office:styles></office:document-styles>'
    )

    def item(words: str, *below: str, more: str = "") -> str:
        inner = f"<text:list>{''.join(below)}</text:list>" if below else ""
        return f"<text:list-item {more}><text:p>{words}</text:p>{inner}</text:list-item>"

    body = (
        f'<text:list text:style-name="N" xml:id="one">{item("rent", item("due"), item("late", item("fine")))}'
        f"{item('roof', item('tiles'))}</text:list><text:p>Between.</text:p>"
        f'<text:list text:style-name="B">{item("key")}</text:list>'
        f'<text:list text:style-name="N" text:continue-list="one">{item("notice")}'
        f"""{item("end", more='text:start-value="9"')}</text:list>"""
        f'<text:list text:style-name="N">{item("anew")}</text:list>'
    )
    assert parse("a.odt", _odt(body, styles=styles)).documents[0].text == (
        "3. rent\n(a) due\n(b) late\n3.b.i. fine\n4. roof\n(a) tiles\n\nBetween.\n\n- key\n5. notice\n9. end\n3. anew"
    )


def test_lists_in_a_text_box_are_counted_apart() -> None:
    styles = (
        f'<office:document-styles {PREFIXES} xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0">'
        '<office:styles><text:list-style style:name="N"><text:list-level-style-number text:level="1" '
        'style:num-format="1" style:num-prefix="("/></text:list-style></office:styles></office:document-styles>'
    )
    box = (
        "<draw:frame><draw:text-box><text:list text:style-name='N'><text:list-item><text:p>boxed</text:p>"
        "</text:list-item></text:list></draw:text-box></draw:frame>"
    )
    body = (
        f"<text:list text:style-name='N'><text:list-item><text:p>one{box}</text:p></text:list-item>"
        "<text:list-item><text:soft-page-break/><text:p>two</text:p></text:list-item></text:list>"
    )
    assert parse("a.odt", _odt(body, styles=styles)).documents[0].text == "(1 one\n\n(1 boxed\n(2 two"
    long = parse("a.odt", _odt(body, styles=styles.replace('"("', f'"{"(" * 1_000}"'))).documents[0].text
    assert len(long) < 200


def test_notes_come_last_and_deleted_text_is_not_read() -> None:
    body = (
        "<text:tracked-changes><text:changed-region><text:deletion><text:p>Deleted.</text:p></text:deletion>"
        "</text:changed-region></text:tracked-changes>"
        '<text:p>Kept<text:note text:note-class="footnote"><text:note-citation>1</text:note-citation><text:note-body>'
        "<text:p>A note.</text:p></text:note-body></text:note> words<draw:frame><draw:text-box><text:p>Boxed.</text:p>"
        "</draw:text-box></draw:frame>.</text:p><text:p>Last.</text:p>"
    )
    document = parse("papers/b.odt", _odt(body)).documents[0]
    assert document.text == "Kept words.\n\nBoxed.\n\nLast.\n\nA note."
    assert (document.title, document.metadata) == ("b", {})


def test_what_is_not_read_is_counted() -> None:
    body = (
        "<draw:frame><draw:image/></draw:frame><text:p>Words<office:annotation><text:p>Check.</text:p></office:annotation>"
        "<draw:frame><draw:object/><draw:image/></draw:frame></text:p><table:table><table:table-row><table:table-cell>"
        "<text:p>Cell<office:annotation><text:p>Why?</text:p></office:annotation></text:p></table:table-cell>"
        "</table:table-row></table:table>"
    )
    parsed = parse("a.odt", _odt(body))
    assert parsed.documents[0].text == "Words\n\nCell"
    assert parsed.warnings == [Remark("a.odt", "1 picture, 2 comments and 1 embedded object are not read")]


def test_page_headers_footers_and_form_fields_are_counted() -> None:
    style = 'xmlns:style="urn:oasis:names:tc:opendocument:xmlns:style:1.0"'
    styles = (
        f"<office:document-styles {PREFIXES} {style}><style:header><text:p>Draft</text:p></style:header>"
        "<style:header-first><text:p> </text:p></style:header-first>"
        "<style:footer><text:p>Page 1</text:p></style:footer></office:document-styles>"
    )
    body = "<text:p>Words<draw:control/><draw:frame><draw:plugin/></draw:frame></text:p>"
    parsed = parse("a.odt", _odt(body, styles=styles))
    remark = "1 form field, 1 embedded object, 1 page header and 1 page footer are not read"
    assert (parsed.documents[0].text, parsed.warnings) == ("Words", [Remark("a.odt", remark)])


def test_unreadable_file_is_rejected_with_remedy() -> None:
    secret = f"<manifest:manifest {PREFIXES}><manifest:file-entry><manifest:encryption-data/></manifest:file-entry>"
    damaged = "is damaged or not an ODT file; open it in LibreOffice and save it again"
    for raw, message in [
        (
            _odt("<text:p>x</text:p>", manifest=secret + "</manifest:manifest>"),
            "is protected by a password; save a copy",
        ),
        (_odt("<text:p>x</text:p>")[:-40], "is damaged or not ODT: not a zip file inside; save it as ODT again"),
        (_odt("<text:p>"), damaged),
        (_odt("<text:p>x</text:p>", manifest=""), damaged),
        (_odt("<text:p/>"), "there is no text in it"),
    ]:
        with pytest.raises(DocumentError, match=message):
            parse("a.odt", raw)


def test_entities_are_refused_and_a_document_type_is_not() -> None:
    named = '<!DOCTYPE office:document-content PUBLIC "-//OpenOffice.org//DTD" "office.dtd">'
    assert parse("a.odt", _odt("<text:p>Words.</text:p>", named)).documents[0].text == "Words."
    with pytest.raises(DocumentError, match="is damaged or not an ODT file"):
        parse("a.odt", _odt("<text:p>Words &a;</text:p>", '<!DOCTYPE w [<!ENTITY a "lol">]>'))


def test_zip_bomb_is_rejected_before_unpacking() -> None:
    with pytest.raises(DocumentError, match="its XML would unpack to 150 MB; the limit is 100 MB"):
        parse("a.odt", _odt(" " * 150_000_000))
