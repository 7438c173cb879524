"""The benchmark of BM25, with a few hundred passages."""

from pathlib import Path

import pytest
from rag.eval.bench import bm25


def test_figures_fill_the_table(tmp_path: Path) -> None:
    figures = bm25.measure(400, tmp_path)

    assert figures.passages == 400
    assert 400 < figures.terms < figures.occurrences
    assert len(figures.questions) == 100
    assert figures.size > 8 * figures.occurrences
    assert bm25.table(figures).row_count == 8


def test_command_prints_the_table(capsys: pytest.CaptureFixture[str]) -> None:
    assert bm25.main(["--passages", "200"]) == 0

    assert capsys.readouterr().out.startswith("BM25: 200 passages, ")
