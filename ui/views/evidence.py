"""The sentences that bear on a question, by document, as values for ``evidence.html``."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from rag import Answer, Evidence, Result
from rag.export.notes import beside, by_document, note_markdown, note_text

from ..services.ask_service import FindDocument
from .answer import Link, place
from .highlight import highlight
from .markup import soft_breaks

#: Sentences shown, of the likely ones and of the others.
MOST = 12


@dataclass(frozen=True, slots=True)
class Quote:
    """A sentence, the button's target, its page and heading, and its probability."""

    link: Link
    text: Markup
    place: str
    probability: float


@dataclass(frozen=True, slots=True)
class Source:
    """The sentences of one document, in its order."""

    document: str
    title: str
    quotes: list[Quote]


@dataclass(frozen=True, slots=True)
class Note:
    """The evidence of a question.

    Attributes:
        sources: The likely sentences; see ``Result.likely_evidence``.
        less_likely: The others.
        count, others: Number of sentences in each.
        text, markdown: The likely ones for the clipboard, with their sources.
    """

    sources: list[Source]
    less_likely: list[Source]
    count: int
    others: int
    text: str
    markdown: str


def note(result: Result, find: FindDocument, shown_answer: Answer | None = None) -> Note:
    """The evidence of a result, the most probable sentences of each kind.

    Args:
        result: The result.
        find: Finds a document.
        shown_answer: The answer whose sentence is shown above; that sentence is left out.
    """
    found = beside(result.evidence, shown_answer) if shown_answer else list(result.evidence)
    likely = [each for each in found if each.probability >= result.min_confidence]
    others = found[len(likely) :][:MOST]
    likely = likely[:MOST]
    shown = by_document(likely)
    quotes = [(each, find(document)) for document, some in shown.items() for each in some]
    return Note(
        _sources(shown),
        _sources(by_document(others)),
        len(likely),
        len(others),
        note_text(result.question, quotes),
        note_markdown(result.question, quotes),
    )


def _sources(sentences: Mapping[str, Sequence[Evidence]]) -> list[Source]:
    return [Source(document, some[0].title, [_quote(each) for each in some]) for document, some in sentences.items()]


def _quote(found: Evidence) -> Quote:
    return Quote(
        Link(found.document_id, found.start, found.end, found.title),
        highlight(found.text, found.start, soft_breaks(found.document_id, found.text, found.start)),
        place(found, found.title),
        found.probability,
    )
