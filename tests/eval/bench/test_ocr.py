from pathlib import Path

import pytest
from fpdf import FPDF
from rag.eval.bench.ocr import Scan, engines, main, missed, ocr_table, scans, word_error_rate, words_of
from rich.console import Console

from rag.errors import InputError

TEXT = "The Karst bridge was closed since the flood of 2022 and opened to traffic on Tuesday morning. " * 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in {"prose": TEXT, "accents": "Größe über alles. " * 40, "short": "Few words."}.items():
        pdf = FPDF()
        pdf.add_page()
        pdf.set_font("Helvetica", size=12)
        pdf.multi_cell(0, 6, text)
        (tmp_path / f"{name}.pdf").write_bytes(bytes(pdf.output()))
    return tmp_path


def test_word_error_rate_counts_edits_of_words() -> None:
    expected = "the toll is four crowns".split()
    assert word_error_rate(expected, expected) == 0
    assert word_error_rate("the tall is crowns today".split(), expected) == 3 / 5
    assert word_error_rate([], expected) == 1
    assert missed("four crowns the tall is".split(), expected) == pytest.approx(1 / 5)


def test_scans_are_of_pages_with_enough_plain_words(folder: Path) -> None:
    (scan,) = scans(folder, 30, seed=0)
    assert scan.name == "prose.pdf, page 1"
    assert scan.words == words_of(TEXT)
    assert 150 <= scan.dpi <= 200
    assert scan.image.width == pytest.approx(210 / 25.4 * scan.dpi, abs=2)
    assert scans(folder, 30, seed=0)[0].image.tobytes() == scan.image.tobytes()
    (folder / "prose.pdf").unlink()
    with pytest.raises(InputError, match="holds no PDF with a page of 30 words"):
        scans(folder, 30, seed=0)


def test_scan_is_read_by_rapidocr(folder: Path) -> None:
    (scan,) = scans(folder, 30, seed=0)
    read = words_of(engines("rapidocr")["rapidocr"](scan))
    assert missed(read, scan.words) < 0.1


def test_missing_engine_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("rag.eval.bench.ocr.shutil.which", lambda name: None)
    assert main([str(folder), "--engine", "tesseract"]) == 2
    assert "tesseract is not installed" in capsys.readouterr().err


def test_figures_are_means_over_scans() -> None:
    made = [Scan("a", None, 150, ["one", "two"]), Scan("b", None, 150, ["one"])]  # type: ignore[arg-type]
    table = ocr_table("2 scans", made, {"x": [["one"], ["one"]]})
    console = Console(width=120)
    with console.capture() as captured:
        console.print(table)
    assert "0.250 (0.000 to 0.500)" in captured.get()
