"""DOCX: the paragraphs, lists and tables of a Word document in order; headings are places.

python-docx opens the package and resolves the styles; the text is read from the XML, because python-docx skips content
controls and tracked insertions. Deleted text, page headers and footers, and comments are left out. Footnotes and
endnotes come last.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import DocumentError
from ..types import Document, name_title
from .base import Parsed
from .blocks import BLANK_LINE, Blocks
from .sanitize import one_line
from .xml_tree import FALLBACK, outermost
from .zip_package import OLE, open_package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

WORD = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
#: Deleted and moved text, and second copies.
SKIPPED = frozenset({WORD + "del", WORD + "moveFrom", FALLBACK})

HEADING_STYLE = re.compile(r"(?:heading \d|title)$", re.IGNORECASE)
LIST_STYLE = re.compile(r"list (?:bullet|number)", re.IGNORECASE)

CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}
#: Columns that a cell may span.
MAX_SPAN = 100
NOTES = ("footnotes", "endnotes")


def read_docx(document_id: str, raw: bytes) -> Parsed:
    """The text; title, author and date (modified, else created) come from the file's properties."""
    if raw.startswith(OLE):
        raise DocumentError("is protected by a password, or an old .doc file; save it as .docx without a password")
    open_package(raw, "DOCX").close()
    blocks = Blocks()
    try:
        metadata = _read(raw, blocks)
    except (DocumentError, MemoryError):
        raise
    except Exception as error:
        # python-docx and lxml raise many kinds of errors on a damaged package.
        raise DocumentError(
            "is damaged or not a DOCX file; open it in Word or LibreOffice and save it again"
        ) from error
    first = blocks.places[0].heading if blocks.places and blocks.places[0].start == 0 else None
    title = str(metadata.get("title") or first or name_title(document_id))
    document = Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(blocks.places))
    return Parsed([document])


def _read(raw: bytes, blocks: Blocks) -> dict[str, object]:
    from io import BytesIO

    import docx
    from docx.opc.constants import RELATIONSHIP_TYPE

    document = docx.Document(BytesIO(raw))
    body: Any = document.element.body
    styles = {str(style.style_id): str(style.name) for style in document.styles if style.name}
    _add_all(blocks, body, styles)
    for relation in document.part.rels.values():
        if not relation.is_external and relation.reltype.rpartition("/")[2] in NOTES:
            _add_notes(blocks, relation.target_part.blob, styles)
    # For a file without properties python-docx invents some: its own name and today's date.
    if not any(each.reltype == RELATIONSHIP_TYPE.CORE_PROPERTIES for each in document.part.package.rels.values()):
        return {}
    properties = document.core_properties
    changed = properties.modified or properties.created
    found = {
        "title": one_line(properties.title),
        "author": one_line(properties.author),
        "date": changed.date().isoformat() if changed else "",
    }
    return {name: value for name, value in found.items() if value}


def _add_all(blocks: Blocks, parent: Element, styles: dict[str, str]) -> None:
    in_list = False
    for element in _children(parent, "p", "tbl"):
        if element.tag == WORD + "tbl":
            rows = ["\t".join(cells).rstrip() for cells in _rows(element)]
            for i, row in enumerate(filter(None, rows)):
                blocks.add(row, between="\n" if i else BLANK_LINE)
            in_list = False
            continue
        text = _text(element).strip()
        if not text:
            continue
        style = styles.get(_value(element, "pPr", "pStyle") or "", "")
        heading = HEADING_STYLE.match(style) is not None
        number = _value(element, "pPr", "numPr", "numId")
        item = not heading and (number not in (None, "0") or LIST_STYLE.match(style) is not None)
        blocks.add("- " * item + text, between="\n" if item and in_list else BLANK_LINE, heading=heading)
        in_list = item


def _add_notes(blocks: Blocks, source: bytes, styles: dict[str, str]) -> None:
    from lxml import etree

    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    for note in etree.fromstring(source, parser):
        # Other types are separator lines.
        if note.get(WORD + "type") in (None, "normal"):
            _add_all(blocks, note, styles)


def _rows(table: Element) -> Iterator[list[str]]:
    """The text of the cells of each row; one merged over rows counts for each of them."""
    above: list[str] = []
    for row in _children(table, "tr"):
        cells: list[str] = []
        for cell in _children(row, "tc"):
            text = " ".join(" ".join(_text(paragraph) for paragraph in cell.iter(WORD + "p")).split())
            merged = cell.find(f"{WORD}tcPr/{WORD}vMerge")
            if merged is not None and merged.get(WORD + "val") != "restart":
                text = above[len(cells)] if len(cells) < len(above) else ""
            span = _value(cell, "tcPr", "gridSpan") or ""
            cells += [text, *[""] * (min(int(span), MAX_SPAN) - 1 if span.isdecimal() else 0)]
        yield cells
        above = cells


def _children(parent: Element, *names: str) -> Iterator[Element]:
    """Descendants with these names that are part of the text; see ``outermost``."""
    return outermost(parent, {WORD + name for name in names}, SKIPPED)


def _text(paragraph: Element) -> str:
    """The text of a paragraph, followed by the text boxes anchored to it."""
    pieces: list[str] = []
    boxed: list[str] = []
    for element in _children(paragraph, "t", "txbxContent", *CHARACTERS):
        name = str(element.tag).removeprefix(WORD)
        if name == "txbxContent":
            boxed += [_text(inner) for inner in _children(element, "p")]
        elif name == "t":
            pieces.append(element.text or "")
        elif element.get(WORD + "type") not in ("page", "column"):
            pieces.append(CHARACTERS[name])
    return BLANK_LINE.join(filter(None, ["".join(pieces), *boxed]))


def _value(element: Element, *path: str) -> str | None:
    """The ``w:val`` attribute of the element at a path."""
    found = element.find("/".join(WORD + name for name in path))
    return None if found is None else found.get(WORD + "val")
