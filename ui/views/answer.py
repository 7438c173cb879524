"""The answer card, the other candidates and the disagreeing answers, as values for ``answer.html``."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rag import Answer, AnswerKind, Document, Evidence, Passage, Result
from rag.export.citation import citation

from ..services.ask_service import FindDocument
from .highlight import Mark, highlight
from .markup import soft_breaks

#: Answers up to this length, in code points, are not broken over two lines.
SHORT_ANSWER = 24

#: Answers longer than this, in code points, are set in smaller type.
LONG_ANSWER = 80

FIRST_HEADING = re.compile(r"#{1,6}[ \t]++([^\r\n]++)(?:\r?\n)++")


@dataclass(frozen=True, slots=True)
class Card:
    """An answer, or a near miss, in its paragraph.

    Attributes:
        answer: The answer itself.
        is_long: Whether it is set in smaller type.
        quote: Its words, with the line breaks of a page marked.
        place: Its page and heading; see ``place``.
        paragraph: Its passage, with the sentence and the answer highlighted.
        paragraph_start: Offset in the document at which ``paragraph`` begins, in code points.
        citation: One line for the clipboard.
        origins: The sources named in the document's front matter.
    """

    answer: Answer
    is_long: bool
    quote: Markup
    place: str
    paragraph: Markup
    paragraph_start: int
    citation: str
    origins: str


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another candidate answer, its page and heading, and its sentence with the answer highlighted."""

    answer: Answer
    place: str
    sentence: Markup


@dataclass(frozen=True, slots=True)
class Link:
    """A stretch of a document that a button opens, and the button's label."""

    document: str
    start: int
    end: int
    label: str


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of the answer, if it is a list, the title of its document, and its probability."""

    link: Link
    title: str
    confidence: float


def card(answer: Answer, find: FindDocument, kind: str = "answer") -> Card:
    """The card of an answer; ``kind`` is the CSS class of its highlight."""
    document = find(answer.document)
    return Card(
        answer,
        len(answer.text) > LONG_ANSWER,
        highlight(answer.text, answer.start, soft_breaks(answer.document, answer.text, answer.start)),
        place(answer, answer.title),
        passage_text(answer.passage, answer.title, _marks(answer, kind)),
        answer.passage.start + _heading_length(answer.passage, answer.title),
        citation(answer, document),
        _origins(document),
    )


def alternatives(result: Result) -> list[Alternative]:
    """The candidates of an answered question, best first; without the one that is shown as the answer."""
    if result.answer is None:
        return []
    shown_above = 0 if result.answer_kind is AnswerKind.EVIDENCE else 1
    return [_alternative(answer) for answer in result.answers[shown_above:]]


def list_items(result: Result, find: FindDocument) -> list[ListItem]:
    """The items of an answered question that asks for a list; empty if it has one item only."""
    if result.answer is None or len(result.items) < 2:
        return []
    return [
        ListItem(Link(item.document, item.start, item.end, item.text), find(item.document).title, item.confidence)
        for item in result.items
    ]


def passage_text(passage: Passage, title: str, marks: Iterable[Mark]) -> Markup:
    """The passage with its marks, without a first heading that repeats the title shown beside it."""
    skipped = _heading_length(passage, title)
    text, start = passage.text[skipped:], passage.start + skipped
    return highlight(text, start, [*marks, *soft_breaks(passage.document_id, text, start)])


def _heading_length(passage: Passage, title: str) -> int:
    """Length of a first heading that repeats the title, with the line breaks after it; else 0."""
    heading = FIRST_HEADING.match(passage.text)
    return heading.end() if heading and heading.group(1).rstrip(" \t") == title else 0


def place(found: Answer | Evidence | Passage, title: str) -> str:
    """The page, the heading, unless it repeats the title, and OCR: ``page 2, under “Ferries”, read by OCR``."""
    parts = [f"page {found.page}"] if found.page is not None else []
    if found.heading not in (None, title):
        parts.append(f"under “{found.heading}”")
    if not isinstance(found, Passage) and found.ocr is not None:
        parts.append("read by OCR")
    return ", ".join(parts)


def _marks(answer: Answer, kind: str) -> Sequence[Mark]:
    short = " short" if len(answer.text) <= SHORT_ANSWER else ""
    return [
        Mark(answer.start, answer.end, kind + short),
        Mark(answer.sentence.start, answer.sentence.end, "sentence"),
    ]


def _alternative(answer: Answer) -> Alternative:
    sentence = answer.sentence
    marks = [
        Mark(answer.start, answer.end, "other"),
        *soft_breaks(answer.document, sentence.text, sentence.start),
    ]
    return Alternative(answer, place(answer, answer.title), highlight(sentence.text, sentence.start, marks))


def _origins(document: Document) -> str:
    """The sources named in the document's front matter, separated by semicolons."""
    sources = document.metadata.get("sources")
    if not isinstance(sources, list):
        return ""
    named = [_origin(source) for source in sources if isinstance(source, dict)]
    return "; ".join(name for name in named if name)


def _origin(source: dict[str, object]) -> str:
    """Author, publication and date of a source; the title stands in for a missing author."""
    given = {key: str(value) for key, value in source.items() if not str(value).startswith("not named")}
    first = given.get("author") or given.get("title", "")
    return ", ".join(value for value in (first, given.get("publication", ""), given.get("date", "")) if value)
