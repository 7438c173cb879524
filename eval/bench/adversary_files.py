"""Files that hold a given text, so that the search for slow inputs gets past the container."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from xml.sax.saxutils import escape

#: Characters that XML forbids.
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: What a literal string of a PDF escapes.
PDF_ESCAPED = re.compile(rb"([()\\])")

LINES_PER_PAGE = 1_000

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book.opf"/></rootfiles></container>'
)
OFFICE, PACKAGE, WORD = (
    f"http://schemas.openxmlformats.org/{name}"
    for name in ("officeDocument/2006/relationships", "package/2006", "wordprocessingml/2006/main")
)
TYPES = (
    f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" '
    'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/document.xml" '
    'ContentType="application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
RELATIONS = (
    f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="a" Type="{OFFICE}/officeDocument" Target="document.xml"/></Relationships>'
)
BOOK = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>'
    '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>'
)


def _docx(text: str) -> bytes:
    """Each line is a paragraph."""
    lines = escape(NOT_XML.sub("", text)).split("\n")
    body = "".join(f'<w:p><w:r><w:t xml:space="preserve">{line}</w:t></w:r></w:p>' for line in lines)
    return _zipped({
        "[Content_Types].xml": TYPES, "_rels/.rels": RELATIONS,
        "document.xml": f'<w:document xmlns:w="{WORD}"><w:body>{body}</w:body></w:document>',
    })  # fmt: skip


def _epub(text: str) -> bytes:
    """A book of one chapter, whose markup is the text."""
    return _zipped({
        "mimetype": "application/epub+zip", "META-INF/container.xml": CONTAINER, "book.opf": BOOK,
        "a.xhtml": f"<html><body>{text}</body></html>",
    })  # fmt: skip


def _zip(text: str) -> bytes:
    """An archive of a page and a Markdown file."""
    return _zipped({"a.md": text, "a.html": text})


def _jsonl(text: str) -> bytes:
    return json.dumps({"text": text, "title": text[:100]}).encode()


def _pdf(text: str) -> bytes:
    """Pages of lines in Helvetica, one line below the other."""
    lines = [PDF_ESCAPED.sub(rb"\\\1", line.encode("cp1252", "replace")) for line in text.split("\n")]
    pages = [lines[start : start + LINES_PER_PAGE] for start in range(0, len(lines), LINES_PER_PAGE)]
    first = 4
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica/Encoding/WinAnsiEncoding>>",
    ]
    for number, page in enumerate(pages):
        shown = b"".join(b"(%s) Tj T*\n" % line for line in page)
        content = b"BT /F1 10 Tf 12 TL 20 800 Td\n%sET" % shown
        objects += [
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 820]/Resources<</Font<</F1 3 0 R>>>>/Contents %d 0 R>>"
            % (first + 2 * number + 1),
            b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        ]
    written, offsets = b"%PDF-1.4\n", []
    for number, each in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    return written + (
        b"xref\n0 %d\n0000000000 65535 f \n%strailer\n<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n"
        % (size, table, size, len(written))
    )


def _zipped(parts: Mapping[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in parts.items():
            package.writestr(name, content.encode("utf-8", "replace"))
    return packed.getvalue()


#: Functions that put a text into a file, by the file's suffix.
CONTAINERS = {".docx": _docx, ".epub": _epub, ".jsonl": _jsonl, ".pdf": _pdf, ".zip": _zip}
