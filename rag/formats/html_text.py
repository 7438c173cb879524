"""An (X)HTML tree as text: blocks separated by blank lines, headings as places.

The text is what a browser shows, in order: list items start with a bullet or number, the cells of a row are on one line
separated by tabs, ``pre`` keeps its line breaks, and other whitespace collapses to one space.
"""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from .blocks import BLANK_LINE, Blocks
from .html_rows import Row

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Elements whose content is not shown, or is not text.
INVISIBLE = frozenset(
    "script style noscript template head title meta link svg iframe object embed applet audio video canvas map "
    "button input select textarea option datalist progress meter dialog rp rt".split()
)
HEADINGS = frozenset("h1 h2 h3 h4 h5 h6".split())
BLOCKS = HEADINGS | frozenset(
    "html body address article aside blockquote caption center dd details dialog dir div dl dt fieldset figcaption "
    "figure footer form header hgroup hr legend li main menu nav ol p pre search section summary table tbody tfoot "
    "thead tr ul".split()
)
CELLS = frozenset({"td", "th"})
LISTS = frozenset({"ul", "ol", "menu", "dir"})

WHITE_SPACE = re.compile(r"[ \t\n\r\f]+")
HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)

#: Link marks that documentation tools append to headings.
HEADING_LINKS = frozenset("¶ # § 🔗".split())
#: Pieces of text read of a link to see whether it is such a mark.
MAX_PIECES = 20


def add_markup(blocks: Blocks, root: Element) -> None:
    """Add the visible text of a tree that was parsed without comments and entities.

    Raises:
        DocumentError: The text is too long.
    """
    from lxml import etree

    writer = _Writer(blocks)
    walk: Any = etree.iterwalk(root, events=("start", "end"))
    skipped: Element | None = None
    for event, element in walk:
        if event == "start" and is_invisible(element):
            skipped = element
            walk.skip_subtree()
        elif event == "start":
            writer.open(element, tag(element))
            writer.write(element.text)
        else:
            if element is not skipped:
                writer.close(tag(element))
            if element is not root:
                writer.write(element.tail)
    writer.flush()


def tag(element: Element) -> str:
    """The element's name without its namespace, in lower case."""
    return str(element.tag).rpartition("}")[2].lower()


def is_invisible(element: Element) -> bool:
    """True if a browser does not show the element."""
    if tag(element) in INVISIBLE or element.get("hidden") is not None or element.get("aria-hidden") == "true":
        return True
    if HIDDEN_STYLE.search(element.get("style") or ""):
        return True
    return tag(element) == "a" and _short_text(element) in HEADING_LINKS


def _short_text(element: Element) -> str:
    """The text of an element, stripped, or its beginning: links may be nested, so no more is read than needed."""
    text = ""
    for piece in islice(element.itertext(), MAX_PIECES):
        text += str(piece).strip()
        if len(text) > 1:
            break
    return text


class _Writer:
    """Collects the text of a block, and adds the block when it ends."""

    def __init__(self, blocks: Blocks) -> None:
        self._blocks = blocks
        self._pieces: list[str] = []
        #: Number of the next item of each open list; None for bullets.
        self._lists: list[int | None] = []
        #: For each open table, True if it holds data, False if it is used for layout.
        self._tables: list[bool] = []
        self._row = Row()
        self._marker = ""
        self._heading = self._pre = 0
        #: Kinds of the previous block and of this one; lines of a list, table or definition have no blank line between.
        self._last = self._kind = ""

    def open(self, element: Element, name: str) -> None:
        in_row = self._in_row
        if name == "br":
            self._pieces.append(" " if in_row or self._heading else "\n")
        elif name in CELLS and in_row:
            self._row.open(element, self._pieces)
        elif name in BLOCKS or name in CELLS:
            if in_row and name != "tr":
                self._pieces.append(" ")
            else:
                self.flush()
        if name in LISTS:
            start = element.get("start") or ""
            self._lists.append((int(start) if start.isdecimal() else 1) if name == "ol" else None)
        elif name == "li" and not in_row:
            self._marker = self._next_marker()
        elif name == "table":
            self._tables.append(_is_data_table(element))
            self._row = Row()
        elif name in HEADINGS:
            self._heading += 1
        elif name == "pre":
            self._pre += 1
        elif name in ("dt", "dd") or (name == "tr" and in_row):
            self._kind = name

    def write(self, text: str | None) -> None:
        if text:
            self._pieces.append(text if self._pre and not self._in_row else WHITE_SPACE.sub(" ", text))

    def close(self, name: str) -> None:
        if name in CELLS and self._in_row:
            self._row.close(self._pieces)
        if name in BLOCKS or name in CELLS:
            if not self._in_row or name in ("tr", "table", "caption"):
                self.flush()
            elif name not in CELLS:
                self._pieces.append(" ")
        if name in LISTS and self._lists:
            self._lists.pop()
        elif name == "table" and self._tables:
            self._tables.pop()
        elif name in HEADINGS:
            self._heading -= 1
        elif name == "pre":
            self._pre -= 1
        elif name in ("tr", "dt", "dd", "li"):
            self._kind = self._marker = ""

    def flush(self) -> None:
        """End the block; an empty one is dropped."""
        self._row.end(self._pieces)
        text = "".join(self._pieces)
        self._pieces.clear()
        text = text.strip("\r\n").rstrip() if self._pre else _tidy(text)
        if not text.strip():
            return
        if self._heading:
            self._blocks.add(text, heading=True)
            self._last = ""
        else:
            kind = "li" if self._marker else self._kind
            together = kind and (kind == self._last or (self._last, kind) == ("dt", "dd"))
            self._blocks.add(self._marker + text, between="\n" if together else BLANK_LINE)
            self._last = kind
        self._marker = ""

    @property
    def _in_row(self) -> bool:
        return bool(self._tables) and self._tables[-1]

    def _next_marker(self) -> str:
        number = self._lists[-1] if self._lists else None
        if number is None:
            marker = "- "
        else:
            marker = f"{number}. "
            self._lists[-1] = number + 1
        return "  " * (len(self._lists) - 1) + marker


def _tidy(text: str) -> str:
    """Strip lines and cells, and collapse runs of spaces."""
    lines = ("\t".join(cell.strip(" ") for cell in line.split("\t")) for line in re.sub(r" +", " ", text).split("\n"))
    return "\n".join(_stripped(line) for line in lines).strip("\n")


def _stripped(line: str) -> str:
    """A line without white space at its ends, but for tabs before a row: they stand for empty cells."""
    words = line.strip()
    return "\t" * (len(line) - len(line.lstrip("\t"))) + words if words else ""


def _is_data_table(table: Element) -> bool:
    """True for a data table; a layout table contains headings or tables."""
    return not any(tag(element) in HEADINGS or tag(element) == "table" for element in table.iterdescendants())
