from pathlib import Path

import pytest

from rag import InputError
from rag.tables import KeptCells


def test_values_are_found_by_key_in_the_next_run(tmp_path: Path) -> None:
    kept = KeptCells(tmp_path / "t.jsonl")
    kept.add("one", {"text": "é\n"})
    kept.add("two", {"text": "b"})
    again = KeptCells(kept.path)
    assert again.get("one") == {"key": "one", "text": "é\n"}
    assert again.get("two") == {"key": "two", "text": "b"}
    assert again.get("three") is None


def test_line_cut_short_by_a_kill_is_ignored_and_ended(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    KeptCells(path).add("one", {"text": "a"})
    with path.open("a") as file:
        file.write('{"key": "two", "te')
    kept = KeptCells(path)
    assert (kept.get("one"), kept.get("two")) == ({"key": "one", "text": "a"}, None)
    kept.add("three", {"text": "c"})
    again = KeptCells(path)
    assert (again.get("one"), again.get("three")) == ({"key": "one", "text": "a"}, {"key": "three", "text": "c"})


def test_file_changed_by_another_process_gives_no_wrong_values(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    KeptCells(path).add("one", {"text": "a"})
    kept = KeptCells(path)
    path.write_text("x" * 100)
    assert kept.get("one") is None
    path.unlink()
    assert kept.get("one") is None


def test_foreign_file_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    path.write_text('{"id": 1}\n')
    with pytest.raises(InputError, match="is not a file of kept cells; move it, or choose another --out"):
        KeptCells(path)
    assert path.read_text() == '{"id": 1}\n'
    with pytest.raises(InputError, match="cannot be read"):
        KeptCells(tmp_path)


def test_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cannot be written \(No such file or directory\)"):
        KeptCells(tmp_path / "none" / "t.jsonl").add("one", {})
