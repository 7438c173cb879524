"""Escape text for the page, and highlight stretches of documents in it."""

from __future__ import annotations

import html
from bisect import insort
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from operator import neg

from markupsafe import Markup

#: Written as character references: the characters that start a placeholder in a Gradio template, and the carriage
#: return, which an HTML parser would merge with the line feed after it, so that offsets in the page would shift.
TEMPLATE_CHARACTERS = {ord(character): f"&#{ord(character)};" for character in "`${}\r"}

#: Control characters that HTML forbids: all but tab and line breaks.
CONTROL_CHARACTERS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch to highlight.

    Attributes:
        start, end: Code points ``[start, end)`` of the document.
        kind: CSS class of its element.
        element: ``mark`` to highlight it, ``span`` to style it only.
    """

    start: int
    end: int
    kind: str
    element: str = "mark"


def escape(value: object) -> Markup:
    """Escape a value for HTML and for Gradio's templates; Markup is returned unchanged."""
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(str(value)).translate(TEMPLATE_CHARACTERS | CONTROL_CHARACTERS))


def highlight(text: str, start: int, marks: Iterable[Mark]) -> Markup:
    """Wrap the marked stretches of a document slice in elements, nested where they overlap.

    Args:
        text: ``document.text[start:start + len(text)]``.
        start: Offset of the slice in the document.
        marks: Most important first; parts outside the slice are dropped. Where marks overlap, earlier ones are nested
            inside later ones.
    """
    end = start + len(text)
    clipped = (replace(mark, start=max(mark.start, start), end=min(mark.end, end)) for mark in marks)
    inside = [mark for mark in clipped if mark.start < mark.end]
    opening: defaultdict[int, list[int]] = defaultdict(list)
    closing: defaultdict[int, list[int]] = defaultdict(list)
    for number, mark in enumerate(inside):
        opening[mark.start].append(number)
        closing[mark.end].append(number)
    edges = sorted({start, end, *opening, *closing})
    pieces: list[str] = []
    is_open: list[Mark] = []
    active: list[int] = []
    for left, right in zip(edges, [*edges[1:], end], strict=True):
        for number in closing[left]:
            active.remove(number)
        for number in opening[left]:
            insort(active, number, key=neg)
        covering = [inside[number] for number in active]
        shared = _shared_length(is_open, covering)
        pieces += [f"</{mark.element}>" for mark in reversed(is_open[shared:])]
        pieces += [f'<{mark.element} class="{escape(mark.kind)}">' for mark in covering[shared:]]
        is_open = covering
        pieces.append(escape(text[left - start : right - start]))
    return Markup("".join(pieces))


def shallow(marks: Sequence[Mark], depth: int) -> list[Mark]:
    """The marks without those nested deeper than ``depth``, so that ``highlight`` takes linear time and space."""
    kept: set[int] = set()
    ends: list[int] = []
    for number in sorted(range(len(marks)), key=lambda number: marks[number].start):
        mark = marks[number]
        while ends and ends[0] <= mark.start:
            heappop(ends)
        if len(ends) < depth:
            heappush(ends, mark.end)
            kept.add(number)
    return [mark for number, mark in enumerate(marks) if number in kept]


def _shared_length(left: list[Mark], right: list[Mark]) -> int:
    """Number of marks open in both, counted from the outermost."""
    length = 0
    for a, b in zip(left, right, strict=False):
        if a is not b:
            break
        length += 1
    return length
