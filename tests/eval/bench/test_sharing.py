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
    found = sharing.measure(corpus_index, "openvino", 1.0)
    assert list(found) == ["alone", "beside a busy core", "two processes ask", "beside an indexing"]
    assert all(0 < seconds < 60 for asked in found.values() for seconds in asked.seconds)


def test_duration_must_be_positive(capsys: pytest.CaptureFixture[str]) -> None:
    assert sharing.main(["--seconds", "0"]) == 2
    assert capsys.readouterr().err == (
        "python -m rag.eval.bench.sharing: --seconds must be positive; give a larger value\n"
    )
