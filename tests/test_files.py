from pathlib import Path

import pytest

from rag.errors import InputError
from rag.files import writing_aside


def _contents(folder: Path) -> dict[str, str]:
    return {each.name: each.read_text() for each in folder.iterdir()}


def test_file_is_replaced_when_all_is_written(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with writing_aside(path) as aside:
        aside.write_text("new")
        assert path.read_text() == "old"
    assert _contents(tmp_path) == {"table.csv": "new"}


def test_failed_writing_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(ValueError, match="no row"), writing_aside(path) as aside:
        aside.write_text("half")
        raise ValueError("no row")
    assert _contents(tmp_path) == {"table.csv": "old"}


def test_full_disk_is_one_line_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with pytest.raises(InputError) as raised, writing_aside(path) as aside:
        aside.write_text("half")
        raise OSError(28, "No space left on device")
    assert str(raised.value) == f"{path}: cannot be written (No space left on device); choose another file"
    assert _contents(tmp_path) == {"table.csv": "old"}


def test_folder_is_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "tables"
    path.mkdir()
    message = r"tables: cannot be written \(.+\); choose another file"
    with pytest.raises(InputError, match=message), writing_aside(path) as aside:
        aside.write_text("new")
    assert [each.name for each in tmp_path.iterdir()] == ["tables"]


def test_name_too_long_for_the_file_aside_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / f"{'x' * 250}.csv"
    with pytest.raises(InputError, match="cannot be written"), writing_aside(path) as aside:
        aside.write_text("new")
    assert _contents(tmp_path) == {}
