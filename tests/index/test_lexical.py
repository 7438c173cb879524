"""BM25 in memory and over files, which are the same whatever they were written from."""

import math
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.index.lexical import Lexical, WordsFile, coverage, postings, terms

CORPUS = Path(__file__).resolve().parents[2] / "corpus"

TEXTS = [
    *(paragraph for file in sorted(CORPUS.glob("*.md")) for paragraph in file.read_text().split("\n\n")),
    "",
    "?!",
    "The border, the border and the border: 1,000 km.",
    "Қазақстан шекарасы 1000 km",
]
QUESTIONS = [
    "How long is the border between Kazakhstan and China?",
    "Who postponed the visit to Bishkek?",
    "Border border Қазақстан 1000?",
    "xyzzy",
    "the of?",
]


def _write(folder: Path, texts: Iterable[str]) -> Path:
    with WordsFile(folder) as words:
        for text in texts:
            words.add(text)
        words.finish()
    return folder


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The words of ``TEXTS``; nobody writes to it."""
    return _write(tmp_path_factory.mktemp("index") / "words", TEXTS)


@pytest.fixture
def words(folder: Path) -> Lexical:
    return Lexical.open(folder, len(TEXTS))


def test_a_score_is_that_of_the_formula() -> None:
    lexical = Lexical.build(["Border border river", "river", "mountain lake valley pass"])

    # "border" stands twice in the first of three passages, which has three terms where the mean is 8/3.
    expected = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5)) * 2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 3 / (8 / 3)))
    np.testing.assert_allclose(lexical.scores("Which border?"), [expected, 0, 0], rtol=1e-6)
    assert lexical.rarity(["border", "unknown"]) == pytest.approx([math.log(1 + 2.5 / 1.5), math.log(1 + 3.5 / 0.5)])


@pytest.mark.parametrize("block", [1, 40, 1_000_000])
def test_the_files_give_the_scores_of_a_build_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(postings, "BLOCK", block)
    stored = Lexical.open(_write(tmp_path / "words", TEXTS), len(TEXTS))
    built = Lexical.build(TEXTS)

    assert len(stored) == len(built) == len(TEXTS)
    assert stored.scores(QUESTIONS[0]).max() > 3
    for question in QUESTIONS:
        np.testing.assert_allclose(stored.scores(question), built.scores(question), rtol=1e-6)
        assert stored.rarity(terms(question)) == built.rarity(terms(question))


def test_passages_that_are_copied_give_the_same_files_as_their_texts(tmp_path: Path, words: Lexical) -> None:
    added = ["Words unheard of before: zyzzyva", "border"]
    with WordsFile(tmp_path / "copied", words) as file:
        file.copy(words, 0, 40)
        file.add(added[0])
        file.copy(words, 60, len(TEXTS))
        file.copy(words, 5, 5)
        file.add(added[1])
        assert len(file) == len(TEXTS) - 18
        file.finish()

    again = _write(tmp_path / "added", [*TEXTS[:40], added[0], *TEXTS[60:], added[1]])
    assert _bytes(tmp_path / "copied") == _bytes(again)


def test_terms_that_no_passage_holds_any_more_are_dropped(tmp_path: Path) -> None:
    first = Lexical.open(_write(tmp_path / "first", ["zebra river", "border"]), 2)
    with WordsFile(tmp_path / "second", first) as file:
        file.copy(first, 1, 2)
        file.finish()

    assert (tmp_path / "first" / "terms.txt").read_bytes() == b"borderriverzebra"
    assert (tmp_path / "second" / "terms.txt").read_bytes() == b"border"
    second = Lexical.open(tmp_path / "second", 1)
    assert second.scores("zebra border").tolist() == Lexical.build(["border"]).scores("zebra border").tolist()
    assert second.rarity(["zebra"]) == [math.log(1 + 1.5 / 0.5)]


def test_a_hundred_updates_leave_what_one_build_makes(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    texts = TEXTS[:30]
    folder = _write(tmp_path / "0", texts)
    for turn in range(1, 101):
        previous = Lexical.open(folder, len(texts))
        at = int(random.integers(len(texts)))
        folder = tmp_path / str(turn)
        with WordsFile(folder, previous) as file:
            file.copy(previous, 0, at)
            file.add(TEXTS[30 + turn])
            file.copy(previous, at + 1, len(texts))
            file.finish()
        texts = [*texts[:at], TEXTS[30 + turn], *texts[at + 1 :]]

    assert _bytes(folder) == _bytes(_write(tmp_path / "built", texts))


def test_only_the_previous_index_can_be_copied(tmp_path: Path, folder: Path, words: Lexical) -> None:
    other = Lexical.open(folder, len(TEXTS))
    for previous, copied in ((words, other), (None, words), (words, Lexical.build(TEXTS))):
        with (
            WordsFile(tmp_path / "words", previous) as file,
            pytest.raises(ValueError, match="only passages of the previous index"),
        ):
            file.copy(copied, 0, 1)


@pytest.mark.parametrize("texts", [[], ["", "?!"], ["the"]])
def test_a_collection_without_a_word_scores_nothing(tmp_path: Path, texts: list[str]) -> None:
    lexical = Lexical.open(_write(tmp_path / "words", texts), len(texts))

    assert lexical.scores("How long is the border?").tolist() == [0] * len(texts)


@pytest.mark.parametrize(
    "name", ["terms.txt", "terms.ends.npy", "ids.npy", "ends.npy", "starts.npy", "rows.npy", "scores.npy"]
)
def test_a_truncated_or_missing_file_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "words")
    raw = (copy / name).read_bytes()
    for size in (len(raw) - 1, len(raw) // 2, 0):
        (copy / name).write_bytes(raw[:size])
        with pytest.raises(ValueError):
            Lexical.open(copy, len(TEXTS))
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError):
        Lexical.open(copy, len(TEXTS))


def test_words_of_another_number_of_passages_are_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=f"words is of {len(TEXTS)} passages, 7 expected"):
        Lexical.open(folder, 7)


def test_words_outlive_their_folder(tmp_path: Path, folder: Path, words: Lexical) -> None:
    copy = shutil.copytree(folder, tmp_path / "words")
    opened = Lexical.open(copy, len(TEXTS))
    shutil.rmtree(copy)

    for question in QUESTIONS:
        np.testing.assert_array_equal(opened.scores(question), words.scores(question))


def test_many_threads_get_the_scores_that_one_gets(words: Lexical) -> None:
    expected = [words.scores(question).tolist() for question in QUESTIONS]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: words.scores(question).tolist(), QUESTIONS * 40))

    assert found == expected * 40


def test_coverage_is_the_weight_of_the_terms_that_stand_in_the_text() -> None:
    assert terms("The 1,500 borders of Kazakhstan’s") == ["1500", "border", "kazakhstan"]
    assert coverage({"border": 3.0, "lake": 1.0}, "Borders everywhere") == 0.75
    assert coverage({}, "Borders everywhere") == 0.0
