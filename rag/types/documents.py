"""Documents, their passages, and passages found."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from .views import View


@dataclass(frozen=True, slots=True)
class Place:
    """Page and heading of a part of a document's text.

    Attributes:
        start: Offset at which the part begins, in code points; it ends where the next place begins.
        page: Page number, from 1; None in formats without pages.
        heading: The heading above the part, if any.
    """

    start: int
    page: int | None = None
    heading: str | None = None


NOWHERE = Place(0)


class OcrWord(NamedTuple):
    """A word of a document that was read by OCR.

    Attributes:
        start, end: Code points of the document's text.
        left, top, width, height: Its box, as fractions of the displayed page, from the upper left corner.
        score: How sure the engine is of the characters of its line on average, in [0, 1].
    """

    start: int
    end: int
    left: float
    top: float
    width: float
    height: float
    score: float


@dataclass(frozen=True, slots=True)
class Document:
    """A document and its text.

    Attributes:
        id: Path of its file relative to the indexed folder, with ``/`` as the separator. A document that is part of a
            file adds which part: ``table.csv#12`` is row 12, ``book.xlsx#2`` sheet 2, ``old.zip/notes.md`` a file in an
            archive, ``letter.eml/plan.pdf`` an attachment.
        text: For ``.txt`` and ``.md`` the decoded file, unchanged.
        title: The document's own title, or else its file's name.
        body: Offset of the text after any front matter, in code points.
        metadata: Front matter, document properties or columns. ``date`` is an ISO date, possibly shortened
            (``2022-10``); ``encoding`` is a text file's encoding, as Python names it.
        places: Pages and headings in order of ``start``; empty in formats without either.
        ocr: The words that were read by OCR, in order.
    """

    id: str
    text: str
    title: str
    body: int = 0
    metadata: Mapping[str, object] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    ocr: tuple[OcrWord, ...] = ()

    def place(self, at: int) -> Place:
        """Page and heading at the code point ``at``."""
        return place_of(self.places, at)


def place_of(places: tuple[Place, ...], at: int) -> Place:
    """The last of ``places`` (sorted by ``start``) that begins at or before a code point."""
    before = bisect_right(places, at, key=lambda place: place.start)
    return places[before - 1] if before else NOWHERE


def name_title(document_id: str) -> str:
    """Title of a document without one: its file's name without the suffix, and the part if it is one."""
    name, mark, part = document_id.rpartition("/")[2].partition("#")
    stem = name.rpartition(".")[0] or name
    return stem + mark + part


def renamed(document: Document, document_id: str) -> Document:
    """The document under another id; a title made from the old id is made from the new one."""
    title = name_title(document_id) if document.title == name_title(document.id) else document.title
    return replace(document, id=document_id, title=title)


@dataclass(frozen=True, slots=True)
class Passage:
    """A slice of a document; the unit that is embedded, retrieved and read.

    Attributes:
        document_id: Id of the document it is a slice of.
        start, end: Code points; ``document.text[start:end] == text``.
        text: Its text.
        tokens: Length in tokens of the index's token encoding.
        page, heading: Page and heading at ``start``, in formats that have them.
        view: How the rows of a table are read; None for prose.
    """

    document_id: str
    start: int
    end: int
    text: str
    tokens: int
    page: int | None = None
    heading: str | None = None
    view: View | None = None

    @property
    def read_text(self) -> str:
        """What is embedded, searched and read: the view of a table, the text of other passages."""
        return self.view.text if self.view else self.text


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question.

    Attributes:
        passage: The passage.
        title: Title of its document.
        score: Fused score; comparable within one search only.
        dense: Cosine similarity of question and passage, in [-1, 1].
        lexical: BM25 score; 0 if question and passage share no term.
    """

    passage: Passage
    title: str
    score: float
    dense: float
    lexical: float

    @property
    def tokens(self) -> int:
        """Length in tokens of the index's token encoding, for budgeting an LLM's context."""
        return self.passage.tokens
