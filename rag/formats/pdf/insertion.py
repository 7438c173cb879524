"""Inserting the values of form fields and comments into the lines of a page, at their place.

A value joins the line of its row, between the words to its left and to its right; without one, it is a line below the
lines above it. A comment is a paragraph of its own after the paragraph beside or above it.
"""

from __future__ import annotations

import ctypes
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from .annotations import Annotation
from .layout import HYPHEN, Line, Part, Rectangle, paragraph_end, parts_of, utf16_length

#: Share of a line's size by which its baseline may lie below the rectangle of its row.
BELOW = 0.5

#: Height of a field, in sizes of a line, above which it holds several lines and its label is at its top.
SEVERAL_LINES = 2.5

#: Points by which a word may begin within a field and still be the label before it.
TOLERANCE = 2.0


def inserted(lines: Sequence[Line], annotations: Sequence[Annotation], text_page: Any) -> list[Line]:
    """The lines of a page with its annotations.

    Args:
        lines: In reading order.
        annotations: From top to bottom.
        text_page: PDFium's text of the page, which has the positions of the words.
    """
    found = list(lines)
    # Some forms have their labels as comments, so these come first.
    for each in annotations:
        if not each.is_field:
            _insert_comment(found, each)
    for each in annotations:
        if each.is_field:
            _insert_value(found, each, text_page)
    return found


def _insert_value(lines: list[Line], field: Annotation, text_page: Any) -> None:
    rectangle = field.rectangle
    row = [i for i, line in enumerate(lines) if _in_row(line, rectangle)]
    before = [i for i in row if lines[i].left < rectangle.left + TOLERANCE]
    if before:
        is_tall = rectangle.top - rectangle.bottom > SEVERAL_LINES * max(lines[before[0]].size, 1.0)
        at = max(before, key=lambda i: lines[i].baseline if is_tall else lines[i].right)
        lines[at] = _with_value(lines[at], field, text_page)
    elif row and rectangle.top - rectangle.bottom <= SEVERAL_LINES * max(lines[row[0]].size, 1.0):
        at = min(row, key=lambda i: lines[i].left)
        lines[at] = _joined([_line(field, lines[at]), lines[at]])
    else:
        above = _above(lines, rectangle)
        lines.insert(0 if above is None else above + 1, _line(field, lines[above] if above is not None else None))


def _insert_comment(lines: list[Line], comment: Annotation) -> None:
    row = [i for i, line in enumerate(lines) if _in_row(line, comment.rectangle)]
    at = min(row) if row else _above(lines, comment.rectangle)
    end = 0 if at is None else paragraph_end(lines, at)
    lines.insert(end, replace(_line(comment, None), alone=True))


def _in_row(line: Line, rectangle: Rectangle) -> bool:
    return rectangle.bottom - BELOW * line.size <= line.baseline <= rectangle.top


def _above(lines: Sequence[Line], rectangle: Rectangle) -> int | None:
    """Index of the line next above a rectangle, rather one over it than one beside it; None if all are below."""
    above = [i for i, line in enumerate(lines) if line.baseline > rectangle.top]
    over = [i for i in above if lines[i].left < rectangle.right and rectangle.left < lines[i].right]
    return min(over or above, key=lambda i: (lines[i].baseline, -i), default=None)


def _line(annotation: Annotation, beside: Line | None) -> Line:
    """The line of an annotation, in the size of the line beside it."""
    left, bottom, right, top = annotation.rectangle
    size = min(beside.size if beside else top - bottom, top - bottom)
    return Line(annotation.text, left, right, top - size, size, (Part(0, annotation.rectangle),))


def _with_value(line: Line, field: Annotation, text_page: Any) -> Line:
    """The line with a value between the words that begin before it and the others."""
    value = _line(field, line)
    limit = field.rectangle.left + TOLERANCE
    cut = next((at for at, left in _word_starts(line, text_page) if at and left > limit), None)
    return _joined([line, value] if cut is None else [_slice(line, 0, cut), value, _slice(line, cut, len(line.text))])


def _word_starts(line: Line, text_page: Any) -> Iterator[tuple[int, float]]:
    """Offset and left end of each word of a line; of a value, only those of its first word."""
    from pypdfium2 import raw as pdfium

    x, y = ctypes.c_double(), ctypes.c_double()
    for part, end in zip(line.parts, line.part_ends, strict=True):
        if isinstance(part.source, Rectangle):
            yield part.at, part.source.left
            continue
        for word in re.finditer(r"\S+", line.text[part.at : end].rstrip(HYPHEN)):
            unit = part.source + utf16_length(line.text[part.at : part.at + word.start()])
            index = pdfium.FPDFText_GetCharIndexFromTextIndex(text_page, unit)
            pdfium.FPDFText_GetCharOrigin(text_page, index, x, y)
            yield part.at + word.start(), x.value


def _slice(line: Line, start: int, end: int) -> Line:
    """The words of a line from ``start`` to ``end``; ``start`` is the start of a word."""
    return replace(line, text=line.text[start:end].rstrip(" "), parts=parts_of(line, start, end))


def _joined(lines: Sequence[Line]) -> Line:
    """Parts of one row as one line, with the height of the first that is not a value."""
    text, parts = "", []
    for line in lines:
        text += " " * bool(text)
        parts += [Part(len(text) + part.at, part.source) for part in line.parts]
        text += line.text
    like = next((line for line in lines if not isinstance(line.parts[0].source, Rectangle)), lines[0])
    return replace(like, text=text, left=lines[0].left, right=lines[-1].right, parts=tuple(parts))
