"""The edges of words and numbers."""

import pytest

from rag.text.words import is_inside_word, normalized_words, trimmed


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("12,111.06", "12,111.06"),
        ("at 10:30, say", "10:30"),
        ("31/12/2022 or", "31/12/2022"),
        ("1'000 of", "1'000"),
        ("12\u00a0000 people", "12\u00a0000"),
        ("Bishkek.", "Bishkek"),
        ("order AB-1024/7 of", "AB-1024/7"),
        ("नगर की", "नगर"),  # vowels are marks on the letter before
        ("e\u0301te\u0301 1", "e\u0301te\u0301"),
    ],
)
def test_no_edge_lies_inside_a_word_or_number(text: str, inside: str) -> None:
    start = text.index(inside)
    end = start + len(inside)
    assert [at for at in range(start, end + 1) if is_inside_word(text, at)] == list(range(start + 1, end))


@pytest.mark.parametrize(
    "text",
    [
        "2010-2012",
        "pre-1990",
        "A/B tests",
        "ends in 2019. 20 more",
        "3, 5",
        "on 3 May",
        "May 3\u00a02021 ,",
        "a.b",
        "x/y",
    ],
)
def test_other_marks_are_edges(text: str) -> None:
    marks = [at for at, character in enumerate(text) if not character.isalnum()]
    assert not any(is_inside_word(text, at) or is_inside_word(text, at + 1) for at in marks)


def test_white_space_at_the_ends_is_trimmed() -> None:
    text = " \n a b \u00a0"
    assert trimmed(text, 0, len(text)) == (3, 6)
    assert trimmed(text, 3, 6) == (3, 6)
    assert trimmed(text, 0, 2) == (2, 2)


def test_words_are_compared_without_case_and_punctuation() -> None:
    assert normalized_words("“The Sea,” he said") == "the sea he said"
