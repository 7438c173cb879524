"""Documents whose texts are nearly the same."""

import random
from pathlib import Path

import numpy as np
import pytest

from rag import build_index
from rag.embedding.encoder import Encoder
from rag.index import current_version, near_duplicates
from rag.index.near_duplicates import MIN_PAIRS, SIMILAR, SKETCHES, Sketch, sketch

dice = random.Random(7)
VOCABULARY = [f"word{number}" for number in range(500)]


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """The same words whichever tests ran before."""
    dice.seed(7)


def _words(count: int) -> list[str]:
    return dice.choices(VOCABULARY, k=count)


def _edited(words: list[str], changes: int) -> list[str]:
    """The words, as many of them changed, spread evenly."""
    step = len(words) // changes
    return [f"new{at}" if at % step == step // 2 and at // step < changes else word for at, word in enumerate(words)]


def _sketch(words: list[str]) -> Sketch:
    made = sketch(" ".join(words))
    assert made is not None
    return made


@pytest.mark.parametrize(("count", "changes", "found"), [(200, 5, True), (2_000, 100, True), (200, 60, False)])
def test_text_with_a_few_other_words_is_nearly_the_same(count: int, changes: int, found: bool) -> None:
    words = _words(count)
    sketches = {"a.md": _sketch(words), "b.md": _sketch(_words(count)), "c.md": _sketch(_edited(words, changes))}
    pairs = list(near_duplicates.near_duplicates(sketches))
    assert [pair[:2] for pair in pairs] == [("c.md", "a.md")] * found
    # Each changed word is in two pairs.
    expected = (count - 2 * changes) / (count + 2 * changes)
    assert all(similarity == pytest.approx(expected, abs=0.13) for _, _, similarity in pairs)


def test_case_punctuation_and_line_breaks_do_not_count() -> None:
    words = _words(50)
    assert np.array_equal(_sketch(words), _sketch([f"{word.upper()},\n" for word in words]))


def test_short_text_has_no_sketch() -> None:
    assert sketch(" ".join(_words(MIN_PAIRS))) is None
    assert sketch(" ".join(_words(MIN_PAIRS + 1))) is not None


def test_long_text_is_sketched_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    words = _words(300)
    whole = _sketch(words)
    monkeypatch.setattr(near_duplicates, "BATCH", 7)
    assert np.array_equal(_sketch(words), whole)


def test_copies_are_compared_with_the_first_and_strangers_with_none(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []

    class Counted(dict[str, Sketch]):
        def __getitem__(self, name: str) -> Sketch:
            compared.append(1)
            return super().__getitem__(name)

    words = _words(200)
    copies = {f"copy{number}": _sketch(_edited(words, 1 + number % 5)) for number in range(300)}
    strangers = {f"other{number}": _sketch(_words(200)) for number in range(1_000)}
    found = list(near_duplicates.near_duplicates(Counted({**copies, **strangers})))
    assert {(document, other) for document, other, _ in found} == {(name, "copy0") for name in copies} - {
        ("copy0", "copy0")
    }
    # Comparing all pairs would take 844,350.
    assert len(compared) < 1_000


def test_index_names_them_also_when_nothing_changes(tmp_path: Path, quick: Encoder) -> None:
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    words = _words(200)
    (docs / "a.md").write_text(" ".join(words))
    (docs / "b.md").write_text(" ".join(_edited(words, 4)))
    (docs / "copy.md").write_text(" ".join(words))
    (docs / "other.md").write_text(" ".join(_words(200)))
    (docs / "t.csv").write_text("text\n" + f"{' '.join(words)}\n" * 60)
    changes = build_index(docs, index, quick)
    ((document, other, similarity),) = changes.near_duplicates
    assert (document, other) == ("b.md", "a.md")
    assert SIMILAR <= similarity < 1
    assert build_index(docs, index, quick).near_duplicates == changes.near_duplicates


def test_only_new_texts_are_sketched(tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch) -> None:
    docs, index = tmp_path / "docs", tmp_path / "index"
    docs.mkdir()
    words = _words(200)
    (docs / "a.md").write_text(" ".join(words))
    (docs / "b.md").write_text(" ".join(_words(200)))
    build_index(docs, index, quick)
    sketched: list[str] = []
    monkeypatch.setattr(near_duplicates, "sketch", lambda text: sketched.append(text[:9]) or sketch(text))
    (docs / "b.md").rename(docs / "c.md")
    (docs / "d.md").write_text("New text " + " ".join(words))
    assert [each[:2] for each in build_index(docs, index, quick).near_duplicates] == [("d.md", "a.md")]
    assert sketched == ["New text "]
    (current_version(index) / SKETCHES).write_bytes(b"damaged")
    (docs / "e.md").write_text("More text " + " ".join(words))
    assert [each[:2] for each in build_index(docs, index, quick).near_duplicates] == [
        ("d.md", "a.md"), ("e.md", "a.md"),
    ]  # fmt: skip
