"""ODT: the paragraphs, lists and tables of an OpenDocument text in order; headings are places.

The text is read from the XML (OASIS OpenDocument 1.3). Deleted text is left out. Footnotes and endnotes come last.
Comments, pictures, embedded objects (such as formulas and charts), form fields, page headers and footers are not read.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..errors import DocumentError
from ..types import Document, name_title
from .base import Parsed
from .blocks import BLANK_LINE, Blocks
from .odt_numbering import BULLET, ListNumbers, is_item
from .sanitize import iso_date, one_line
from .unread import unread
from .xml_tree import outermost
from .zip_package import open_package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

TEXT, TABLE, DRAW, OFFICE, META, MANIFEST = (
    f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}"
    for name in ("text", "table", "drawing", "office", "meta", "manifest")
)
DUBLIN_CORE = "{http://purl.org/dc/elements/1.1/}"

HEADING, PARAGRAPH, NOTE = (TEXT + name for name in ("h", "p", "note"))
TABLE_ELEMENT, ROW = TABLE + "table", TABLE + "table-row"
#: The part that holds page headers and footers, and their elements.
STYLES = "styles.xml"
MARGINS = {
    f"{{urn:oasis:names:tc:opendocument:xmlns:style:1.0}}{name}{page}": f"page {name}"
    for name in ("header", "footer")
    for page in ("", "-left", "-first")
}
CELLS = (TABLE + "table-cell", TABLE + "covered-table-cell")
FRAME, CONTROL, COMMENT = DRAW + "frame", DRAW + "control", OFFICE + "annotation"
#: What a frame may hold beside text boxes and pictures.
OBJECTS = frozenset(DRAW + name for name in ("object", "object-ole", "plugin", "applet", "floating-frame"))
#: Deleted text, and pronunciations.
IGNORED = frozenset({TEXT + "tracked-changes", TEXT + "ruby-text"})
CHARACTERS = {TEXT + "tab": "\t", TEXT + "line-break": "\n", TEXT + "s": " "}
WHITE_SPACE = re.compile(r"[ \t\r\n]+")

#: Most repetitions of a cell that are read, and of a space.
MAX_REPEATED = 1_000

DAMAGED = "is damaged or not an ODT file; open it in LibreOffice and save it again"


def read_odt(document_id: str, raw: bytes) -> Parsed:
    """The text; title, author and date (changed, else created) come from the file's properties."""
    with open_package(raw, "ODT") as package:
        try:
            manifest = _xml(package, "META-INF/manifest.xml")
            if any(True for _ in manifest.iter(MANIFEST + "encryption-data")):
                raise DocumentError("is protected by a password; save a copy without one")
            content = _xml(package, "content.xml")
            styles = _xml(package, STYLES) if STYLES in package.namelist() else None
            writer = _Writer(ListNumbers([content] if styles is None else [styles, content]))
            for body in content.iter(OFFICE + "text"):
                writer.add(body)
            writer.add_notes()
            writer.missing += Counter() if styles is None else _margins(styles)
            metadata = _metadata(_xml(package, "meta.xml")) if "meta.xml" in package.namelist() else {}
        except (DocumentError, MemoryError):
            raise
        except Exception as error:
            # zipfile and lxml raise many kinds of errors on a damaged package.
            raise DocumentError(DAMAGED) from error
    blocks = writer.blocks
    first = blocks.places[0].heading if blocks.places and blocks.places[0].start == 0 else None
    title = str(metadata.get("title") or first or name_title(document_id))
    document = Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(blocks.places))
    return Parsed([document], warnings=unread(document_id, writer.missing))


def _xml(package: zipfile.ZipFile, part: str) -> Element:
    from lxml import etree

    # Entities stay unresolved: a few can expand to gigabytes.
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    root = etree.fromstring(package.read(part), parser)
    # Old files name a document type, without entities.
    types: Any = root.getroottree().docinfo.internalDTD
    if types is not None and any(True for _ in types.iterentities()):
        raise DocumentError(DAMAGED)
    return root


def _metadata(root: Element) -> dict[str, object]:
    stated = {str(each.tag): one_line(each.text) for parent in root for each in parent}
    found = {
        "title": stated.get(DUBLIN_CORE + "title"),
        "author": stated.get(META + "initial-creator") or stated.get(DUBLIN_CORE + "creator"),
        "date": iso_date(stated.get(DUBLIN_CORE + "date")) or iso_date(stated.get(META + "creation-date")),
    }
    return {name: value for name, value in found.items() if value}


