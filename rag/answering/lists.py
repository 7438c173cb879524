"""The items of a list, collected from the likely candidates, in one or several documents."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..questions.list_items import asked_number, asks_for_list
from ..text.words import normalized_words
from ..types import Answer, Item

#: Candidates give items if their confidence is at least this share of the best one's.
LIKELY = 0.5

#: Longest text of an item that is not in the best candidate, in words.
LONGEST = 12


def list_items(answers: Sequence[Answer], question: str) -> tuple[Item, ...]:
    """The items that the candidates name together, the best candidate's first; empty if no list is asked for.

    An item that several candidates name is given once. If the question says how many there are ("which five"), no more
    are added once there are so many.

    Args:
        answers: Candidates, best first.
        question: The question.
    """
    if not answers or not asks_for_list(question):
        return ()
    wanted = asked_number(question)
    found = list(_items(answers[0]))
    for item in _further(answers):
        if wanted is not None and len(found) >= wanted:
            break
        if not any(_same(item, other) for other in found):
            found.append(item)
    return tuple(found)


def _further(answers: Sequence[Answer]) -> Iterator[Item]:
    """The items of the other likely candidates, best first."""
    best, *others = answers
    for answer in others:
        if answer.confidence >= LIKELY * best.confidence:
            yield from (item for item in _items(answer) if len(item.text.split()) <= LONGEST)


def _items(answer: Answer) -> tuple[Item, ...]:
    """The items of an answer; its words if they are one item."""
    return answer.items or (Item(answer.document, answer.start, answer.end, answer.text, answer.confidence),)


def _same(item: Item, other: Item) -> bool:
    """True if the words of one contain those of the other."""
    words, other_words = (frozenset(normalized_words(each.text).split()) for each in (item, other))
    return words <= other_words or other_words <= words
