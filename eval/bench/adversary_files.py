"""Hold a text in a file of a given format, so that the search for slow inputs gets past the container."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

import docx

#: Characters that XML forbids.
NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")

#: What a literal string of a PDF escapes.
PDF_ESCAPED = re.compile(rb"([()\\])")

LINES_PER_PAGE = 1_000

CONTAINER = (
    '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>'
    '<rootfile full-path="book.opf"/></rootfiles></container>'
)
BOOK = (
    '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><manifest>'
    '<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>'
    '<spine><itemref idref="a"/></spine></package>'
)


def file_with(name: str, text: str) -> bytes:
    """The bytes of a file that holds the text; its format is that of the name's suffix.

    Formats without a container are the text in UTF-8.
    """
    return _CONTAINERS.get(PurePosixPath(name).suffix, _encoded)(text)


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _docx(text: str) -> bytes:
    """Each line is a paragraph, styled as a heading where it begins with ``#``."""
    document = docx.Document()
    for line in NOT_XML.sub("", text).split("\n"):
        document.add_paragraph(line, style="Heading 1" if line.startswith("#") else None)
    packed = io.BytesIO()
    document.save(packed)
    return packed.getvalue()


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
    lines = [PDF_ESCAPED.sub(rb"\\\1", line.encode("latin-1", "replace")) for line in text.split("\n")]
    pages = [lines[start : start + LINES_PER_PAGE] for start in range(0, len(lines), LINES_PER_PAGE)]
    first = 4
    kids = b" ".join(b"%d 0 R" % (first + 2 * number) for number in range(len(pages)))
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]>>" % (len(pages), kids),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
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
            package.writestr(name, _encoded(content))
    return packed.getvalue()


_CONTAINERS: dict[str, Callable[[str], bytes]] = {
    ".docx": _docx, ".epub": _epub, ".zip": _zip, ".jsonl": _jsonl, ".ndjson": _jsonl, ".pdf": _pdf,
}  # fmt: skip
