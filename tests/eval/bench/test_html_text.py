"""The comparison of extracted main text with gold text, on pages in both layouts."""

import gzip
import json
from pathlib import Path

import pytest
from rag.eval.bench.html_text import Page, by_rag, by_readability, load_pages, main, word_overlap

ARTICLE = " ".join(f"The pier was closed in {year}, and the harbour board paid for the works." for year in range(40))
PAGE = f"<html><body><nav><a href='/'>Menu entry</a></nav><article><p>{ARTICLE}</p></article></body></html>"


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(text.encode()))


@pytest.fixture
def articles(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    _write(folder / "html" / "b.html.gz", PAGE)
    (folder / "ground-truth.json").write_text(json.dumps({"b": {"articleBody": ARTICLE}}))
    return folder


def test_overlap_of_words_is_worked_out_by_hand() -> None:
    overlap = word_overlap("The pier, the PIER.", "pier works the plan")
    assert (overlap.precision, overlap.recall, overlap.f1) == (2 / 4, 2 / 4, 0.5)
    uneven = word_overlap("pier", "pier works the plan")
    assert (uneven.precision, uneven.recall, uneven.f1) == (1.0, 0.25, 0.4)
    assert word_overlap("", "pier").f1 == word_overlap("pier", "").f1 == 0.0


def test_pages_are_read_in_both_layouts(articles: Path, tmp_path: Path) -> None:
    _write(tmp_path / "pages" / "a" / "source.html.gz", PAGE)
    _write(tmp_path / "pages" / "a" / "expected.html.gz", f"<div><p>{ARTICLE}</p></div>")
    assert load_pages(articles) == [Page("b", PAGE.encode(), ARTICLE)]
    assert load_pages(tmp_path / "pages") == [Page("a", PAGE.encode(), ARTICLE)]


def test_extractors_give_the_main_text() -> None:
    assert by_rag("a", PAGE.encode()) == ARTICLE
    assert by_readability("a", PAGE.encode()) == ARTICLE
    assert by_readability("a", b"<html></html>") == ""


def test_figures_are_printed_with_intervals(articles: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(articles)]) == 0
    printed = capsys.readouterr().out
    assert "articles, 1 page" in printed
    assert "1.000" in printed


def test_folder_of_neither_layout_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(tmp_path)]) == 2
    assert f"{tmp_path}: no pages there; see --help for its layout" in capsys.readouterr().err
    (tmp_path / "ground-truth.json").write_text("{")
    assert main([str(tmp_path)]) == 2
    assert "cannot be read" in capsys.readouterr().err
