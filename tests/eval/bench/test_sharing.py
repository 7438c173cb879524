"""The benchmark of a shared machine, for a moment each."""

from pathlib import Path

import pytest
from rag.eval.bench import sharing
from rag.eval.bench.sharing import Asked, sharing_table


def test_table_relates_each_situation_to_the_time_alone() -> None:
    asked = {"alone": Asked((0.2, 0.2, 0.4)), "two processes ask": Asked((0.4, 0.5, 0.6, 0.5))}
    rows = list(zip(*(column.cells for column in sharing_table({"torch": asked}).columns), strict=True))
    assert rows == [
        ("torch", "alone", "3", "0.20", "0.40", "1.00"), ("torch", "two processes ask", "4", "0.50", "0.60", "2.50"),
    ]  # fmt: skip


@pytest.mark.slow
def test_every_situation_is_measured(corpus_index: Path) -> None:
    found = sharing.measure(corpus_index, "openvino", 3)
    assert {name: len(asked.seconds) for name, asked in found.items()} == {
        "alone": 3, "beside a busy core": 3, "two processes ask": 6, "beside an indexing": 3,
    }  # fmt: skip


def test_number_of_questions_must_be_positive(capsys: pytest.CaptureFixture[str]) -> None:
    assert sharing.main(["--questions", "0"]) == 2
    assert capsys.readouterr().err == (
        "python -m rag.eval.bench.sharing: --questions must be positive; give a larger value\n"
    )
