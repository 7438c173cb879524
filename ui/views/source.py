"""A document opened at an answer: as text and, for a PDF, as pictures of its pages."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from rag import Document, Result
from rag.formats.pdf.render import Picture

from .highlight import Mark, highlight
from .render import render

#: Documents longer than this, in code points, are shown in parts of this length.
PART = 200_000


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a PDF: its number, the marks on it, and its picture with the boxes of each mark."""

    number: int
    marks: Sequence[Mark]
    picture: Picture


def marks_of(result: Result, document: str, start: int, end: int) -> list[Mark]:
    """The marks in a document opened at ``[start, end)``: that span, other answers, its sentence."""
    focus = [Mark(start, end, "answer focus")]
    sentences, rest = [], []
    for answer in result.answers:
        places = [(answer.document, answer.start, answer.end)]
        places += [(other.document, other.start, other.end) for other in answer.support]
        rest += [Mark(a, b, "other") for where, a, b in places if where == document and (a, b) != (start, end)]
        if (answer.document, answer.start, answer.end) == (document, start, end):
            sentences.append(Mark(answer.sentence.start, answer.sentence.end, "sentence"))
    return [*focus, *rest, *sentences]


def part_of(document: Document, offset: int) -> tuple[int, int]:
    """Start and end of the part of a document to show around an offset; all of it unless it is very long."""
    if len(document.text) <= PART:
        return 0, len(document.text)
    start = max(0, min(offset - PART // 2, len(document.text) - PART))
    return start, start + PART


def source_html(
    document: Document, marks: Sequence[Mark], pages: Sequence[Page] = (), note: str = "", opening: int = 0
) -> str:
    """The document with its marks; ``page.js`` scrolls to the first one.

    Args:
        document: The document.
        marks: Where it is opened, then what else is highlighted; see ``marks_of``.
        pages: The pages of a PDF to show.
        note: Why a page cannot be shown, or cannot be highlighted exactly.
        opening: Differs each time a source is opened. Gradio redraws only HTML that has changed, and does not know
            that the browser has closed a source, so opening the same one again needs other HTML.
    """
    start, end = part_of(document, marks[0].start)
    return render(
        "source",
        document=document,
        text=highlight(document.text[start:end], start, marks),
        start=start,
        end=end,
        pages=[_picture(page) for page in pages],
        note=note,
        opening=opening,
    )


def _picture(page: Page) -> dict[str, object]:
    return {
        "number": page.number,
        "png": base64.b64encode(page.picture.png).decode("ascii"),
        "width": page.picture.width,
        "height": page.picture.height,
        "boxes": [
            (mark.kind, box) for mark, boxes in zip(page.marks, page.picture.boxes, strict=True) for box in boxes
        ],
    }
