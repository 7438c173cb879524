"""The benchmark of a folder of many formats, with a few files."""

import gzip
from pathlib import Path

import pytest
from rag.eval.bench import mixed_folder


@pytest.fixture
def files(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    (folder / "pages").mkdir(parents=True)
    (folder / "a.txt").write_text("The pier is closed.")
    (folder / "b.txt").write_text("The gate is open.")
    (folder / "c.exe").write_text("x")
    (folder / "pages" / "d.html.gz").write_bytes(gzip.compress(b"<p>The weir is of oak.</p>"))
    return folder


def test_folder_takes_each_format_in_turn_and_is_filled_up(files: Path, tmp_path: Path) -> None:
    mixed_folder.mix(files, tmp_path / "two", 2)
    assert sorted(path.name for path in (tmp_path / "two").iterdir() if path.is_file()) == ["0001-a.txt", "0002-d.html"]
    mixed_folder.mix(files, tmp_path / "five", 5)
    found = [path for path in (tmp_path / "five").rglob("*") if path.is_file()]
    assert (len(found), sum(path.suffix == ".md" for path in found)) == (5, 2)
    assert (tmp_path / "five" / "0002-d.html").read_bytes() == b"<p>The weir is of oak.</p>"


def test_command_prints_the_figures(files: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert mixed_folder.main([str(files), "--files", "3"]) == 0
    rows = dict(line.rsplit("  ", 1) for line in capsys.readouterr().out.splitlines()[2:])
    shown = {name.strip(): value.strip() for name, value in rows.items()}
    assert (shown["formats"], shown["files read"], shown["documents"]) == (".txt 2, .html 1", "3", "3")
    assert float(shown["time, s"].replace(",", "")) > 0


def test_folder_without_supported_files_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        mixed_folder.main([str(tmp_path)])
    assert "no files of supported formats there; name a folder that holds some" in capsys.readouterr().err
