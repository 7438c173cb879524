"""DOCX: the paragraphs, lists and tables of a Word document or template in order; headings are places.

Automatic numbers are read as they are shown, formulas on one line, text boxes after their paragraphs, and inserted
HTML, text and Word files where they are inserted. Footnotes and endnotes come last. Deleted text is left out. Comments,
large pictures, charts, diagrams, embedded objects, other inserted files, page headers and footers are counted.
"""

from __future__ import annotations

import re
import zipfile
from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from ..errors import DocumentError
from ..types import Document, name_title
from .base import Parsed
from .blocks import BLANK_LINE, Blocks
from .core_properties import core_properties
from .html import decode_html, parse_html
from .html_text import add_markup
from .out_of_memory import raise_if_out_of_memory
from .pictures import count_pictures, drawings_to_pictures
from .text import decode
from .unread import unread
from .word_math import linear
from .word_numbering import BULLET, Numbering, value
from .word_package import DAMAGED, MATH, RELATION, WORD, WordPackage
from .word_pictures import unread_objects
from .xml_tree import FALLBACK, outermost
from .zip_package import OLE, open_package

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Deleted and moved text, pronunciations, properties, and second copies.
SKIPPED = frozenset({WORD + "del", WORD + "moveFrom", WORD + "rt", WORD + "pPr", FALLBACK})
#: Elements of a paragraph that are text, or hold some.
FORMULA, BOX = MATH + "oMath", WORD + "txbxContent"
CHARACTERS = {"tab": "\t", "br": "\n", "cr": "\n", "noBreakHyphen": "-", "ptab": "\t"}

PARAGRAPH, TABLE, INSERTED = WORD + "p", WORD + "tbl", WORD + "altChunk"

HEADING_STYLE = re.compile(r"(?:heading \d|title)$", re.IGNORECASE)
#: Columns that a cell may span.
MAX_SPAN = 100
NOTES = {"footnotes": "footnote", "endnotes": "endnote"}
MARGINS = ("header", "footer")

HTML_SUFFIXES, TEXT_SUFFIXES = (".htm", ".html", ".xhtml"), (".txt",)
#: Documents and templates, without and with macros.
WORD_SUFFIXES = (".docx", ".docm", ".dotx", ".dotm")


def read_docx(document_id: str, raw: bytes) -> Parsed:
    """The text; title, author and date (modified, else created) come from the file's properties."""
    if raw.startswith(OLE):
        raise DocumentError("is protected by a password, or an old .doc file; save it as .docx without a password")
    blocks = Blocks()
    missing: Counter[str] = Counter()
    with open_package(raw, "DOCX") as package:
        try:
            _Reader(package, blocks, missing).add_document()
            metadata = core_properties(package)
        except (DocumentError, MemoryError):
            raise
        except Exception as error:
            # zipfile and lxml raise many kinds of errors on a damaged package.
            raise DocumentError(DAMAGED) from error
    first = blocks.places[0].heading if blocks.places and blocks.places[0].start == 0 else None
    title = str(metadata.get("title") or first or name_title(document_id))
    document = Document(document_id, blocks.text(), title, metadata=metadata, places=tuple(blocks.places))
    return Parsed([document], warnings=unread(document_id, missing))


