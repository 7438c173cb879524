"""Nearest vectors, exact and by way of an approximate index, and the file that they lie in."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from rag.index.vectors import APPROXIMATE, Approximation, FaissStore, Rows, VectorFile, Vectors, approximate

DIMENSION = 32
COUNT = 6_000


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _clustered(count: int, seed: int = 0) -> Vectors:
    """Unit vectors about a hundred centres: neighbourhoods, as texts have them."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(7).standard_normal((100, DIMENSION))
    return _unit(centres[random.integers(100, size=count)] + 0.6 * random.standard_normal((count, DIMENSION)))


def _by_hand(vectors: Vectors, query: Vectors, k: int, among: Rows | None = None) -> list[int]:
    """The nearest rows, by sorting all cosines in double precision."""
    rows = range(len(vectors)) if among is None else among.tolist()
    cosines = vectors.astype(np.float64) @ query.astype(np.float64)
    return sorted(rows, key=lambda row: (-cosines[row], row))[:k]


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return _clustered(COUNT)


@pytest.fixture(scope="module")
def queries() -> Vectors:
    return _clustered(60, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, vectors: Vectors) -> Path:
    """A file of vectors with an approximate index beside it; nobody writes to it."""
    folder = tmp_path_factory.mktemp("vectors")
    _write(folder / "vectors.f32", vectors)
    approximate(folder / "vectors.f32", DIMENSION, exact_up_to=5_000)
    return folder


def _write(path: Path, vectors: Vectors) -> Path:
    with VectorFile(path, vectors.shape[1]) as file:
        file.copy(vectors, 0, len(vectors))
    return path


def test_exact_search_finds_what_sorting_all_cosines_finds(vectors: Vectors, queries: Vectors) -> None:
    scores, rows = FaissStore(vectors).search(queries, 10)

    assert rows.tolist() == [_by_hand(vectors, query, 10) for query in queries]
    np.testing.assert_allclose(scores, np.einsum("qkd,qd->qk", vectors[rows], queries), atol=1e-6)
    assert (scores.dtype, rows.dtype) == (np.float32, np.int64)


def test_equal_vectors_come_in_the_order_of_their_rows() -> None:
    vectors = np.tile(_clustered(3), (50, 1))

    scores, rows = FaissStore(vectors).search(vectors[:1], 60)

    assert rows[0, :50].tolist() == list(range(0, 150, 3))
    assert len(set(scores[0, :50].tolist())) == 1


def test_no_more_come_back_than_there_are(vectors: Vectors, queries: Vectors) -> None:
    scores, rows = FaissStore(vectors[:4]).search(queries[:2], 10)

    assert scores.shape == rows.shape == (2, 4)
    assert rows[0].tolist() == _by_hand(vectors[:4], queries[0], 10)


@pytest.mark.parametrize("count", [0, 1, 5, 100, 2_000, COUNT])
def test_rows_to_choose_from_are_chosen_before_ranking_exact_and_approximate_alike(
    folder: Path, vectors: Vectors, queries: Vectors, count: int
) -> None:
    among = np.sort(np.random.default_rng(count).choice(COUNT, count, replace=False)).astype(np.int64)
    exact = FaissStore(vectors).search(queries, 10, among)
    found = FaissStore.open(folder / "vectors.f32", DIMENSION).search(queries, 10, among)

    assert exact[1].tolist() == [_by_hand(vectors, query, 10, among) for query in queries]
    assert found[1].shape == (len(queries), min(10, count))
    assert np.isin(found[1], among).all()
    assert (found[1] == exact[1]).mean() >= 0.95 if count else True
    np.testing.assert_array_equal(found[0], np.einsum("qkd,qd->qk", vectors[found[1]], queries))


def test_where_the_probes_find_too_few_of_the_rows_to_choose_from_all_are_compared(
    folder: Path, vectors: Vectors, queries: Vectors
) -> None:
    # The rows farthest from the query: the lists about it hold none of them.
    among = np.sort(np.argsort(vectors @ queries[0])[: COUNT // 20])

    rows = FaissStore.open(folder / "vectors.f32", DIMENSION).search(queries[:1], 200, among)[1]

    assert rows[0].tolist() == _by_hand(vectors, queries[0], 200, among)


def test_the_approximate_index_finds_almost_all_and_gives_exact_cosines(
    folder: Path, vectors: Vectors, queries: Vectors
) -> None:
    store = FaissStore.open(folder / "vectors.f32", DIMENSION)
    scores, rows = store.search(queries, 10)

    truth = [_by_hand(vectors, query, 10) for query in queries]
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows.tolist(), truth, strict=True)]) >= 0.95
    np.testing.assert_array_equal(scores, np.einsum("qkd,qd->qk", vectors[rows], queries))
    assert (np.diff(scores, axis=1) <= 0).all()


def test_a_search_of_many_queries_is_the_search_of_each(folder: Path, queries: Vectors) -> None:
    store = FaissStore.open(folder / "vectors.f32", DIMENSION)
    together = store.search(queries, 10)

    for at in range(len(queries)):
        scores, rows = store.search(queries[at : at + 1], 10)
        np.testing.assert_array_equal(rows[0], together[1][at])
        np.testing.assert_array_equal(scores[0], together[0][at])


