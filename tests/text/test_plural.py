"""Numbers with their nouns."""

import pytest

from rag.text.plural import counted


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 questions"), (1, "1 question"), (2, "2 questions"), (2_000, "2,000 questions")]
)
def test_only_one_is_singular(number: int, expected: str) -> None:
    assert counted(number, "question") == expected


@pytest.mark.parametrize(("noun", "expected"), [("text box", "2 text boxes"), ("sketch", "2 sketches")])
def test_plural_of_a_hissing_noun(noun: str, expected: str) -> None:
    assert counted(2, noun) == expected
