"""Escape text for the page, and highlight stretches of documents in it."""

from __future__ import annotations

import html
from collections.abc import Iterable
from dataclasses import dataclass

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
        kind: CSS class of its ``<mark>``.
    """

    start: int
    end: int
    kind: str


def escape(value: object) -> Markup:
    """Escape a value for HTML and for Gradio's templates; Markup is returned unchanged."""
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(str(value)).translate(TEMPLATE_CHARACTERS | CONTROL_CHARACTERS))


def highlight(text: str, start: int, marks: Iterable[Mark]) -> Markup:
    """Wrap the marked stretches of a document slice in ``<mark>`` elements, nested where they overlap.

    Args:
        text: ``document.text[start:start + len(text)]``.
        start: Offset of the slice in the document.
        marks: Most important first; parts outside the slice are dropped. Where marks overlap, earlier ones are nested
            inside later ones.
    """
    end = start + len(text)
    clipped = (Mark(max(mark.start, start), min(mark.end, end), mark.kind) for mark in marks)
    inside = [mark for mark in clipped if mark.start < mark.end]
    edges = sorted({start, end} | {edge for mark in inside for edge in (mark.start, mark.end)})
    pieces: list[str] = []
    is_open: list[Mark] = []
    for left, right in zip(edges, [*edges[1:], end], strict=True):
        covering = [mark for mark in reversed(inside) if mark.start <= left < mark.end]
        shared = _shared_length(is_open, covering)
        pieces += ["</mark>"] * (len(is_open) - shared)
        pieces += [f'<mark class="{escape(mark.kind)}">' for mark in covering[shared:]]
        is_open = covering
        pieces.append(escape(text[left - start : right - start]))
    return Markup("".join(pieces))


def _shared_length(left: list[Mark], right: list[Mark]) -> int:
    """Number of marks open in both, counted from the outermost."""
    length = 0
    for a, b in zip(left, right, strict=False):
        if a is not b:
            break
        length += 1
    return length
