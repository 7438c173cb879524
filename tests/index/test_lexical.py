"""BM25 in memory and over files; the files depend on the texts alone."""

import math
import shutil
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from rag.index.lexical import Lexical, WordsWriter, bm25, coverage, terms

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
    with WordsWriter(folder) as words:
        for text in texts:
            words.add(text)
        words.finish()
    return folder


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The words of ``TEXTS``; read-only."""
    return _write(tmp_path_factory.mktemp("index") / "words", TEXTS)


@pytest.fixture
def words(folder: Path) -> Lexical:
    return Lexical.open(folder, len(TEXTS))


def test_score_follows_bm25_formula() -> None:
    lexical = Lexical.build(["Border border river", "river", "mountain lake valley pass"])

    # "border" occurs twice in the first of three passages, which has three terms; the mean is 8/3.
    expected = math.log(1 + (3 - 1 + 0.5) / (1 + 0.5)) * 2 / (2 + 1.2 * (1 - 0.75 + 0.75 * 3 / (8 / 3)))
    np.testing.assert_allclose(lexical.scores("Which border?"), [expected, 0, 0], rtol=1e-6)
    assert lexical.rarity(["border", "unknown"]) == pytest.approx([math.log(1 + 2.5 / 1.5), math.log(1 + 3.5 / 0.5)])


@pytest.mark.parametrize("block", [1, 40, 1_000_000])
def test_stored_scores_equal_those_bm25s_builds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int) -> None:
    monkeypatch.setattr(bm25, "BLOCK", block)
    stored = Lexical.open(_write(tmp_path / "words", TEXTS), len(TEXTS))
    built = Lexical.build(TEXTS)

    assert len(stored) == len(built) == len(TEXTS)
    assert stored.scores(QUESTIONS[0]).max() > 3
    for question in QUESTIONS:
        np.testing.assert_array_equal(stored.scores(question), built.scores(question))
        assert stored.rarity(terms(question)) == built.rarity(terms(question))


def test_copied_passages_give_same_files_as_their_texts(tmp_path: Path, words: Lexical) -> None:
    added = ["Words unheard of before: zyzzyva", "border"]
    with WordsWriter(tmp_path / "copied", words) as file:
        file.copy(words, 0, 40)
        file.add(added[0])
        file.copy(words, 60, len(TEXTS))
        file.copy(words, 5, 5)
        file.add(added[1])
        assert len(file) == len(TEXTS) - 18
        file.finish()

    again = _write(tmp_path / "added", [*TEXTS[:40], added[0], *TEXTS[60:], added[1]])
    assert _bytes(tmp_path / "copied") == _bytes(again)


def test_terms_of_removed_passages_are_dropped(tmp_path: Path) -> None:
    first = Lexical.open(_write(tmp_path / "first", ["zebra river", "border"]), 2)
    with WordsWriter(tmp_path / "second", first) as file:
        file.copy(first, 1, 2)
        file.finish()

    assert (tmp_path / "first" / "terms.txt").read_bytes() == b"borderriverzebra"
    assert (tmp_path / "second" / "terms.txt").read_bytes() == b"border"
    second = Lexical.open(tmp_path / "second", 1)
    assert second.scores("zebra border").tolist() == Lexical.build(["border"]).scores("zebra border").tolist()
    assert second.rarity(["zebra"]) == [math.log(1 + 1.5 / 0.5)]


def test_hundred_updates_give_same_files_as_one_build(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    texts = TEXTS[:30]
    folder = _write(tmp_path / "0", texts)
    for turn in range(1, 101):
        previous = Lexical.open(folder, len(texts))
        at = int(random.integers(len(texts)))
        folder = tmp_path / str(turn)
        with WordsWriter(folder, previous) as file:
            file.copy(previous, 0, at)
            file.add(TEXTS[30 + turn])
            file.copy(previous, at + 1, len(texts))
            file.finish()
        texts = [*texts[:at], TEXTS[30 + turn], *texts[at + 1 :]]

    assert _bytes(folder) == _bytes(_write(tmp_path / "built", texts))


def test_only_passages_of_previous_index_can_be_copied(tmp_path: Path, folder: Path, words: Lexical) -> None:
    other = Lexical.open(folder, len(TEXTS))
    for previous, copied in ((words, other), (None, words), (words, Lexical.build(TEXTS))):
        with (
            WordsWriter(tmp_path / "words", previous) as file,
            pytest.raises(ValueError, match="only passages of the previous index"),
        ):
            file.copy(copied, 0, 1)


@pytest.mark.parametrize("texts", [[], ["", "?!"], ["the"]])
def test_texts_without_terms_score_zero(tmp_path: Path, texts: list[str]) -> None:
    lexical = Lexical.open(_write(tmp_path / "words", texts), len(texts))

    assert lexical.scores("How long is the border?").tolist() == [0] * len(texts)


@pytest.mark.parametrize(
    "name", ["terms.txt", "terms.ends.npy", "ids.npy", "ends.npy", "starts.npy", "rows.npy", "scores.npy"]
)
def test_truncated_or_missing_file_is_refused(tmp_path: Path, folder: Path, name: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "words")
    raw = (copy / name).read_bytes()
    for size in (len(raw) - 1, len(raw) // 2, 0):
        (copy / name).write_bytes(raw[:size])
        with pytest.raises(ValueError):
            Lexical.open(copy, len(TEXTS))
    (copy / name).unlink()
    with pytest.raises(FileNotFoundError):
        Lexical.open(copy, len(TEXTS))


def test_wrong_number_of_passages_is_refused(folder: Path) -> None:
    with pytest.raises(ValueError, match=f"words: holds {len(TEXTS)} passages, 7 expected"):
        Lexical.open(folder, 7)


def test_opened_words_stay_readable_after_folder_is_deleted(tmp_path: Path, folder: Path, words: Lexical) -> None:
    copy = shutil.copytree(folder, tmp_path / "words")
    opened = Lexical.open(copy, len(TEXTS))
    shutil.rmtree(copy)

    for question in QUESTIONS:
        np.testing.assert_array_equal(opened.scores(question), words.scores(question))


def test_threads_get_same_scores_as_one_thread(words: Lexical) -> None:
    expected = [words.scores(question).tolist() for question in QUESTIONS]

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda question: words.scores(question).tolist(), QUESTIONS * 40))

    assert found == expected * 40


def test_coverage_is_weighted_share_of_terms_in_text() -> None:
    assert terms("The 1,500 borders of Kazakhstan’s") == ["1500", "border", "kazakhstan"]
    assert coverage({"border": 3.0, "lake": 1.0}, "Borders everywhere") == 0.75
    assert coverage({}, "Borders everywhere") == 0.0


@pytest.mark.parametrize("question", QUESTIONS)
def test_search_finds_the_best_rows_that_share_a_term(words: Lexical, question: str) -> None:
    every = words.scores(question)
    for subset in (None, np.arange(1, len(TEXTS), 2), np.array([2, len(TEXTS) - 2])):
        among = np.arange(len(TEXTS)) if subset is None else subset
        for k in (0, 1, 5, len(TEXTS)):
            scores, rows = words.search(question, k, subset)
            positive = sorted(every[among][every[among] > 0].tolist(), reverse=True)
            assert sorted(scores.tolist(), reverse=True) == positive[:k]
            assert every[rows].tolist() == scores.tolist()
            assert set(rows.tolist()) <= set(among.tolist())


@pytest.mark.parametrize("stored", [True, False])
@pytest.mark.parametrize("question", [*QUESTIONS, "border border and border"])
def test_scores_of_some_rows_equal_those_among_all(question: str, stored: bool, tmp_path: Path) -> None:
    lexical = Lexical.open(_write(tmp_path, TEXTS), len(TEXTS)) if stored else Lexical.build(TEXTS)
    every = lexical.scores(question)
    few, many = np.array([0, 3, len(TEXTS) - 2]), np.arange(1, len(TEXTS), 2)
    for subset in (few, many, np.array([], dtype=np.int64)):
        assert lexical.scores(question, subset).tolist() == every[subset].tolist()
    assert len(few) < bm25.FEW * len(TEXTS) < len(many)