def test_a_small_collection_has_no_approximate_index(tmp_path: Path, vectors: Vectors) -> None:
    path = _write(tmp_path / "vectors.f32", vectors)

    assert approximate(path, DIMENSION, exact_up_to=COUNT) is None
    assert [each.name for each in tmp_path.iterdir()] == ["vectors.f32"]


def test_what_was_made_is_said_and_the_probes_are_the_fewest_that_find_enough(tmp_path: Path, vectors: Vectors) -> None:
    path = _write(tmp_path / "vectors.f32", vectors)

    made = approximate(path, DIMENSION, exact_up_to=5_000)

    assert made is not None
    assert (made.kind, made.lists, made.trained) == ("IVF310,SQ8", 310, True)
    assert 1 <= made.probes < 100
    assert made.recall >= 0.98
    assert sorted(each.name for each in tmp_path.iterdir()) == ["vectors.f32", APPROXIMATE]


def test_an_update_takes_over_the_lists_until_the_collection_has_doubled(
    tmp_path: Path, folder: Path, vectors: Vectors
) -> None:
    def grown(count: int) -> Approximation | None:
        path = tmp_path / str(count) / "vectors.f32"
        path.parent.mkdir()
        _write(path, np.concatenate([vectors, _clustered(count, seed=2)]))
        return approximate(path, DIMENSION, folder / APPROXIMATE, exact_up_to=5_000)

    little, much = grown(600), grown(7_000)

    assert little is not None and much is not None
    assert (little.lists, little.trained) == (310, False)
    assert (much.lists, much.trained) == (456, True)
    assert min(little.recall, much.recall) >= 0.98
    store = FaissStore.open(tmp_path / "600" / "vectors.f32", DIMENSION)
    new = store.vectors([6_500])
    assert store.search(new, 1)[1].tolist() == [[6_500]]


def test_vectors_are_given_as_they_were_put(folder: Path, vectors: Vectors) -> None:
    store = FaissStore.open(folder / "vectors.f32", DIMENSION)

    assert (len(store), store.dimension) == (COUNT, DIMENSION)
    np.testing.assert_array_equal(store.vectors([5, 0, 5_999]), vectors[[5, 0, 5_999]])
    assert (folder / "vectors.f32").read_bytes() == vectors.astype("<f4").tobytes()


def test_rows_are_reserved_and_filled_in_any_order(tmp_path: Path, vectors: Vectors) -> None:
    path = tmp_path / "vectors.f32"
    order = np.random.default_rng(0).permutation(1_000)
    with VectorFile(path, DIMENSION) as file:
        assert (file.reserve(400), file.reserve(600), len(file)) == (0, 400, 1_000)
        for rows in np.array_split(order, 7):
            file.put(rows, vectors[rows])

    assert path.read_bytes() == vectors[:1_000].tobytes()


def test_rows_of_a_store_are_copied_between_new_ones(tmp_path: Path, folder: Path, vectors: Vectors) -> None:
    path = tmp_path / "vectors.f32"
    with VectorFile(path, DIMENSION) as file:
        first = file.reserve(1)
        assert file.copy(FaissStore.open(folder / "vectors.f32", DIMENSION), 100, 5_000) == 1
        assert file.copy(vectors, 7, 9) == 4_901
        file.put([first], vectors[3:4])

    assert path.read_bytes() == vectors[[3, *range(100, 5_000), 7, 8]].tobytes()


def test_what_does_not_fit_is_not_put(tmp_path: Path, vectors: Vectors) -> None:
    with VectorFile(tmp_path / "vectors.f32", DIMENSION) as file:
        file.reserve(3)
        with pytest.raises(ValueError, match=r"rows 2 to 3, where 3 are reserved"):
            file.put([2, 3], vectors[:2])
        with pytest.raises(ValueError, match=r"shape \(2, 32\) for 1 rows of 32 dimensions"):
            file.put([0], vectors[:2])


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("vectors.f32", COUNT * DIMENSION * 4 - 1, "767,999 bytes, which are not whole vectors of 32 dimensions"),
        ("vectors.f32", 0, "0 bytes"),
        ("vectors.f32", 128 * 100, "vectors.faiss is of 6000 vectors of 32, not 100"),
        (APPROXIMATE, 0, "not a whole FAISS index"),
        (APPROXIMATE, 10_000, "not a whole FAISS index"),
        (APPROXIMATE, 150_000, "not a whole FAISS index"),
    ],
)
def test_a_truncated_file_is_refused(tmp_path: Path, folder: Path, name: str, size: int, message: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).write_bytes((copy / name).read_bytes()[:size])

    with pytest.raises(ValueError, match=message):
        FaissStore.open(copy / "vectors.f32", DIMENSION)


def test_a_missing_file_is_an_error_of_the_system(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FaissStore.open(tmp_path / "vectors.f32", DIMENSION)


def test_a_store_outlives_its_folder(tmp_path: Path, folder: Path, queries: Vectors) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    store = FaissStore.open(copy / "vectors.f32", DIMENSION)
    shutil.rmtree(copy)

    kept = FaissStore.open(folder / "vectors.f32", DIMENSION).search(queries, 10)
    np.testing.assert_array_equal(store.search(queries, 10)[1], kept[1])
