import io
import zipfile

import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>'
    '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>'
)
OPF = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:title>The Karst bridge</dc:title><dc:creator>Ana Ruiz</dc:creator><dc:creator>Ivo Hren</dc:creator>
<dc:date>2024-03-05T00:00:00Z</dc:date><dc:language>en</dc:language></metadata><manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="b" href="text/b.xhtml" media-type="application/xhtml+xml"/>
<item id="a" href="text/a%20one.xhtml" media-type="application/xhtml+xml"/>
<item id="c" href="cover.png" media-type="image/png"/></manifest>
<spine><itemref idref="nav"/><itemref idref="a"/><itemref idref="b"/></spine></package>"""
NAV = """<html xmlns="http://www.w3.org/1999/xhtml"><body><nav><ol>
<li><a href="text/a%20one.xhtml">In the beginning</a></li>
<li><a href="text/b.xhtml#x">The flood</a></li></ol></nav></body></html>"""
CHAPTER = '<?xml version="1.0" encoding="utf-8"?>\n{doctype}<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{body}</body></html>'


def _chapter(body: str, doctype: str = "<!DOCTYPE html>") -> str:
    return CHAPTER.format(body=body, doctype=doctype)


def _epub(changed: dict[str, str | bytes | None] | None = None) -> bytes:
    """A book of two chapters, with some of its files changed or (None) missing."""
    parts: dict[str, str | bytes | None] = {
        "mimetype": "application/epub+zip",
        "META-INF/container.xml": CONTAINER,
        "OEBPS/book.opf": OPF,
        "OEBPS/nav.xhtml": NAV,
        "OEBPS/text/a one.xhtml": _chapter("<p>First there was&nbsp;a river.</p><script>var x;</script>"),
        "OEBPS/text/b.xhtml": _chapter(
            "<h1>Of the flood</h1><p>Then came<br/>the flood.</p><h2>After</h2><p>A toll.</p>"
        ),
        **(changed or {}),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            if content is not None:
                package.writestr(name, content)
    return packed.getvalue()


def test_chapters_are_in_reading_order_with_headings() -> None:
    parsed = parse("a.epub", _epub())
    document = parsed.documents[0]
    assert document.text == ("First there was\xa0a river.\n\nOf the flood\n\nThen came\nthe flood.\n\nAfter\n\nA toll.")
    assert [(place.heading, document.text[place.start :].split("\n")[0]) for place in document.places] == [
        ("In the beginning", "First there was\xa0a river."), ("Of the flood", "Of the flood"), ("After", "After"),
    ]  # fmt: skip
    assert document.place(document.text.index("toll")).heading == "After"
    assert document.title == "The Karst bridge"
    assert document.metadata == {
        "title": "The Karst bridge", "author": "Ana Ruiz, Ivo Hren", "date": "2024-03-05", "language": "en",
    }  # fmt: skip
    assert parsed.warnings == []


def test_epub2_contents_name_chapters() -> None:
    ncx = (
        '<ncx xmlns="http://www.daisy.org/z3986/2005/ncx/"><navMap><navPoint><navLabel><text>Once</text></navLabel>'
        '<content src="text/a%20one.xhtml"/></navPoint></navMap></ncx>'
    )
    opf = OPF.replace('properties="nav"', "").replace(
        "</manifest>", '<item id="n" href="toc.ncx" media-type="application/x-dtbncx+xml"/></manifest>'
    )
    opf = opf.replace('<itemref idref="nav"/>', "")
    document = parse("a.epub", _epub({"OEBPS/book.opf": opf, "OEBPS/toc.ncx": ncx})).documents[0]
    assert document.places[0].heading == "Once"


def test_unreadable_chapter_is_left_out_with_warning() -> None:
    for content, why in ((None, "it is missing"), (b"\x00\x01" * 50, "holds NUL bytes")):
        parsed = parse("a.epub", _epub({"OEBPS/text/a one.xhtml": content}))
        assert parsed.documents[0].text.startswith("Of the flood")
        assert len(parsed.warnings) == 1
        assert parsed.warnings[0].text.startswith(f"chapter OEBPS/text/a one.xhtml was left out: {why}")


def test_malformed_chapter_is_read_as_html() -> None:
    raw = _epub({"OEBPS/text/a one.xhtml": "<html><body><p>One<p>Two &copy; &unknown; <br> three</html>"})
    assert parse("a.epub", raw).documents[0].text.startswith("One\n\nTwo © &unknown;\nthree\n\nOf the flood")


def _encryption(algorithm: str, path: str) -> str:
    return (
        '<encryption xmlns="urn:oasis:names:tc:opendocument:xmlns:container" xmlns:e="http://www.w3.org/2001/04/xmlenc#">'
        f'<e:EncryptedData><e:EncryptionMethod Algorithm="{algorithm}"/><e:CipherData><e:CipherReference URI="{path}"/>'
        "</e:CipherData></e:EncryptedData></encryption>"
    )


def test_drm_is_rejected_but_obfuscated_fonts_are_not() -> None:
    aes = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
    with pytest.raises(
        DocumentError, match=r"is encrypted \(DRM\), so its text cannot be read; index a copy without DRM"
    ):
        parse("a.epub", _epub({"META-INF/encryption.xml": _encryption(aes, "OEBPS/text/b.xhtml")}))
    fonts = _encryption("http://www.idpf.org/2008/embedding", "OEBPS/font.otf")
    assert parse("a.epub", _epub({"META-INF/encryption.xml": fonts})).documents


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"no zip", "is damaged or not EPUB: not a zip file inside; save it as EPUB again"),
        (_epub({"META-INF/container.xml": None}), "is damaged or not an EPUB file; convert it to EPUB again"),
        (_epub({"META-INF/container.xml": "junk"}), "is damaged or not an EPUB file"),
        (_epub({"OEBPS/book.opf": None}), "is damaged or not an EPUB file"),
        (_epub({"OEBPS/text/a one.xhtml": None, "OEBPS/text/b.xhtml": None}), "is damaged or not an EPUB file"),
        (_epub({"OEBPS/text/a one.xhtml": _chapter(""), "OEBPS/text/b.xhtml": _chapter("")}), "there is no text in it"),
        (_epub({"OEBPS/text/b.xhtml": " " * 150_000_000}), "its XML would unpack to 150 MB; the limit is 100 MB"),
    ],
    ids=["no zip", "no container", "junk", "no package", "no chapters", "empty", "bomb"],
)
def test_invalid_epub_is_rejected_with_remedy(raw: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse("a.epub", raw)


def test_entities_are_neither_expanded_nor_loaded() -> None:
    entities = '<!ENTITY a "lol"><!ENTITY f SYSTEM "file:///etc/hostname">' + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
    )
    chapter = _chapter("<p>Before &j;&f; after.</p>", f"<!DOCTYPE html [{entities}]>")
    text = parse("a.epub", _epub({"OEBPS/text/a one.xhtml": chapter})).documents[0].text
    assert text.startswith("Before &j;&f; after.\n\n")


def test_warnings_name_the_book() -> None:
    parsed = parse("a.epub", _epub({"OEBPS/text/b.xhtml": None}))
    assert parsed.warnings == [Remark("a.epub", "chapter OEBPS/text/b.xhtml was left out: it is missing")]
    assert parsed.warnings[0].is_unread


def test_what_is_not_read_is_counted() -> None:
    body = (
        '<p>Words.<img src="a.png" alt="A map"/></p><svg><image/><text>Drawn</text></svg><audio/>'
        '<object data="a.swf"/><math><mi>E</mi></math>'
    )
    opf = OPF.replace("</spine>", '<itemref idref="c"/><itemref idref="none"/></spine>')
    parsed = parse("a.epub", _epub({"OEBPS/book.opf": opf, "OEBPS/text/b.xhtml": _chapter(body)}))
    assert parsed.documents[0].text.endswith("Words.\n\nE")
    remark = (
        "1 chapter of a format that is not supported, 1 chapter missing from the book, 2 pictures, 1 recording and "
        "1 embedded object are not read"
    )
    assert parsed.warnings == [Remark("a.epub", remark)]


def test_invalid_bytes_of_a_chapter_are_counted() -> None:
    chapter = _chapter("<p>caf\xe9 ol\xe9</p>").replace("utf-8", "ascii2").encode("latin-1")
    parsed = parse("a.epub", _epub({"OEBPS/text/b.xhtml": chapter.replace(b"ascii2", b"shift_jis")}))
    assert [remark.text for remark in parsed.warnings] == [
        "chapter OEBPS/text/b.xhtml: 2 bytes not valid in shift_jis, the declared encoding, became \ufffd"
    ]
