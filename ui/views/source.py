"""A document to read: its parts, which are filled in as they are scrolled to, with what is highlighted in them."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from itertools import count

from markupsafe import Markup

from rag import AnswerKind, Document, Result
from rag.formats.pdf.render import Picture

from ..services.document_reader import OpenDocument
from .highlight import Mark, highlight
from .markup import markup_in
from .render import render

#: Differs each time a source is opened. Gradio redraws only HTML that has changed, and does not know that the browser
#: has closed a source, so opening the same one again needs other HTML.
_openings = count()


#: Probability from which a candidate other than the one that was opened is marked.
MIN_MARKED = 0.05


def marks_of(result: Result, document: str, start: int, end: int) -> list[Mark]:
    """The marks in a document opened at ``[start, end)``: that span, other likely answers, its sentence.

    Where sentences answer, the other likely sentences are marked, too.
    """
    focus = [Mark(start, end, "answer focus")]
    sentences, rest = [], []
    if result.answer_kind is AnswerKind.EVIDENCE:
        rest = [
            Mark(each.start, each.end, "other")
            for each in result.likely_evidence
            if each.document_id == document and (each.start, each.end) != (start, end)
        ]
    for answer in result.answers:
        places = [(answer.document, answer.start, answer.end)]
        places += [(other.document, other.start, other.end) for other in answer.support]
        if answer.confidence >= MIN_MARKED:
            rest += [Mark(a, b, "other") for where, a, b in places if where == document and (a, b) != (start, end)]
        if (answer.document, answer.start, answer.end) == (document, start, end):
            sentences.append(Mark(answer.sentence.start, answer.sentence.end, "sentence"))
    return [*focus, *rest, *sentences]


def source_html(
    opened: OpenDocument,
    marks: Sequence[Mark] = (),
    picture: Picture | None = None,
    *,
    beside: bool = False,
    with_feedback: bool = False,
    may_be_wrong: bool = False,
) -> str:
    """The document, filled in where it is opened; ``reader.js`` fetches the other parts.

    Args:
        opened: The document.
        marks: Where it is opened, then what else is highlighted; see ``marks_of``. Without marks it opens at its start.
        picture: Picture of the page where a PDF is opened, with the boxes of ``marks_on`` that part.
        beside: Whether it is shown beside the rest of the page, not over it.
        with_feedback: Whether words can be selected as the right answer.
        may_be_wrong: Whether the words at the first mark can be marked wrong.
    """
    marks = numbered(marks)
    part = opened.part_at(marks[0].start) if marks else 0
    on_part = marks_on(opened, part, marks)
    return render(
        "source",
        opened=opened,
        document=opened.document,
        part=part,
        page=Markup(page_html(part + 1, on_part, picture)) if picture else None,
        text=Markup(text_html(opened, part, on_part)),
        marks=json.dumps([(mark.start, mark.end, mark.kind, opened.part_at(mark.start)) for mark in marks]),
        beside=beside,
        with_feedback=with_feedback,
        may_be_wrong=may_be_wrong,
        opening=next(_openings),
    )


def contents_html(file: str, documents: Sequence[tuple[str, str]], total: int) -> str:
    """The documents in a file that holds several, to open one of them.

    Args:
        file: Path of the file in the index.
        documents: Id and title of the documents that are listed.
        total: Number of documents in the file.
    """
    return render("file_contents", file=file, documents=documents, total=total, opening=next(_openings))


def numbered(marks: Sequence[Mark]) -> list[Mark]:
    """The marks, those that one can step to with a class of their own: ``stop-0``, ``stop-1`` and so on, in order."""
    stops = sorted({(mark.start, mark.end) for mark in marks if mark.kind != "sentence"})
    return [
        mark
        if mark.kind == "sentence"
        else Mark(mark.start, mark.end, f"{mark.kind} stop-{stops.index((mark.start, mark.end))}")
        for mark in marks
    ]


def marks_on(opened: OpenDocument, part: int, marks: Sequence[Mark]) -> list[Mark]:
    """The marks that touch a part and are not empty."""
    start, end = opened.extents[part]
    return [mark for mark in marks if mark.start < min(mark.end, end) and mark.end > start]


def page_html(number: int, marks: Sequence[Mark], picture: Picture) -> str:
    """The picture of a page, with the boxes of the marks on it."""
    boxes = [(mark.kind, box) for mark, boxes in zip(marks, picture.boxes, strict=True) for box in boxes]
    return render(
        "source_page",
        number=number,
        png=base64.b64encode(picture.png).decode("ascii"),
        width=picture.width,
        height=picture.height,
        boxes=boxes,
        is_exact=picture.exact or not marks,
    )


def text_html(opened: OpenDocument, part: int, marks: Sequence[Mark]) -> str:
    """The text of a part, with its marks; what is markup in the document is shown as what it means."""
    start, end = opened.extents[part]
    document: Document = opened.document
    return highlight(document.text[start:end], start, [*marks, *markup_in(document, start, end)])
