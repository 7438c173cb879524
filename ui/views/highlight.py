"""Text with marks as HTML: escaped, every code point kept, marks that overlap nested right."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

#: Beside HTML's own characters, those with which page templates begin are written as numbers; and the carriage return,
#: which a browser would drop from before a line feed, so that offsets counted in the page would be others.
TEMPLATE_CHARACTERS = {ord(character): f"&#{ord(character)};" for character in "`${}\r"}

#: HTML forbids control characters, tab and line breaks apart.
CONTROL_CHARACTERS = dict.fromkeys([*range(9), 11, 12, *range(14, 32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")


@dataclass(frozen=True, slots=True)
class Mark:
    """A stretch to be marked: code points ``[start, end)`` of the document, and the CSS class of its ``<mark>``."""

    start: int
    end: int
    kind: str


def escape(text: str) -> str:
    """The text as HTML that shows it and does nothing else, in content and in attributes."""
    return html.escape(text).translate(TEMPLATE_CHARACTERS | CONTROL_CHARACTERS)


def highlight(text: str, start: int, marks: Iterable[Mark]) -> str:
    """A slice of a document as HTML with its marks.

    Args:
        text: ``document.text[start:start + len(text)]``.
        start: Where the slice stands in the document.
        marks: In order of importance; what lies outside the slice is left out. A mark given earlier lies inside
            those given later where they overlap.
    """
    end = start + len(text)
    clipped = (Mark(max(mark.start, start), min(mark.end, end), mark.kind) for mark in marks)
    inside = [mark for mark in clipped if mark.start < mark.end]
    edges = sorted({start, end} | {edge for mark in inside for edge in (mark.start, mark.end)})
    pieces: list[str] = []
    is_open: list[Mark] = []
    for at, until in zip(edges, [*edges[1:], end], strict=True):
        wanted = [mark for mark in reversed(inside) if mark.start <= at < mark.end]
        shared = _shared_length(is_open, wanted)
        pieces += ["</mark>"] * (len(is_open) - shared)
        pieces += [f'<mark class="{escape(mark.kind)}">' for mark in wanted[shared:]]
        is_open = wanted
        pieces.append(escape(text[at - start : until - start]))
    return "".join(pieces)


def _shared_length(left: list[Mark], right: list[Mark]) -> int:
    """How many marks, counted from the outermost, are open in both."""
    length = 0
    for a, b in zip(left, right, strict=False):
        if a is not b:
            break
        length += 1
    return length
