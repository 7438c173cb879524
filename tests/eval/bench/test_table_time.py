"""The benchmark of tables, with two documents."""

from pathlib import Path

import pytest
from rag.eval.bench import table_time

from rag.paths import shipped_corpus


def test_documents_are_articles_with_other_names(tmp_path: Path) -> None:
    table_time.write_documents(tmp_path / "documents", 21)
    written = sorted((tmp_path / "documents").iterdir())
    article = sorted(shipped_corpus().glob("*.md"))[0].read_text()
    first, last = written[0].read_text(), written[20].read_text()
    assert len(written) == 21
    assert len({first, last, article}) == 3
    assert first.count("\n") == last.count("\n") == article.count("\n")


def test_command_prints_the_figures(capsys: pytest.CaptureFixture[str]) -> None:
    assert table_time.main(["--documents", "2", "--questions", "1"]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("table: 2 documents, 1 question\n")
    assert "all rows from kept cells, s" in shown


def test_invalid_numbers_are_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        table_time.main(["--questions", "11"])
    assert "1 to 10 questions" in capsys.readouterr().err
