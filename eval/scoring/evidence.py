"""Score predicted evidence, and the items of lists, against those marked in a question set.

Evidence is compared word by word, by position: a word is a match of ``\\w+`` in the document, so that the same word
elsewhere does not count, and parts that overlap count once. The items of a list are compared as sets of texts, as in
MultiSpanQA (Li et al. 2022), after the normalisation of SQuAD.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag.questions.places import Gold
from rag.text.segmentation import Extent
from rag.types import Document

from .bootstrap import Figure, Statistic, figure_of
from .metrics import normalise

#: Id of a document, and a part of its text.
Place = tuple[str, Extent]
Totals = npt.NDArray[np.int64]

WORD = re.compile(r"\w+")


class Counts(NamedTuple):
    """Words of one question's evidence, or items of its list.

    Attributes:
        shared: Number that is both predicted and gold.
        predicted: Number predicted.
        gold: Number in the gold data.
    """

    shared: int
    predicted: int
    gold: int


def gold_places(evidence: Iterable[Gold]) -> list[Place]:
    """Places of the parts of ``Question.evidence``."""
    return [(part.document, Extent(part.start, part.end)) for part in evidence]


def count_words(predicted: Iterable[Place], gold: Iterable[Place], documents: Mapping[str, Document]) -> Counts:
    """Words that predicted and gold places touch. A word that a place cuts through counts whole."""
    found, right = words_at(predicted, documents), words_at(gold, documents)
    return Counts(len(found & right), len(found), len(right))


def count_items(predicted: Iterable[str], items: Sequence[Sequence[Gold]]) -> Counts:
    """Items of a list. A prediction finds an item if it equals one of its quotes after normalisation.

    Predictions that are equal, or that find the same item, count once; empty ones not at all.
    """
    by_text = {normalise(quote.text): number for number, item in enumerate(items) for quote in item}
    found = {by_text.get(text, text) for text in map(normalise, predicted) if text}
    return Counts(sum(isinstance(each, int) for each in found), len(found), len(items))


def precision(shared: Totals, predicted: Totals, gold: Totals) -> float:
    """Micro precision: ``sum of shared / sum of predicted``; undefined if nothing is predicted."""
    return _ratio(shared.sum(), predicted.sum())


def recall(shared: Totals, predicted: Totals, gold: Totals) -> float:
    """Micro recall: ``sum of shared / sum of gold``; undefined if nothing is gold."""
    return _ratio(shared.sum(), gold.sum())


def f1(shared: Totals, predicted: Totals, gold: Totals) -> float:
    """Micro F1: ``2 * sum of shared / (sum of predicted + sum of gold)``; undefined if there is nothing of either."""
    return _ratio(2 * shared.sum(), predicted.sum() + gold.sum())


def mean_f1(shared: Totals, predicted: Totals, gold: Totals) -> float:
    """Macro F1: the mean of each question's F1; 1 for a question with nothing predicted and nothing gold."""
    if not len(shared):
        return math.nan
    total = predicted + gold
    return float(np.where(total == 0, 1.0, 2 * shared / np.maximum(total, 1)).mean())


#: Name in JSON and metric; ``mean_f1`` of items is the set-F1 of lists.
STATISTICS: dict[str, Statistic] = {"precision": precision, "recall": recall, "f1": f1, "mean_f1": mean_f1}


def figures(counts: Sequence[Counts], seed: int = 0) -> dict[str, Figure]:
    """Each of ``STATISTICS`` over the questions, with its 95% bootstrap interval over questions."""
    columns = [np.array(column, dtype=np.int64) for column in zip(*counts, strict=True)]
    return {name: figure_of(statistic, columns, seed) for name, statistic in STATISTICS.items()}


def words_at(places: Iterable[Place], documents: Mapping[str, Document]) -> set[tuple[str, int]]:
    """Document and start of each word that a place touches."""
    return {(name, at) for name, part in places for at in _starts(documents[name].text, *part)}


def _starts(text: str, start: int, end: int) -> Iterator[int]:
    while 0 < start < end and WORD.match(text, start) and WORD.match(text, start - 1):
        start -= 1
    for word in WORD.finditer(text, start):
        if word.start() >= end:
            return
        yield word.start()


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else math.nan
