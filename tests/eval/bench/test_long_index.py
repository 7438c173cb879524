"""The benchmark of a long indexing, with a few passages."""

from pathlib import Path

import pytest
from rag.eval.bench import long_index
from rag.eval.bench.long_index import Estimate, Run, embedded_after_interruption, estimates_table, measure
from rag.eval.bench.synthetic_documents import make_folder

from rag import SentenceTransformerEncoder


def test_table_compares_estimates_with_what_it_took() -> None:
    run = Run((Estimate(10, 90, 4), Estimate(60, 44, 5), Estimate(75, 25, 5), Estimate(100, 0, 5)), 100, 500)
    rows = list(zip(*(column.cells for column in estimates_table(run).columns), strict=True))
    assert rows[:3] == [
        ("10", "4", "90", "90", "+0%"), ("60", "5", "44", "40", "+10%"), ("60", "5", "44", "40", "+10%"),
    ]  # fmt: skip
    short = Run((Estimate(10, 20, 4), Estimate(30, 0, 4)), 30, 120)
    assert list(estimates_table(short).columns[0].cells) == ["10", "10", "30", "30"]


def test_every_passage_is_embedded_once_but_for_the_last_block(
    tmp_path: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.staging.BLOCK", 4)
    make_folder(tmp_path / "documents", 120, words=12, most_paragraphs=20)
    run = measure(tmp_path / "documents", tmp_path / "index", encoder)
    assert run.estimates[-1].left < run.seconds
    assert run.passages > 100
    before, after = embedded_after_interruption(tmp_path / "documents", tmp_path / "second", encoder)
    assert run.passages / 2 < before < run.passages
    # The last block had not been stored; a block holds whole documents.
    assert run.passages <= before + after <= run.passages + 4 + 20


def test_folder_without_documents_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert long_index.main([str(tmp_path / "missing")]) == 2
    assert capsys.readouterr().err.startswith("python -m rag.eval.bench.long_index: ")
