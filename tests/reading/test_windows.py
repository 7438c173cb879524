"""Windows of question and passage."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.errors import InputError
from rag.reading.windows import TITLE, Tokens, WindowMaker, owners, window_starts

NONE = Tokens([], np.zeros((0, 2), dtype=np.int32))


@pytest.fixture(scope="module")
def maker() -> WindowMaker:
    return WindowMaker.load(model_folder(DEFAULT_ENCODER), length=64, overlap=16)


def test_a_window_is_question_and_passage_between_special_tokens(maker: WindowMaker) -> None:
    question, passage = maker.tokens("Who came?"), maker.tokens("Anna came.")
    [window] = maker.windows(question, NONE, passage)
    assert window.ids == [101, *question.ids, 102, *passage.ids, 102]
    assert window.types == [0] * 5 + [1] * 4
    assert window.ids[window.first :][:3] == passage.ids
    assert window.offsets.tolist() == [[0, 4], [5, 9], [9, 10]]
    assert window.owned.all()


def test_a_title_stands_on_the_question_s_side_and_moves_no_offset(maker: WindowMaker) -> None:
    question, title, passage = (maker.tokens(text) for text in ("Who came?", "The Visit", "Anna came."))
    [window] = maker.windows(question, title, passage)
    assert window.ids == [101, *question.ids, 102, *title.ids, 102, *passage.ids, 102]
    assert window.types == [0] * 8 + [1] * 4
    assert window.ids[window.first :][:3] == passage.ids
    assert window.offsets.tolist() == [[0, 4], [5, 9], [9, 10]]


def test_of_a_long_title_the_beginning_is_read(maker: WindowMaker) -> None:
    question, title, passage = maker.tokens("Who came?"), maker.tokens("long " * 500), maker.tokens("word " * 100)
    windows = maker.windows(question, title, passage)
    assert all(window.ids.count(title.ids[0]) == TITLE and len(window.ids) <= 64 for window in windows)
    assert sum(int(window.owned.sum()) for window in windows) == 100


@pytest.mark.parametrize("text", ["naïve café 🙂 ok", "😀😀 Astana 𝔘𝔫𝔦", "e\u0301tude \u200b x", "Қазақстан — 2022"])
def test_offsets_count_code_points_of_the_text_as_it_is(maker: WindowMaker, text: str) -> None:
    for start, end in maker.tokens(text).offsets.tolist():
        assert 0 <= start < end <= len(text)
    words = [text[start:end] for start, end in maker.tokens(text).offsets.tolist()]
    assert words[-1] == text.rsplit(maxsplit=1)[-1][-len(words[-1]) :]


def test_a_long_passage_is_read_whole_in_windows_that_overlap(maker: WindowMaker) -> None:
    question, passage = maker.tokens("Who came?"), maker.tokens("word " * 300)
    windows = maker.windows(question, NONE, passage)
    assert all(len(window.ids) <= 64 for window in windows)
    assert len(windows[-1].ids) == 64
    owned = np.concatenate([window.offsets[window.owned] for window in windows])
    assert sorted(map(tuple, owned.tolist())) == sorted(map(tuple, passage.offsets.tolist()))


def test_a_passage_without_tokens_has_no_window(maker: WindowMaker) -> None:
    assert maker.windows(maker.tokens("Who?"), NONE, maker.tokens(" \n ")) == []


def test_a_question_that_leaves_no_room_is_refused(maker: WindowMaker) -> None:
    with pytest.raises(InputError, match="the question is 90 tokens long; the reader takes 19 at most, so shorten it"):
        maker.windows(maker.tokens("word " * 90), NONE, maker.tokens("text"))


@given(st.integers(0, 500), st.integers(2, 60), st.data())
def test_every_token_is_owned_once_by_a_window_that_holds_it(tokens: int, room: int, data: st.DataObject) -> None:
    overlap = data.draw(st.integers(0, room - 1))
    starts = window_starts(tokens, room, overlap)
    owner = owners(tokens, starts, room)
    for token, number in enumerate(owner.tolist()):
        assert starts[number] <= token < starts[number] + room
    assert all(later - earlier <= room - overlap for earlier, later in itertools.pairwise(starts))


def test_the_window_with_the_most_context_owns_a_token() -> None:
    # Two windows of 6 tokens over 10, from 0 and from 4: tokens 4 and 5 stand in both. Token 4 has 1 after it in the
    # first and 0 before it in the second; token 5 has 0 and 1.
    assert owners(10, [0, 4], 6).tolist() == [0, 0, 0, 0, 0, 1, 1, 1, 1, 1]
