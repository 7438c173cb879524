from pathlib import Path

import pytest

from rag.errors import InputError
from rag.files import writing_aside


def test_file_is_replaced_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with writing_aside(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("table.csv", "new")]


def test_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match="no row"), writing_aside(path) as aside:
        aside.write_text("half")
        raise ValueError("no row")
    assert [(each.name, each.read_text()) for each in tmp_path.iterdir()] == [("table.csv", "old")]


def test_full_disk_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    with pytest.raises(InputError) as raised, writing_aside(path):
        raise OSError(28, "No space left on device")
    assert str(raised.value) == f"{path}: cannot be written (No space left on device); choose another --out"