def _margins(styles: Element) -> Counter[str]:
    """The number of page headers and footers with text."""
    found: Counter[str] = Counter()
    for element in styles.iter(*MARGINS):
        found[MARGINS[str(element.tag)]] += any(str(text).strip() for text in element.itertext())
    return found


class _Writer:
    """Adds the content of elements to a text, and collects notes and what is not read."""

    def __init__(self, numbers: ListNumbers) -> None:
        self._numbers = numbers
        self.blocks = Blocks()
        self.missing: Counter[str] = Counter()
        self._notes: list[Element] = []

    def add(self, parent: Element) -> None:
        """Add the paragraphs, lists and tables in an element."""
        in_list = False
        for element in _children(parent, HEADING, PARAGRAPH, TABLE_ELEMENT, FRAME):
            if element.tag == TABLE_ELEMENT:
                rows = ["\t".join(self._cells(row)).rstrip() for row in _children(element, ROW)]
                for i, row in enumerate(row for row in rows if row):
                    self.blocks.add(row, between="\n" if i else BLANK_LINE)
                in_list = False
                continue
            number = self._number(element)
            text, boxes = self._content(element)
            if text:
                heading = element.tag == HEADING
                between = "\n" if number and in_list else BLANK_LINE
                self.blocks.add(
                    (number.removeprefix(BULLET) if heading else number) + text, between=between, heading=heading
                )
                in_list = bool(number) and not heading
            for box in boxes:
                self.add(box)

    def add_notes(self) -> None:
        """Add the footnotes and endnotes of what was added."""
        notes, self._notes = self._notes, []
        for note in notes:
            self.add(note)

    def _cells(self, row: Element) -> Iterator[str]:
        """The text of each cell, on one line; a cell covered by another is empty."""
        for cell in _children(row, *CELLS):
            text = " ".join(" ".join(self._flat(cell)).split())
            yield from [text] * _count(cell, TABLE + "number-columns-repeated")

    def _flat(self, parent: Element) -> Iterator[str]:
        """The text of each paragraph in an element."""
        for element in _children(parent, HEADING, PARAGRAPH, FRAME):
            number = self._number(element)
            text, boxes = self._content(element)
            yield number.removeprefix(BULLET) + text if text else ""
            for box in boxes:
                yield from self._flat(box)

    def _number(self, element: Element) -> str:
        """What stands before a paragraph: the number or the hyphen of its list item; empty if it begins none."""
        parent = element.getparent()
        return self._numbers.next(parent) if parent is not None and is_item(element) else ""

    def _content(self, element: Element) -> tuple[str, list[Element]]:
        """The text of a paragraph or frame, and the text boxes and shapes anchored to it."""
        from lxml import etree

        pieces: list[str] = []
        boxes: list[Element] = []
        walk: Any = etree.iterwalk(element, events=("start", "end"))
        for event, each in walk:
            tag = str(each.tag)
            if event == "end":
                pieces.append(WHITE_SPACE.sub(" ", each.tail or "") if each is not element else "")
            elif tag == FRAME:
                boxes += self._boxes(each)
                walk.skip_subtree()
            elif tag in CHARACTERS:
                pieces.append(CHARACTERS[tag] * _count(each, TEXT + "c"))
            elif tag in (NOTE, COMMENT, *IGNORED) or tag.startswith(DRAW):
                self._notes += each.iterchildren(TEXT + "note-body")
                self.missing["comment"] += tag == COMMENT
                self.missing["form field"] += tag == CONTROL
                boxes += [each] * tag.startswith(DRAW)
                walk.skip_subtree()
            else:
                pieces.append(WHITE_SPACE.sub(" ", each.text or ""))
        return "".join(pieces).strip(), boxes

    def _boxes(self, frame: Element) -> list[Element]:
        """The text boxes in a frame; anything else in it is counted, without the picture that stands for it."""
        kinds = {str(each.tag) for each in frame}
        if kinds & OBJECTS:
            self.missing["embedded object"] += 1
        elif DRAW + "image" in kinds:
            self.missing["picture"] += 1
        return list(frame.iterchildren(DRAW + "text-box"))


def _children(parent: Element, *tags: str) -> Iterator[Element]:
    """Descendants with these tags that are part of the text; see ``outermost``."""
    return outermost(parent, tags, IGNORED)


def _count(element: Element, name: str) -> int:
    """The number of repetitions that an attribute states, at most ``MAX_REPEATED``."""
    stated = element.get(name) or "1"
    return min(int(stated), MAX_REPEATED) if stated.isdecimal() else 1
