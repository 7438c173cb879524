"""PPTX: the titles, texts, tables and speaker notes of a presentation's slides in order; slides are pages.

python-pptx opens the package and orders the slides; the text is read from the XML, because python-pptx skips some
content. Titles are headings. Slide numbers and dates are left out. Hidden slides, comments, footers, pictures,
drawings, charts, diagrams and embedded objects are not read.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ..errors import DocumentError
from ..types import Document, Place, name_title
from .base import Parsed
from .blocks import BLANK_LINE, Blocks
from .core_properties import core_properties
from .sanitize import one_line
from .unread import unread
from .xml_tree import FALLBACK, outermost
from .zip_package import OLE, open_package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

DRAWING = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
SLIDE = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
MATH = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
CHART = "{http://schemas.openxmlformats.org/drawingml/2006/chart}chart"
DIAGRAM = "{http://schemas.openxmlformats.org/drawingml/2006/diagram}relIds"

SHAPE, TABLE, PARAGRAPH = SLIDE + "sp", DRAWING + "tbl", DRAWING + "p"
#: A chart of a kind newer than the format, such as a map; its fallback is a picture.
NEW_CHART = "{http://schemas.microsoft.com/office/drawing/2014/chartex}chart"
UNREAD = {
    SLIDE + "pic": "picture", SLIDE + "contentPart": "drawing", CHART: "chart", NEW_CHART: "chart",
    DIAGRAM: "diagram", SLIDE + "oleObj": "embedded object",
}  # fmt: skip

#: Heading of the place of speaker notes, and the placeholder of the slide's picture beside them.
NOTES, PICTURE = "speaker notes", "sldImg"

TITLES, FOOTERS, NUMBERS = ("title", "ctrTitle"), ("ftr", "hdr"), ("sldNum", "dt")
#: Placeholders whose paragraphs are list items, by their type; ``obj`` if it is not stated.
BODIES = ("body", "obj")
BULLETS = ("buChar", "buAutoNum", "buBlip")

#: Titles that programs give to presentations.
DEFAULT_TITLE = re.compile(r"(?:microsoft )?power ?point.*|(?:slide|folie) ?\d*", re.IGNORECASE)
COMMENT = re.compile(rb"<(?:\w+:)?cm[\s>]")


def read_pptx(document_id: str, raw: bytes) -> Parsed:
    """The text; title, author and date come from the file's properties, the title else from the first slide."""
    if raw.startswith(OLE):
        raise DocumentError("is protected by a password, or an old .ppt file; save it as .pptx without a password")
    with open_package(raw, "PPTX") as package:
        try:
            return _read(document_id, raw, package)
        except (DocumentError, MemoryError):
            raise
        except Exception as error:
            # python-pptx and lxml raise many kinds of errors on a damaged package.
            raise DocumentError(
                "is damaged or not a PPTX file; open it in PowerPoint or LibreOffice and save it again"
            ) from error


def _read(document_id: str, raw: bytes, package: zipfile.ZipFile) -> Parsed:
    from pptx.package import Package

    metadata = core_properties(package)
    blocks = Blocks()
    missing: Counter[str] = Counter()
    # Not `pptx.Presentation`, which refuses slide shows and templates.
    presentation = Package.open(BytesIO(raw)).main_document_part.presentation
    for number, slide in enumerate(presentation.slides, start=1):
        element: Any = slide.element
        if element.get("show") in ("0", "false"):
            missing["hidden slide"] += 1
            continue
        _add_slide(blocks, element, number, missing)
        if slide.has_notes_slide:
            _add_notes(blocks, slide.notes_slide.element, number)
    comments = [package.read(part) for part in package.namelist() if re.fullmatch(r"ppt/comments/.*\.xml", part)]
    missing["comment"] += sum(len(COMMENT.findall(xml)) for xml in comments)
    if DEFAULT_TITLE.fullmatch(str(metadata.get("title", ""))):
        del metadata["title"]
    first = blocks.places[0].heading if blocks.places and blocks.places[0].heading != NOTES else None
    title = str(metadata.get("title") or first or name_title(document_id))
    document = Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(blocks.places))
    return Parsed([document], warnings=unread(document_id, missing))


def _add_slide(blocks: Blocks, slide: Element, number: int, missing: Counter[str]) -> None:
    """Add the title of a slide, then the rest in order, with a place for the slide."""
    elements = list(_children(slide, SHAPE, TABLE, *UNREAD))
    titles = [each for each in elements if each.tag == SHAPE and _placeholder(each) in TITLES]
    heading = one_line(" ".join(text for each in titles for text, _ in _paragraphs(each)))
    starts = [blocks.add(heading)] if heading else []
    for element in elements:
        if noun := UNREAD.get(str(element.tag)):
            missing[noun] += 1
        elif element.tag == TABLE:
            rows = ["\t".join(_cells(row)).rstrip() for row in _children(element, DRAWING + "tr")]
            starts += [
                blocks.add(row, between="\n" if i else BLANK_LINE) for i, row in enumerate(row for row in rows if row)
            ]
        elif _placeholder(element) in FOOTERS:
            missing["footer"] += any(_paragraphs(element))
        elif element not in titles and _placeholder(element) not in NUMBERS:
            in_list = False
            for text, is_item in _paragraphs(element):
                between = "\n" if is_item and in_list else BLANK_LINE
                starts.append(blocks.add("- " * is_item + text, between=between))
                in_list = is_item
    if starts:
        blocks.places.append(Place(starts[0], page=number, heading=heading or None))


def _add_notes(blocks: Blocks, notes: Element, number: int) -> None:
    """Add the speaker notes of a slide, with a place of their own."""
    shapes = [each for each in _children(notes, SHAPE) if _placeholder(each) not in (*FOOTERS, *NUMBERS, PICTURE)]
    starts = [blocks.add(text) for each in shapes for text, _ in _paragraphs(each)]
    if starts:
        blocks.places.append(Place(starts[0], page=number, heading=NOTES))


def _paragraphs(shape: Element) -> Iterator[tuple[str, bool]]:
    """The paragraphs of a shape that are not blank, each with whether it is a list item."""
    texts = [(text, each) for each in _children(shape, PARAGRAPH) if (text := _text(each).strip())]
    for text, paragraph in texts:
        marks = {str(each.tag).removeprefix(DRAWING) for each in paragraph.iterfind(f"{DRAWING}pPr/*")}
        by_place = _placeholder(shape) in BODIES and len(texts) > 1 and "buNone" not in marks
        yield text, by_place or not marks.isdisjoint(BULLETS)


def _cells(row: Element) -> Iterator[str]:
    """The text of each cell, on one line."""
    for cell in _children(row, DRAWING + "tc"):
        yield " ".join(" ".join(_text(paragraph) for paragraph in _children(cell, PARAGRAPH)).split())


def _text(paragraph: Element) -> str:
    pieces = _children(paragraph, DRAWING + "t", DRAWING + "br", MATH + "t")
    return "".join("\n" if each.tag == DRAWING + "br" else (each.text or "").replace("\v", "\n") for each in pieces)


def _placeholder(shape: Element) -> str | None:
    """The type of a placeholder; None if the shape is not one."""
    found = shape.find(f"{SLIDE}nvSpPr/{SLIDE}nvPr/{SLIDE}ph")
    return None if found is None else found.get("type", "obj")


def _children(parent: Element, *tags: str) -> Iterator[Element]:
    """Descendants with these tags that are part of the text; see ``outermost``."""
    return outermost(parent, tags, (FALLBACK,))
