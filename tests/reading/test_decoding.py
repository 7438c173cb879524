"""Spans from logits that were worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.reading.decoding import best_spans, cell_numbers, word_edges

ANYWHERE = np.ones(4, dtype=np.bool_)


def _spans(start, end, null=0.0, *, may_start=ANYWHERE, may_end=ANYWHERE, longest=9, count=9, cells=None):
    return best_spans(
        np.array(start, dtype=np.float32),
        np.array(end, dtype=np.float32),
        null,
        may_start=may_start,
        may_end=may_end,
        longest=longest,
        count=count,
        cells=cells,
    )


def test_start_and_end_are_chosen_together() -> None:
    # Alone, the best start is token 2 and the best end token 1: no span. Together 2-2 gives 5 + 1, 0-1 gives 3 + 4.
    found = _spans([3, 0, 5, 0], [0, 4, 1, 0])
    assert found[0] == (0, 1, 7.0)
    assert found[1] == (2, 2, 6.0)


def test_the_score_is_counted_from_no_answer() -> None:
    assert _spans([1, 0, 0, 0], [2, 0, 0, 0], null=5.0, count=1) == [(0, 0, -2.0)]


def test_a_span_is_no_longer_than_allowed() -> None:
    start, end = [9, 0, 0, 0], [0, 0, 0, 9]
    assert _spans(start, end, longest=4, count=1)[0][:2] == (0, 3)
    assert _spans(start, end, longest=3, count=1)[0][:2] != (0, 3)


def test_of_spans_that_overlap_only_the_best_is_given() -> None:
    # 1-2 scores 10; 1-1, 2-2 and 0-2, which come next, are the same answer cut otherwise; what is left is 0 and 3.
    found = _spans([3, 5, 4, 1], [0, 4, 5, 1])
    assert [(span.first, span.last) for span in found] == [(1, 2), (0, 0), (3, 3)]
    assert [span.score for span in found] == [10.0, 3.0, 2.0]


def test_spans_start_and_end_only_where_they_may() -> None:
    may_start, may_end = np.array([False, True, False, True]), np.array([True, False, True, False])
    found = _spans([9, 1, 9, 1], [9, 9, 1, 9], may_start=may_start, may_end=may_end)
    assert [(span.first, span.last) for span in found] == [(1, 2)]


def test_span_stays_in_one_cell() -> None:
    cells = np.array([0, 0, 1, -1], dtype=np.int32)
    found = _spans([3, 1, 2, 9], [0, 1, 4, 9], cells=cells)
    assert [(span.first, span.last) for span in found] == [(2, 2), (0, 1)]


@pytest.mark.parametrize("text", ["a b\tc d", "| a b | c d |", "a b | c d", "a\nb\n\nc d", "a b\r\n \r\nc d"])
def test_tabs_bars_and_blank_lines_part_a_text(text: str) -> None:
    words = [(text.index(word), text.index(word) + 1) for word in "abcd"]
    found = cell_numbers(text, np.array(words, dtype=np.int32), None)
    assert found is not None
    a, b, c, d = found.tolist()
    assert (a == b) and (c == d) and a != c


def test_other_bars_part_nothing() -> None:
    text = "the norm |x| of x||y"
    assert cell_numbers(text, np.array([[0, 3]], dtype=np.int32), None) is None


def test_nothing_comes_of_no_tokens_or_of_no_place_to_start() -> None:
    assert _spans([], [], may_start=np.zeros(0, np.bool_), may_end=np.zeros(0, np.bool_)) == []
    assert _spans([1, 1, 1, 1], [1, 1, 1, 1], may_start=np.zeros(4, np.bool_)) == []


@given(st.data())
def test_the_best_span_is_the_one_that_trying_all_finds(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 8))
    logits = st.lists(st.integers(-20, 20), min_size=size, max_size=size)
    start, end, longest = data.draw(logits), data.draw(logits), data.draw(st.integers(1, 8))
    whole = np.ones(size, dtype=np.bool_)
    best = _spans(start, end, may_start=whole, may_end=whole, longest=longest, count=1)[0]
    tried = [(start[i] + end[j]) for i in range(size) for j in range(i, min(size, i + longest))]
    assert best.score == max(tried) == start[best.first] + end[best.last]


@pytest.mark.parametrize(
    ("text", "offsets", "begins", "ends"),
    [
        ("Mirziyoyev", [(0, 4), (4, 10)], [True, False], [False, True]),  # word pieces of a name
        ("7,644 km", [(0, 1), (1, 2), (2, 5), (6, 8)], [True, False, False, True], [False, False, True, True]),
        ("an 8-inch", [(0, 2), (3, 4), (4, 5), (5, 9)], [True] * 4, [True] * 4),
    ],
)
def test_no_span_begins_or_ends_inside_a_word(text, offsets, begins, ends) -> None:
    found = word_edges(text, np.array(offsets, dtype=np.int32))
    assert (found[0].tolist(), found[1].tolist()) == (begins, ends)
