"""Which documents say the same and which differ, as values for ``comparison.html``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag import Answer, Result

from ..services.ask_service import FindDocument
from .answer import Link


@dataclass(frozen=True, slots=True)
class Opinion:
    """What some documents say.

    Attributes:
        answer: The most likely of the answers that say the same.
        links: Their documents by title, each opened at its first place with the words.
    """

    answer: Answer
    links: list[Link]


def comparison(result: Result, find: FindDocument) -> list[Opinion]:
    """What the documents say, the answer that was given first; empty if only one document says anything."""
    found = [_opinion(group, find) for group in result.agreement.groups]
    return found if sum(len(opinion.links) for opinion in found) > 1 else []


def _opinion(group: Sequence[Answer], find: FindDocument) -> Opinion:
    first: dict[str, tuple[int, int]] = {}
    for answer in group:
        first.setdefault(answer.document, (answer.start, answer.end))
        for support in answer.support:
            first.setdefault(support.document, (support.start, support.end))
    return Opinion(group[0], [Link(name, *place, find(name).title) for name, place in first.items()])
