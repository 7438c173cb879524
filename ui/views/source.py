"""The source of an answer: the document itself, open at the words, as text and, for a PDF, as its page."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass

from rag import Document, Result
from rag.formats.pdf.render import Picture

from .highlight import Mark, escape, highlight

#: A document longer than this, in code points, is shown in parts of this length.
PART = 200_000


@dataclass(frozen=True, slots=True)
class Page:
    """A page of a PDF, its number, and its picture with boxes of the marks it was asked for."""

    number: int
    marks: Sequence[Mark]
    picture: Picture


def marks_of(result: Result, document: str, start: int, end: int) -> list[Mark]:
    """What is marked of a question in a document that is opened at ``[start, end)``: that, its sentence, the others."""
    focus = [Mark(start, end, "answer focus")]
    sentences, rest = [], []
    for answer in result.answers:
        places = [(answer.document, answer.start, answer.end)]
        places += [(other.document, other.start, other.end) for other in answer.support]
        rest += [Mark(a, b, "other") for where, a, b in places if where == document and (a, b) != (start, end)]
        if (answer.document, answer.start, answer.end) == (document, start, end):
            sentences.append(Mark(answer.sentence.start, answer.sentence.end, "sentence"))
    return [*focus, *rest, *sentences]


def part_of(document: Document, at: int) -> tuple[int, int]:
    """Which part of a document is shown around a code point; all of it unless it is very long."""
    if len(document.text) <= PART:
        return 0, len(document.text)
    start = max(0, min(at - PART // 2, len(document.text) - PART))
    return start, start + PART


def source_html(document: Document, marks: Sequence[Mark], pages: Sequence[Page] = (), note: str = "") -> str:
    """The document with its marks, scrolled to by the page's script; ``note`` says why there is no picture."""
    start, end = part_of(document, marks[0].start)
    text = highlight(document.text[start:end], start, marks)
    views = ""
    if pages:
        views = (
            '<div class="views" role="group" aria-label="Shown as">'
            '<button type="button" data-view="page" aria-pressed="true">Page</button>'
            '<button type="button" data-view="text" aria-pressed="false">Text</button></div>'
        )
    pictures = "".join(_picture(page) for page in pages)
    return (
        f'<section class="source-pane" data-view="{"page" if pages else "text"}" aria-label="Source">'
        '<header><div class="names">'
        f'<h2 tabindex="-1">{escape(document.title)}</h2><code>{escape(document.id)}</code></div>'
        f'<div class="tools">{views}'
        '<button type="button" data-mark="-1" aria-label="Previous mark" title="Previous mark (p)">↑</button>'
        '<button type="button" data-mark="1" aria-label="Next mark" title="Next mark (n)">↓</button>'
        '<button type="button" data-close aria-label="Close" title="Close (Esc)">✕</button></div>'
        '<div class="select"><button type="button" data-words disabled>These are the right words</button>'
        "<span>Select words below to teach them as the answer.</span></div>"
        f"{_note(note)}</header>"
        f'<div class="scroll" tabindex="0" role="group" aria-label="Document">'
        f'{f"""<div class="pages">{pictures}</div>""" if pages else ""}'
        f"{_more(document, start, 'Earlier part') if start else ''}"
        f'<div class="text" data-start="{start}">{text}</div>'
        f"{_more(document, end, 'Later part') if end < len(document.text) else ''}"
        "</div></section>"
    )


def _note(note: str) -> str:
    return f'<p class="note">{escape(note)}</p>' if note else ""


def _more(document: Document, at: int, label: str) -> str:
    return (
        f'<p class="part"><button type="button" class="open" data-document="{escape(document.id)}" '
        f'data-start="{at}" data-end="{at}">{label}</button> of {len(document.text):,} characters</p>'
    )


def _picture(page: Page) -> str:
    boxes = "".join(
        f'<span class="box {escape(mark.kind)}" style="left:{box.left:.3%};top:{box.top:.3%};'
        f'width:{box.width:.3%};height:{box.height:.3%}"></span>'
        for mark, of_mark in zip(page.marks, page.picture.boxes, strict=True)
        for box in of_mark
    )
    data = base64.b64encode(page.picture.png).decode("ascii")
    size = f'width="{page.picture.width}" height="{page.picture.height}"'
    return (
        f'<figure><div class="sheet"><img src="data:image/png;base64,{data}" {size} alt="Page {page.number}">{boxes}'
        f"</div><figcaption>Page {page.number}</figcaption></figure>"
    )
