"""Quotes that identify a span of a document."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from rag import Document, InputError
from rag.questions.anchors import unique_quote
from rag.questions.places import read_place
from rag.text.segmentation import trim

TEXT = "Rents rose. The border is 7,644 km long. It was 7,500 km long once.\n\nRents rose again."


def _read_back(text: str, sentence: str, quote: str) -> tuple[int, int]:
    gold = read_place({"document": "d", "sentence": sentence, "quote": quote}, {"d": Document("d", text, "D")})
    assert text[gold.sentence_start : gold.sentence_end] == sentence
    return gold.start, gold.end


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("7,644 km", "The border is 7,644 km long."),
        ("long. It was", "The border is 7,644 km long. It was 7,500 km long once."),
        ("  7,644 km\n", "The border is 7,644 km long."),
    ],
)
def test_sentence_is_the_one_that_contains_the_quote(words: str, sentence: str) -> None:
    start = TEXT.index(words.strip())
    assert unique_quote(TEXT, start - (words[0] == " "), start + len(words.strip())) == (sentence, words.strip())


def test_repeated_sentence_is_widened_until_unique() -> None:
    text = "Yes. It was so. Yes. It is so. Yes."
    assert unique_quote(text, 16, 19) == ("It was so. Yes. It is so.", "Yes")
    assert unique_quote(text, 0, 3) == ("Yes. It was so.", "Yes")
    assert unique_quote(text, 31, 34) == ("It is so. Yes.", "Yes")
    for start in (0, 16, 31):
        assert _read_back(text, *unique_quote(text, start, start + 3)) == (start, start + 3)


def test_second_occurrence_in_a_sentence_is_found_again() -> None:
    assert unique_quote("It ran and ran home.", 11, 14) == ("and ran home.", "ran")


def test_whole_document_is_accepted_and_whitespace_rejected() -> None:
    assert unique_quote(TEXT, 0, len(TEXT)) == (TEXT, TEXT)
    with pytest.raises(InputError, match="only whitespace; select words"):
        unique_quote(TEXT, TEXT.index("\n"), TEXT.index("\n") + 2)
    for start, end in ((-1, 3), (3, 3), (5, 4), (0, len(TEXT) + 1)):
        with pytest.raises(InputError, match=f"characters {start}-{end} are not in the document"):
            unique_quote(TEXT, start, end)


def _some_sentence(text: str, start: int, end: int) -> bool:
    """Does any unique substring locate this span? By brute force."""
    for begin in range(start + 1):
        for stop in range(end, len(text) + 1):
            sentence = text[begin:stop]
            once = sum(text.startswith(sentence, at) for at in range(len(text))) == 1
            if once and sentence.index(text[start:end]) == start - begin:
                return True
    return False


@given(st.text(alphabet="ab. \n", min_size=1, max_size=14), st.data())
@example("xaxaxa", None)
@example("Yes.\n\nYes.\n\nYes.", None)
def test_quote_maps_back_to_its_span_or_no_quote_exists(text: str, data: Any) -> None:
    if data is None:
        extents = [(start, end) for start in range(len(text)) for end in range(start + 1, len(text) + 1)]
    else:
        start = data.draw(st.integers(0, len(text) - 1))
        extents = [(start, data.draw(st.integers(start + 1, len(text))))]
    for extent in extents:
        words = trim(text, *extent)
        try:
            found = unique_quote(text, *extent)
        except InputError:
            assert words.start == words.end or not _some_sentence(text, *words)
        else:
            assert _read_back(text, *found) == words
            assert found[1] == text[slice(*words)]


PIECES = [
    "Rents rose.",
    "Rents rose again. ",
    "\n\n",
    "# A\n",
    "- one\n",
    "a\tb\n",
    " ",
    "\u2028",
    "Ann’s 🙂.",
    "Dr. No said “so.”",
]


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=30).map("".join), st.data())
def test_quote_in_document_like_text_maps_back_to_its_span(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    words = trim(text, start, end)
    try:
        found = unique_quote(text, start, end)
    except InputError:
        # Only whitespace, or the end of a document that repeats itself.
        assert words.start == words.end or text.count(text[slice(*words)]) > 1
    else:
        assert _read_back(text, *found) == words
