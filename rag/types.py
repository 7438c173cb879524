"""The values that travel between the stages, frozen so that no stage can change what another one said.

The invariant of the whole project: offsets count Unicode code points in ``Document.text``, and
``document.text[x.start:x.end] == x.text`` for every passage, span, sentence and answer ``x``.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field, replace


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a file a stretch of a document's text comes from.

    Attributes:
        start: Code point of the document at which the stretch begins; it ends where the next place begins.
        page: Number of the page, counted from 1, in formats that have pages.
        heading: The heading that the stretch stands under.
    """

    start: int
    page: int | None = None
    heading: str | None = None


NOWHERE = Place(0)


@dataclass(frozen=True, slots=True)
class Document:
    """One document, its text untouched.

    Attributes:
        id: Path of its file relative to the indexed folder, with ``/`` between its parts. Of a document that is a part
            of its file, what follows the path says which: ``table.csv#12`` is row 12, ``old.zip/notes.md`` a file in
            an archive.
        text: For ``.txt`` and ``.md`` the file decoded, nothing else done to it.
        title: For people to read; the file's name where the document names none.
        body: Offset in code points at which the text proper begins (after a front matter).
        metadata: What the file says of itself: front matter, properties, columns. ``date`` is an ISO date, whole or its
            beginning (``2022-10``); ``encoding`` is that of a text, as Python names it.
        places: Pages and headings, in order of their ``start``; empty where the format has neither.
    """

    id: str
    text: str
    title: str
    body: int = 0
    metadata: Mapping[str, object] = field(default_factory=dict)
    places: tuple[Place, ...] = ()

    def place(self, at: int) -> Place:
        """Where in the file the code point ``at`` stands."""
        return place_of(self.places, at)


def place_of(places: tuple[Place, ...], at: int) -> Place:
    """The last of some places, in order of their ``start``, that begins at or before a code point."""
    before = bisect_right(places, at, key=lambda place: place.start)
    return places[before - 1] if before else NOWHERE


def name_title(document_id: str) -> str:
    """The title of a document that names none: the name of its file without the suffix, and which part of it it is."""
    name, mark, part = document_id.rpartition("/")[2].partition("#")
    stem = name.rpartition(".")[0] or name
    return stem + mark + part


def renamed(document: Document, document_id: str) -> Document:
    """The document under another id, which its title follows where it was made of the old one."""
    title = name_title(document_id) if document.title == name_title(document.id) else document.title
    return replace(document, id=document_id, title=title)


@dataclass(frozen=True, slots=True)
class Passage:
    """A chunk of a document: what is embedded, retrieved and read.

    Attributes:
        document_id: Which document it is a slice of.
        start, end: Code points; ``document.text[start:end] == text``.
        text: The slice.
        tokens: Its length in tokens of the index's token encoding.
        page, heading: Of the place where it begins, in formats that have them.
    """

    document_id: str
    start: int
    end: int
    text: str
    tokens: int
    page: int | None = None
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Hit:
    """A passage found for a question.

    Attributes:
        passage: What was found.
        title: Title of its document.
        score: Fused score; comparable within one search, not between two.
        dense: Cosine similarity of question and passage, in [-1, 1].
        lexical: BM25 score, 0 where no word is shared.
    """

    passage: Passage
    title: str
    score: float
    dense: float
    lexical: float

    @property
    def tokens(self) -> int:
        """What the hit takes from an LLM's context, in tokens of the index's token encoding."""
        return self.passage.tokens


@dataclass(frozen=True, slots=True)
class Sentence:
    """A sentence of a document; offsets in code points of the document."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """Words that a reader takes for an answer.

    Attributes:
        document_id, start, end, text: The words and where they stand (code points).
        sentence: The sentence they stand in, or themselves where they cross a sentence's end.
        hit: Rank of the hit that they were read in, counted from 0.
        score: The reader's own score; higher is better, comparable within one reading.
        evidence: Named figures that the confidence is computed from.
    """

    document_id: str
    start: int
    end: int
    text: str
    sentence: Sentence
    hit: int
    score: float
    evidence: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class Support:
    """Another place that says the same as an answer; offsets in code points."""

    document: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Answer:
    """Exact words of a document, with the probability that they answer the question.

    Attributes:
        text: ``document.text[start:end]``.
        confidence: Probability in [0, 1]: of the answers given at 0.8, about 80% should be right.
        document: Id of the document.
        title: Its title.
        start, end: Code points in the document's text.
        page: Number of the page it begins on, for formats that have pages, else None.
        sentence: The sentence around the words.
        passage: The passage that was read.
        support: Where else the same words are given as an answer, best first.
        heading: The heading it stands under, for formats that have headings, else None.
    """

    text: str
    confidence: float
    document: str
    title: str
    start: int
    end: int
    page: int | None
    sentence: Sentence
    passage: Passage
    support: tuple[Support, ...] = ()
    heading: str | None = None


@dataclass(frozen=True, slots=True)
class Seconds:
    """Wall-clock seconds that the stages of one question took."""

    retrieve: float
    read: float
    total: float


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a question.

    Attributes:
        question: As it was asked.
        answer: The best answer, or None where the assistant abstains.
        answers: All candidates, best first; where it abstains, the first one is the near miss.
        hits: The passages found, best first.
        reason: Why there is no answer ("nothing relevant…", "no span…", "too unsure…"), else None.
        seconds: How long it took.
    """

    question: str
    answer: Answer | None
    answers: tuple[Answer, ...]
    hits: tuple[Hit, ...]
    reason: str | None
    seconds: Seconds

    @property
    def near_miss(self) -> Answer | None:
        """The best candidate of a question that was not answered."""
        return self.answers[0] if self.answer is None and self.answers else None
