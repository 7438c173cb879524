"""Excerpts of passages: a few sentences around the answer, which take less time to train on than the whole passage.

An unanswerable example gets the sentences around the one that shares most words with the question, since that is where
a reader would look for the answer.
"""

from __future__ import annotations

import random
import re
from collections.abc import Sequence

from ..text.segmentation import Extent
from .examples import Example

#: Code points of an excerpt: sentences are added until it has a random number of them between these.
SHORTEST, LONGEST = 250, 520

WORD = re.compile(r"\w+")


def excerpt(example: Example, text: str, sentences: Sequence[Extent], draw: random.Random) -> Extent:
    """Part of a passage around a random gold answer or, without one, around the sentence nearest the question.

    Args:
        example: The example; its evidence is not regarded.
        text: The text of its passage.
        sentences: The sentences of the passage, in order; at least one.
        draw: Random generator.
    """
    wanted = draw.randint(SHORTEST, LONGEST)
    start, end = draw.choice(example.golds) if example.golds else _nearest(example.question, text, sentences)
    inside = [number for number, sentence in enumerate(sentences) if sentence.start < end and start < sentence.end]
    first, last = inside[0], inside[-1]
    while sentences[last].end - sentences[first].start < wanted:
        sides = [side for side, left in ((-1, first > 0), (1, last + 1 < len(sentences))) if left]
        if not sides:
            break
        if draw.choice(sides) < 0:
            first -= 1
        else:
            last += 1
    return Extent(sentences[first].start, sentences[last].end)


def _nearest(question: str, text: str, sentences: Sequence[Extent]) -> Extent:
    """The sentence that shares most words with the question; the first one of several."""
    asked = _words(question)
    return max(sentences, key=lambda sentence: len(asked & _words(text[sentence.start : sentence.end])))


def _words(text: str) -> set[str]:
    return {word.casefold() for word in WORD.findall(text)}
