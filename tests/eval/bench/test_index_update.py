"""The index update benchmark, on a few hundred passages."""

import re

import pytest
from rag.eval.bench import index_update

pytestmark = pytest.mark.slow


def test_update_ranks_and_scores_like_a_build_from_scratch(capsys: pytest.CaptureFixture[str]) -> None:
    assert index_update.main(["--passages", "200", "--memory"]) == 0
    output = capsys.readouterr().out
    assert "200 passages in 20 files, 1 of them changed" in output
    assert re.search(r"questions of 100 with the same ranking +100\b", output)
    difference = re.search(r"greatest score difference +(\S+)", output)
    assert difference
    assert float(difference[1]) < 1e-4


def test_memory_and_opening_are_measured(capsys: pytest.CaptureFixture[str]) -> None:
    assert index_update.main(["--passages", "0", "--memory", "300", "--open", "300"]) == 0
    output = capsys.readouterr().out
    assert re.search(r"^ +300 +0 +[\d,]+ +\d+", output, re.MULTILINE)
    assert re.search(r"open, s \(median of 5\) +\d+\.\d\d", output)
