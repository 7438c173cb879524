"""The benchmark of a table in several formats, with two files."""

from pathlib import Path

import pytest
from rag.eval.bench import table_formats

TABLE = "Town,Mayor,Harbour fee\nVellin,Ines Marwick,12 crowns\nOsterby,Paul Renner,9 crowns\n"


def test_answers_of_each_file_are_counted(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text(TABLE)
    (tmp_path / "b.txt").write_text("The pier is closed.")
    # The second answer is made up.
    (tmp_path / "questions.json").write_text(
        '[["Who is the mayor of Vellin?", "Ines Marwick"], ["Who is the mayor of Osterby?", "Ana Ruiz"]]'
    )
    assert table_formats.main([str(tmp_path)]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["2", "questions"], ["file", "right", "wrong", "not", "found"], ["a.csv", "1", "1", "0"], [
        "b.txt", "0", "0", "2",
    ]]  # fmt: skip


def test_invalid_questions_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "questions.json").write_text('[["Who?"]]')
    with pytest.raises(SystemExit):
        table_formats.main([str(tmp_path)])
    assert "questions.json: is no list of questions with their answers" in capsys.readouterr().err
