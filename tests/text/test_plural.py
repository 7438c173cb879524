"""Numbers with their nouns."""

import pytest

from rag.text.plural import counted


@pytest.mark.parametrize(
    ("number", "expected"), [(0, "0 questions"), (1, "1 question"), (2, "2 questions"), (2_000, "2,000 questions")]
)
def test_only_one_is_singular(number: int, expected: str) -> None:
    assert counted(number, "question") == expected