class _Reader:
    """Adds the text of a package to blocks, and counts what is not read."""

    def __init__(
        self, package: zipfile.ZipFile, blocks: Blocks, missing: Counter[str], *, is_inserted: bool = False
    ) -> None:
        self._package = WordPackage(package)
        self._blocks = blocks
        self._missing = missing
        self._is_inserted = is_inserted
        styles, numbering = (next(self._package.of_kind(kind), None) for kind in ("styles", "numbering"))
        self._numbering = Numbering(styles, numbering)
        self._style_names = {
            each.get(WORD + "styleId") or "": value(each, "name") or ""
            for each in (() if styles is None else styles.iterfind(WORD + "style"))
        }

    def add_document(self) -> None:
        """Add the body and the notes.

        Raises:
            DocumentError: There is no body.
        """
        body = self._package.main.find(WORD + "body")
        if body is None:
            raise DocumentError(DAMAGED)
        self._add(body)
        self._missing += unread_objects(body, SKIPPED)
        for kind, name in NOTES.items():
            for notes in self._package.of_kind(kind):
                self._missing += unread_objects(notes, SKIPPED)
                for note in notes.iterfind(WORD + name):
                    # Other types are separator lines.
                    if note.get(WORD + "type") in (None, "normal"):
                        self._add(note)
        for comments in self._package.of_kind("comments"):
            self._missing["comment"] += sum(1 for _ in comments.iterfind(WORD + "comment"))
        for kind in MARGINS:
            self._missing[f"page {kind}"] += len(self._margins(kind))

    def _margins(self, kind: str) -> set[str]:
        """The different texts of page headers or footers, without those that hold no word but a page number."""
        texts = (" ".join(self._flat(part)) for part in self._package.of_kind(kind))
        return {text for text in texts if any(map(str.isalpha, text))}

    def _add(self, parent: Element) -> None:
        """Add the paragraphs, tables and inserted files in an element."""
        in_list = False
        for element in outermost(parent, (PARAGRAPH, TABLE, INSERTED), SKIPPED):
            if element.tag == TABLE:
                rows = ["\t".join(cells).rstrip() for cells in self._rows(element)]
                for i, row in enumerate(filter(None, rows)):
                    self._blocks.add(row, between="\n" if i else BLANK_LINE)
                in_list = False
                continue
            if element.tag == INSERTED:
                self._add_inserted(element)
                in_list = False
                continue
            number = self._number(element)
            text, boxes = _content(element)
            if text:
                style = self._style_names.get(value(element, "pPr", "pStyle") or "", "")
                heading = HEADING_STYLE.match(style) is not None
                if heading:
                    number = number.removeprefix(f"{BULLET} ")
                item = bool(number) and not heading
                self._blocks.add(number + text, between="\n" if item and in_list else BLANK_LINE, heading=heading)
                in_list = item
            for box in boxes:
                self._add(box)

    def _rows(self, table: Element) -> Iterator[list[str]]:
        """The text of the cells of each row, each on one line; one merged over rows counts for each of them."""
        above: list[str] = []
        for row in _children(table, "tr"):
            cells: list[str] = []
            for cell in _children(row, "tc"):
                text = " ".join(" ".join(self._flat(cell)).split())
                merged = cell.find(f"{WORD}tcPr/{WORD}vMerge")
                if merged is not None and merged.get(WORD + "val") != "restart":
                    text = above[len(cells)] if len(cells) < len(above) else ""
                span = value(cell, "tcPr", "gridSpan") or ""
                cells += [text, *[""] * (min(int(span), MAX_SPAN) - 1 if span.isdecimal() else 0)]
            yield cells
            above = cells

    def _flat(self, parent: Element) -> Iterator[str]:
        """The text of each paragraph in an element, with its number."""
        for element in _children(parent, "p"):
            number = self._number(element)
            text, boxes = _content(element)
            yield number.removeprefix(f"{BULLET} ") + text if text else ""
            for box in boxes:
                yield from self._flat(box)

    def _number(self, paragraph: Element) -> str:
        """The number of a paragraph; none for one that was deleted."""
        is_deleted = paragraph.find(f"{WORD}pPr/{WORD}rPr/{WORD}del") is not None
        return "" if is_deleted else self._numbering.next(paragraph)

    def _add_inserted(self, element: Element) -> None:
        """Add the text of an inserted file; one that is damaged, nested, or of another format is counted."""
        try:
            is_read = self._read_inserted(element)
        except Exception as error:  # zipfile and lxml raise many kinds of errors on a damaged file
            raise_if_out_of_memory(error)
            is_read = False
        self._missing["inserted file"] += not is_read

    def _read_inserted(self, element: Element) -> bool:
        """Add the text of an inserted file, if it is of a format that is read there."""
        relation = self._package.relations.get(element.get(RELATION + "id") or "")
        source = None if relation is None else self._package.read(relation.path)
        name = "" if relation is None else relation.path.lower()
        if source and name.endswith(HTML_SUFFIXES):
            root = parse_html(decode_html("", source)[0])
            if root is not None:
                drawings_to_pictures(root)
                add_markup(self._blocks, root)
                self._missing["picture"] += count_pictures(root)
        elif source and name.endswith(TEXT_SUFFIXES):
            if text := decode(source)[0].strip():
                self._blocks.add(text)
        elif source and name.endswith(WORD_SUFFIXES) and not self._is_inserted:
            with open_package(source, "DOCX") as package:
                _Reader(package, self._blocks, self._missing, is_inserted=True).add_document()
        else:
            return False
        return True


def _children(parent: Element, *names: str) -> Iterator[Element]:
    """Descendants with these names that are part of the text; see ``outermost``."""
    return outermost(parent, {WORD + name for name in names}, SKIPPED)


def _content(paragraph: Element) -> tuple[str, list[Element]]:
    """The text of a paragraph, and the text boxes anchored to it."""
    pieces: list[str] = []
    boxes: list[Element] = []
    after_formula = False
    wanted = {WORD + "t", FORMULA, BOX, *(WORD + name for name in CHARACTERS)}
    for element in outermost(paragraph, wanted, SKIPPED):
        name = str(element.tag).removeprefix(WORD)
        if element.tag == BOX:
            boxes.append(element)
        elif element.tag == FORMULA:
            # Word shows adjacent formulas apart.
            pieces.append(" " * after_formula + linear(element))
        elif name == "t":
            pieces.append(element.text or "")
        elif element.get(WORD + "type") not in ("page", "column"):
            pieces.append(CHARACTERS[name])
        after_formula = element.tag == FORMULA
    return "".join(pieces).strip(), boxes
