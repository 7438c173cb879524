"""Scores of predicted evidence and of the items of lists."""

import math

import numpy as np
import pytest
from rag.eval.scoring import evidence
from rag.eval.scoring.evidence import Counts, count_items, count_words, figures, gold_places

from rag import Document
from rag.questions.places import Gold
from rag.text.segmentation import Extent

TEXT = "Rents rose. 🙂 The rents rose twice."
DOCUMENTS = {"a": Document("a", TEXT, "A"), "b": Document("b", TEXT, "B")}


def _item(text: str) -> Gold:
    return Gold("a", 0, len(text), text, 0, len(text))


def _at(start: int, end: int, document: str = "a") -> tuple[str, Extent]:
    return document, Extent(start, end)


def test_words_are_counted_by_position_not_by_text() -> None:
    second = TEXT.index("rents rose twice")
    assert count_words([_at(0, 11)], [_at(second, len(TEXT))], DOCUMENTS) == Counts(0, 2, 3)
    assert count_words([_at(0, 11)], [_at(0, 11, "b")], DOCUMENTS) == Counts(0, 2, 2)
    assert count_words([_at(0, 11)], [_at(0, len(TEXT))], DOCUMENTS) == Counts(2, 2, 6)


def test_overlapping_parts_count_once_and_cut_words_count_whole() -> None:
    # "nts ro" cuts through both words; the second part repeats "rose".
    assert count_words([_at(2, 8), _at(6, 11)], [_at(0, 10)], DOCUMENTS) == Counts(2, 2, 2)
    # The space and the full stop touch no word.
    assert count_words([_at(5, 6), _at(10, 12)], [_at(0, 10)], DOCUMENTS) == Counts(0, 0, 2)
    assert count_words([], [], DOCUMENTS) == Counts(0, 0, 0)


def test_gold_places_are_those_of_the_quotes() -> None:
    assert gold_places([Gold("a", 6, 10, "rose", 0, 11)]) == [_at(6, 10)]


def test_items_are_compared_as_sets_after_normalisation() -> None:
    items = [[_item("Kazakhstan"), _item("Kazakhs")], [_item("the West")], [_item("China")]]
    # Two quotes of one item count once, as do equal texts; "Russia" is in no item, and "" is none.
    assert count_items(["kazakhs", "Kazakhstan", "West.", "Russia", "Russia", ""], items) == Counts(2, 3, 3)
    assert count_items([], items) == Counts(0, 0, 3)
    assert count_items(["China"], []) == Counts(0, 1, 0)


def test_micro_figures_sum_over_questions_and_macro_f1_does_not() -> None:
    # Shared 4, predicted 9, gold 7.
    counts = [Counts(2, 4, 2), Counts(1, 4, 4), Counts(0, 0, 0), Counts(1, 1, 1)]
    columns = [np.array(column) for column in zip(*counts, strict=True)]
    assert evidence.precision(*columns) == pytest.approx(4 / 9)
    assert evidence.recall(*columns) == pytest.approx(4 / 7)
    assert evidence.f1(*columns) == pytest.approx(8 / 16)
    assert evidence.mean_f1(*columns) == pytest.approx((4 / 6 + 2 / 8 + 1 + 1) / 4)


def test_figures_without_a_denominator_are_undefined() -> None:
    nothing = [np.array([0])] * 3
    assert all(math.isnan(statistic(*nothing)) for statistic in (evidence.precision, evidence.recall, evidence.f1))
    assert evidence.mean_f1(*nothing) == 1
    assert {(figure.value, figure.count) for figure in figures([]).values()} == {(None, 0)}


def test_figures_have_bootstrap_intervals_over_questions() -> None:
    same = figures([Counts(1, 2, 4)] * 20)
    assert (same["precision"].value, same["precision"].low, same["precision"].high) == (0.5, 0.5, 0.5)
    assert (same["recall"].value, same["recall"].count) == (0.25, 20)
    varied = figures([Counts(number % 2 * 4, 4, 4) for number in range(20)])
    low, high = varied["f1"].low, varied["f1"].high
    assert varied["f1"].value == 0.5
    # The standard error of 10 of 20 is .11.
    assert low == pytest.approx(0.28, abs=0.06)
    assert high == pytest.approx(0.72, abs=0.06)
    assert figures([Counts(number % 2 * 4, 4, 4) for number in range(20)]) == varied
