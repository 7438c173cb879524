"""The sentences that bear on a question, by document, as values for ``evidence.html``."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from rag import Evidence

from .answer import Link, place
from .highlight import highlight
from .markup import soft_breaks

#: Sentences shown.
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


def sources(evidence: Iterable[Evidence]) -> list[Source]:
    """The most probable sentences by document; the document with the most probable sentence comes first."""
    found: dict[str, list[Evidence]] = {}
    for each in list(evidence)[:MOST]:
        found.setdefault(each.document_id, []).append(each)
    return [
        Source(document, some[0].title, [_quote(each) for each in sorted(some, key=lambda each: each.start)])
        for document, some in found.items()
    ]


def _quote(found: Evidence) -> Quote:
    return Quote(
        Link(found.document_id, found.start, found.end, found.title),
        highlight(found.text, found.start, soft_breaks(found.document_id, found.text, found.start)),
        place(found, found.title),
        found.probability,
    )
