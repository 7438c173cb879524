"""The automatic numbers of list items in an OpenDocument text, as they are shown (OASIS OpenDocument 1.3, 16.30)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from .list_numbers import written

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

TEXT, STYLE = (f"{{urn:oasis:names:tc:opendocument:xmlns:{name}:1.0}}" for name in ("text", "style"))
#: How LibreOffice writes a level with any text between the numbers, such as ``%1%.%2%)``.
LEVEL_FORMAT = "{urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0}num-list-format"
#: Elements that begin a text of their own.
APART = (
    "{urn:oasis:names:tc:opendocument:xmlns:drawing:1.0}text-box", TEXT + "note-body",
    "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}table-cell",
)  # fmt: skip
LIST, ITEM, PARAGRAPHS = TEXT + "list", TEXT + "list-item", (TEXT + "p", TEXT + "h")
ID = "{http://www.w3.org/XML/1998/namespace}id"

BULLET = "- "
#: Levels of a list, and the longest text of a level.
LEVELS, LONGEST = 10, 50
LEVEL_NUMBER = re.compile(r"%(\d{1,2})%")
KINDS = {"1": "decimal", "a": "lowerLetter", "A": "upperLetter", "i": "lowerRoman", "I": "upperRoman", "": "none"}


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of a list style that numbers its items.

    Attributes:
        start: Its first number.
        kind: How its numbers are written; see ``list_numbers.written``.
        text: Its text, with ``%1%`` for the number of the first level.
    """

    start: int
    kind: str
    text: str


#: The number of the last item of each level of a list; None before the first.
Counts = list[int | None]


class ListNumbers:
    """Counts the list items of a document, which must be given in order."""

    def __init__(self, parts: Iterable[Element]) -> None:
        """Read the list styles of these parts."""
        self._styles = {
            style.get(STYLE + "name") or "": _levels(style)
            for part in parts
            for style in part.iter(TEXT + "list-style")
        }
        self._counts: dict[Element, Counts] = {}
        self._by_id: dict[str, Counts] = {}
        self._latest: dict[str, Counts] = {}

    def next(self, item: Element) -> str:
        """What stands before the text of the next item: its number and a space, or a hyphen and a space."""
        lists = _lists(item)
        level = min(len(lists), LEVELS) - 1
        styles = (each.get(TEXT + "style-name") for each in reversed(lists))
        levels = self._styles.get(next((name for name in styles if name), ""), {})
        counts = self._of(lists[0])
        _count(counts, item, level, levels)
        if level not in levels:
            return BULLET
        label = LEVEL_NUMBER.sub(lambda match: _shown(counts, levels, int(match[1]) - 1), levels[level].text).strip()
        return f"{label} " if label else BULLET

    def _of(self, outer: Element) -> Counts:
        """The counts of an outermost list: its own, or those of the list that it goes on."""
        if outer not in self._counts:
            name = outer.get(TEXT + "style-name") or ""
            continued = self._by_id.get(outer.get(TEXT + "continue-list") or "")
            if continued is None and outer.get(TEXT + "continue-numbering") == "true":
                continued = self._latest.get(name)
            self._counts[outer] = self._latest[name] = continued or [None] * LEVELS
            if identifier := outer.get(ID):
                self._by_id[identifier] = self._counts[outer]
        return self._counts[outer]


def is_item(paragraph: Element) -> bool:
    """True for the first paragraph of a list item."""
    parent = paragraph.getparent()
    if paragraph.tag not in PARAGRAPHS or parent is None or parent.tag != ITEM:
        return False
    return next(paragraph.itersiblings(*PARAGRAPHS, LIST, preceding=True), None) is None


def _lists(item: Element) -> list[Element]:
    """The lists that an item is in, the outermost first; those around a text box, a note or a cell are others."""
    found = []
    for each in item.iterancestors():
        if each.tag == LIST:
            found.append(each)
        elif each.tag in APART:
            break
    return found[::-1]


def _count(counts: Counts, item: Element, level: int, levels: dict[int, _Level]) -> None:
    """Count an item of a level, which begins those below anew."""
    stated, last = item.get(TEXT + "start-value") or "", counts[level]
    if stated.isdecimal():
        counts[level] = int(stated)
    elif last is not None:
        counts[level] = last + 1
    else:
        counts[level] = levels[level].start if level in levels else 1
    counts[level + 1 :] = [None] * (LEVELS - level - 1)


def _levels(style: Element) -> dict[int, _Level]:
    """The levels of a list style that number their items, by their depth, from 0."""
    found = {}
    for each in style.iterchildren(TEXT + "list-level-style-number"):
        stated = each.get(TEXT + "level") or ""
        if stated.isdecimal() and 0 < int(stated) <= LEVELS:
            depth = int(stated)
            start, kind = each.get(TEXT + "start-value") or "", each.get(STYLE + "num-format") or ""
            text = each.get(LEVEL_FORMAT) if kind else ""
            found[depth - 1] = _Level(
                int(start) if start.isdecimal() else 1,
                KINDS.get(kind, "decimal"),
                (_text(each, depth, kind) if text is None else text)[:LONGEST],
            )
    return found


def _text(level: Element, depth: int, kind: str) -> str:
    """The text of a level: its prefix, the numbers of the levels that it displays, its suffix."""
    stated = level.get(TEXT + "display-levels") or ""
    count = min(int(stated) if stated.isdecimal() else 1, depth)
    numbers = ".".join(f"%{number}%" for number in range(depth - count + 1, depth + 1)) if kind else ""
    return f"{level.get(STYLE + 'num-prefix') or ''}{numbers}{level.get(STYLE + 'num-suffix') or ''}"


def _shown(counts: Counts, levels: dict[int, _Level], level: int) -> str:
    """The number of a level, as it writes it."""
    if not 0 <= level < LEVELS or level not in levels:
        return ""
    number = counts[level]
    return written(levels[level].start if number is None else number, levels[level].kind)
