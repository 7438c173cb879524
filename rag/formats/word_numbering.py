"""The automatic numbers of the paragraphs of a Word document, as Word shows them (ISO/IEC 29500-1, 17.9)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .list_numbers import written
from .word_package import WORD

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

BULLET = "-"

#: Levels of a list.
LEVELS = 9
#: Styles that are based on each other, and lists that are defined by a style.
MAX_STEPS = 50

LEVEL_NUMBER = re.compile(r"%([1-9])")


@dataclass(frozen=True, slots=True)
class _Level:
    """A level of a list.

    Attributes:
        start: Its first number.
        format: How its numbers are written (``w:numFmt``).
        text: Its text, with ``%1`` for the number of the first level.
        restart: The level, from 1, whose items restart it, as do those above; 0 for never, None for all above.
        is_legal: Whether the numbers of all levels in its text are in digits.
        suffix: What separates the number from the paragraph.
        style: Id of the paragraph style that stands for the level.
    """

    start: int = 1
    format: str = "decimal"
    text: str = ""
    restart: int | None = None
    is_legal: bool = False
    suffix: str = " "
    style: str | None = None


@dataclass(frozen=True, slots=True)
class _Inherited:
    """A style and those that it is based on, and the list instance and level that they state."""

    styles: tuple[str, ...]
    number: str | None
    level: int | None


@dataclass(slots=True)
class _List:
    """Paragraphs that are counted together: the number of the last one on each level; None before the first."""

    counts: list[int | None] = field(default_factory=lambda: [None] * LEVELS)


@dataclass(frozen=True, slots=True)
class _Instance:
    """A use of a list (``w:num``), with first numbers of its own for some levels."""

    list: _List
    levels: dict[int, _Level]
    starts: dict[int, int]


class Numbering:
    """Counts the numbered paragraphs of a document, which must be given in order."""

    def __init__(self, styles: Element | None, numbering: Element | None) -> None:
        """Read the definitions.

        Args:
            styles: The part with the styles; None if there is none.
            numbering: The part with the lists; None if there is none.
        """
        self._styles: dict[str, Element] = {}
        self._default: str | None = None
        self._inherited: dict[str | None, _Inherited] = {}
        for style in () if styles is None else styles.iterfind(WORD + "style"):
            name = style.get(WORD + "styleId") or ""
            self._styles[name] = style
            if style.get(WORD + "type") == "paragraph" and style.get(WORD + "default") in ("1", "true", "on"):
                self._default = name
        self._instances = {} if numbering is None else self._read(numbering)
        #: Instances and levels whose own first number was used.
        self._started: set[tuple[str, int]] = set()

    def next(self, paragraph: Element) -> str:
        """The number of the next paragraph with the space after it; a hyphen for a bullet; empty if it has none."""
        number, level = self._place(paragraph)
        instance = self._instances.get(number or "")
        if number is None or instance is None:
            return ""
        self._count(number, instance, level)
        definition = instance.levels.get(level, _Level())
        if definition.format == "bullet":
            return f"{BULLET} "
        label = LEVEL_NUMBER.sub(
            lambda match: self._shown(instance, definition, int(match.group(1)) - 1), definition.text
        )
        return label.strip() + definition.suffix if label.strip() else ""

    def _place(self, paragraph: Element) -> tuple[str | None, int]:
        """The list instance and the level of a paragraph, from its properties, else from its styles."""
        inherited = self._of_style(value(paragraph, "pPr", "pStyle") or self._default)
        number = value(paragraph, "pPr", "numPr", "numId") or inherited.number
        level = _integer(value(paragraph, "pPr", "numPr", "ilvl"))
        instance = self._instances.get(number or "")
        if level is None and instance is not None:
            linked = {each.style: i for i, each in instance.levels.items() if each.style}
            level = next((linked[style] for style in inherited.styles if style in linked), inherited.level)
        return number, min(level or 0, LEVELS - 1)

    def _of_style(self, name: str | None) -> _Inherited:
        """What a style and those that it is based on say about lists."""
        if name not in self._inherited:
            styles: list[str] = []
            number: str | None = None
            level: int | None = None
            style = name
            while style is not None and style in self._styles and style not in styles and len(styles) < MAX_STEPS:
                element = self._styles[style]
                styles.append(style)
                number = number or value(element, "pPr", "numPr", "numId")
                level = _integer(value(element, "pPr", "numPr", "ilvl")) if level is None else level
                style = value(element, "basedOn")
            self._inherited[name] = _Inherited(tuple(styles), number, level)
        return self._inherited[name]

    def _count(self, number: str, instance: _Instance, level: int) -> None:
        counts = instance.list.counts
        # A level that was passed over counts as used once.
        for i in range(level + 1):
            previous = counts[i]
            if i == level and level in instance.starts and (number, level) not in self._started:
                self._started.add((number, level))
                counts[i] = instance.starts[level]
            elif previous is None:
                counts[i] = instance.levels.get(i, _Level()).start
            elif i == level:
                counts[i] = previous + 1
        for i in range(level + 1, LEVELS):
            restart = instance.levels.get(i, _Level()).restart
            if restart is None or level < restart:
                counts[i] = None

    def _shown(self, instance: _Instance, definition: _Level, level: int) -> str:
        """The number of a level as a part of a label."""
        count = instance.list.counts[level]
        shown = instance.levels.get(level, _Level())
        if count is None or shown.format == "bullet":
            return ""
        return written(count, "decimal" if definition.is_legal and shown.format != "none" else shown.format)

    def _read(self, numbering: Element) -> dict[str, _Instance]:
        lists: dict[str, tuple[_List, dict[int, _Level]]] = {}
        linked: dict[str, str] = {}
        for each in numbering.iterfind(WORD + "abstractNum"):
            name = each.get(WORD + "abstractNumId") or ""
            lists[name] = _List(), _levels(each)
            if style := value(each, "numStyleLink"):
                linked[name] = style
        used = {each.get(WORD + "numId") or "": each for each in numbering.iterfind(WORD + "num")}
        instances = {}
        for number, element in used.items():
            name = value(element, "abstractNumId") or ""
            # A list that is defined by a style is that of the style.
            for _ in range(MAX_STEPS):
                definition = self._styles.get(linked.get(name, ""))
                target = None if definition is None else used.get(value(definition, "pPr", "numPr", "numId") or "")
                if target is None:
                    break
                name = value(target, "abstractNumId") or ""
            if name not in lists:
                continue
            counted, levels = lists[name]
            starts = {}
            for override in element.iterfind(WORD + "lvlOverride"):
                level = _integer(override.get(WORD + "ilvl"))
                start = _integer(value(override, "startOverride"))
                if level is not None and start is not None:
                    starts[level] = start
                levels = levels | _levels(override)
            instances[number] = _Instance(counted, levels, starts)
        return instances


def value(element: Element, *path: str) -> str | None:
    """The ``w:val`` attribute of the element at a path."""
    found = element.find("/".join(WORD + name for name in path))
    return None if found is None else found.get(WORD + "val")


def is_on(element: Element, *path: str) -> bool:
    """True if the switch at a path is there and not turned off."""
    found = element.find("/".join(WORD + name for name in path))
    return found is not None and found.get(WORD + "val") not in ("0", "false", "off")


def _levels(parent: Element) -> dict[int, _Level]:
    found = {}
    for each in parent.iterfind(WORD + "lvl"):
        level = _integer(each.get(WORD + "ilvl"))
        if level is not None:
            found[level] = _Level(
                start=_integer(value(each, "start")) or 0,
                format=value(each, "numFmt") or "decimal",
                text=value(each, "lvlText") or "",
                restart=_integer(value(each, "lvlRestart")),
                is_legal=is_on(each, "isLgl"),
                suffix="" if value(each, "suff") == "nothing" else " ",
                style=value(each, "pStyle"),
            )
    return found


def _integer(stated: str | None) -> int | None:
    """A number of a definition; None if it is not one."""
    return int(stated) if stated and re.fullmatch(r"\d{1,9}", stated) else None
