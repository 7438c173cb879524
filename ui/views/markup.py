"""Where a document's text is markup rather than words: front matter, marks of Markdown, line breaks of a page.

The text stays as it is, so that offsets hold; the style sheet dims its markup or shows what it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from rag import Document
from rag.formats import has_drawn_pages, suffix_of
from rag.formats.markdown import FENCED
from rag.text.segmentation import LIST_ITEM

from .highlight import Mark
from .table_markup import table_marks

MARKDOWN = (".md", ".markdown")

#: A line of front matter with its key.
KEY = re.compile(r"^[ -]*([A-Za-z_][\w-]{0,60}:)", re.MULTILINE)

#: A heading's marks and its words.
HEADING = re.compile(r"^(#{1,6}[ \t]+)(.+)$", re.MULTILINE)

#: The mark at the start of a quote, a rule, the line below a table's head; all dimmed.
LINE_MARKS = re.compile(r"^(?:(?:> ?){1,9}|[-*_]{3,80}[ \t]*$|\|[ :|-]{3,200}\|[ \t]*$)", re.MULTILINE)
TABLE_BAR = re.compile(r"\|")

#: Stretches within a line: the opening mark, the words and the closing mark. Their length is limited, so that matching
#: takes linear time.
INLINE = {
    "code": re.compile(r"(`)([^`\n]{1,300})(`)"),
    "strong": re.compile(r"(\*\*)(?=\S)([^*\n]{1,300})(?<=\S)(\*\*)"),
    "emphasis": re.compile(r"(?<![*\w])(\*|_)(?=\S)([^*_\n]{1,300})(?<=\S)(\1)(?![*\w])"),
    "linked": re.compile(r"(!?\[)([^\[\]\n]{1,300})(\]\([^()\s]{0,500}\))"),
}

#: A line break, and the space around it, within a paragraph.
BREAK = re.compile(r"(?<=\S)[ \t]?(\r?\n)(?=[ \t]?\S)")

#: Lines of a plain text shorter than this, in code points, are not wrapped: verse, addresses, tables.
WRAPPED_LINE = 50


def markup_in(document: Document, start: int, end: int) -> list[Mark]:
    """The markup in ``[start, end)`` of a document, innermost first."""
    marks = []
    suffix = suffix_of(document.id)
    if suffix in MARKDOWN:
        marks = [*_markdown(document, start, end), *_front_matter(document, start, end)]
    else:
        marks = [*_headings(document, start, end)]
    if has_drawn_pages(document.id):
        marks += soft_breaks(document.id, document.text[start:end], start)
    marks += table_marks(document, start, end)
    return [mark for mark in marks if mark.start < mark.end]


def soft_breaks(document_id: str, text: str, start: int) -> list[Mark]:
    """The line breaks in a slice of a document that only wrap a paragraph, so that its lines can flow.

    Args:
        document_id: Id of the document: the breaks of a PDF are those of its page, those of Markdown mean a space, and
            those of plain text wrap its long lines.
        text: ``document.text[start:start + len(text)]``.
        start: Offset of the slice.
    """
    suffix = suffix_of(document_id)
    shortest = 0 if has_drawn_pages(document_id) or suffix in MARKDOWN else WRAPPED_LINE
    marks = []
    for match in BREAK.finditer(text):
        line = text.rfind("\n", 0, match.start()) + 1
        after = match.end(1)
        if match.start(1) - line < shortest or LIST_ITEM.match(text, after) or text[after] in "|#>`~":
            continue
        if "\t" in text[line : match.start()] or text[line] in "#|":
            continue
        marks.append(Mark(start + match.start(1), start + after, "soft", "span"))
    return marks


def _front_matter(document: Document, start: int, end: int) -> Iterator[Mark]:
    stop = min(document.body, end)
    if start < stop:
        for match in KEY.finditer(document.text, start, stop):
            yield Mark(match.start(1), match.end(1), "key", "span")
        yield Mark(start, stop, "front", "span")


def _headings(document: Document, start: int, end: int) -> Iterator[Mark]:
    """The headings that the format knows, where the text begins with them."""
    for place in document.places:
        if start <= place.start < end and place.heading and document.text.startswith(place.heading, place.start):
            yield Mark(place.start, place.start + len(place.heading), "heading", "span")


def _markdown(document: Document, start: int, end: int) -> Iterator[Mark]:
    text, body = document.text, min(max(document.body, start), end)
    at = body
    for fenced in FENCED.finditer(text, document.body, end):
        if fenced.end() > body:
            yield from _prose(text, at, max(at, fenced.start()))
            yield Mark(max(fenced.start(), body), fenced.end(), "fenced", "span")
            at = max(at, fenced.end())
    yield from _prose(text, at, end)


def _prose(text: str, start: int, end: int) -> Iterator[Mark]:
    """The marks outside code blocks, innermost first."""
    for kind, pattern in INLINE.items():
        for match in pattern.finditer(text, start, end):
            yield Mark(*match.span(1), "syntax", "span")
            yield Mark(*match.span(3), "syntax", "span")
            yield Mark(*match.span(2), kind, "span")
    for match in LINE_MARKS.finditer(text, start, end):
        yield Mark(*match.span(), "syntax", "span")
    for line in re.compile(r"^\|.*$", re.MULTILINE).finditer(text, start, end):
        for bar in TABLE_BAR.finditer(text, line.start(), line.end()):
            yield Mark(*bar.span(), "syntax", "span")
    for match in HEADING.finditer(text, start, end):
        yield Mark(*match.span(1), "syntax", "span")
        yield Mark(*match.span(), "heading", "span")
