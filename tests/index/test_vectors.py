"""Exact and approximate vector search, and the vector files."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from rag import Encoder, build_index, verify
from rag.index.vectors import (
    APPROXIMATE,
    Approximation,
    FaissStore,
    Rows,
    Scores,
    Vectors,
    VectorWriter,
    build_approximate_index,
    map_vectors,
)
from rag.index.vectors.approximate import propose, read_approximate_index
from rag.index.vectors.exact import inner_products, rescore

DIMENSION = 32
COUNT = 6_000


def _unit(vectors: Vectors) -> Vectors:
    return np.asarray(vectors / np.linalg.norm(vectors, axis=1, keepdims=True), dtype=np.float32)


def _clustered(count: int, seed: int = 0) -> Vectors:
    """Unit vectors about a hundred centres: neighbourhoods, as texts have them."""
    random = np.random.default_rng(seed)
    centres = np.random.default_rng(7).standard_normal((100, DIMENSION))
    return _unit(centres[random.integers(100, size=count)] + 0.6 * random.standard_normal((count, DIMENSION)))


def _brute_force(vectors: Vectors, query: Vectors, k: int, subset: Rows | None = None) -> list[int]:
    """The nearest rows, by sorting all cosines in double precision."""
    rows = range(len(vectors)) if subset is None else subset.tolist()
    cosines = vectors.astype(np.float64) @ query.astype(np.float64)
    return sorted(rows, key=lambda row: (-cosines[row], row))[:k]


def _assert_exact_scores(scores: Scores, rows: Rows, vectors: Vectors, queries: Vectors) -> None:
    """Scores must be float32 cosines, not those of shortened vectors, and the same bits from every kind of search."""
    cosines = np.einsum("qkd,qd->qk", vectors[rows].astype(np.float64), queries.astype(np.float64))
    np.testing.assert_allclose(scores, cosines, atol=2e-7)
    np.testing.assert_array_equal(scores, inner_products(vectors, queries, rows))
    assert (np.diff(scores, axis=1) <= 0).all()


@pytest.fixture(scope="module")
def vectors() -> Vectors:
    return _clustered(COUNT)


@pytest.fixture(scope="module")
def queries() -> Vectors:
    return _clustered(60, seed=1)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, vectors: Vectors) -> Path:
    """A vector file with an approximate index beside it; tests must not write to it."""
    folder = tmp_path_factory.mktemp("vectors")
    _write(folder / "vectors.f32", vectors)
    build_approximate_index(folder / "vectors.f32", DIMENSION, exact_up_to=5_000)
    return folder


def _write(path: Path, vectors: Vectors) -> Path:
    with VectorWriter(path, vectors.shape[1]) as file:
        file.copy(vectors, 0, len(vectors))
    return path


def test_exact_search_agrees_with_brute_force(vectors: Vectors, queries: Vectors) -> None:
    scores, rows = FaissStore(vectors).search(queries, 10)

    assert rows.tolist() == [_brute_force(vectors, query, 10) for query in queries]
    _assert_exact_scores(scores, rows, vectors, queries)
    assert (scores.dtype, rows.dtype) == (np.float32, np.int64)


@pytest.mark.parametrize("k", [1, 7, 50, 60, 150])
def test_ties_come_in_row_order(k: int) -> None:
    vectors = np.tile(_clustered(3), (50, 1))

    scores, rows = FaissStore(vectors).search(vectors[:1], k)

    assert rows[0, :50].tolist() == list(range(0, 150, 3))[:k]
    assert len(set(scores[0, :50].tolist())) == 1


def test_ties_in_a_subset_come_in_row_order() -> None:
    vectors = np.tile(_clustered(3), (50, 1))

    rows = FaissStore(vectors).search(vectors[:1], 5, np.arange(20, 150))[1]

    assert rows.tolist() == [[21, 24, 27, 30, 33]]


def test_search_returns_no_more_rows_than_exist(vectors: Vectors, queries: Vectors) -> None:
    scores, rows = FaissStore(vectors[:4]).search(queries[:2], 10)

    assert scores.shape == rows.shape == (2, 4)
    assert rows[0].tolist() == _brute_force(vectors[:4], queries[0], 10)


def test_a_damaged_vector_comes_last(vectors: Vectors, queries: Vectors) -> None:
    damaged = vectors[:100].copy()
    damaged[50] = np.nan

    rows = FaissStore(damaged).search(queries, 100)[1]

    others = np.delete(np.arange(100), 50)
    assert rows.tolist() == [[*_brute_force(vectors, query, 99, others), 50] for query in queries]


def test_an_open_store_does_not_copy_its_vectors(tmp_path: Path, vectors: Vectors, queries: Vectors) -> None:
    mapped = map_vectors(_write(tmp_path / "vectors.f32", vectors), DIMENSION)
    store = FaissStore(mapped)

    before = store.search(queries[:1], 1)[1]
    with (tmp_path / "vectors.f32").open("r+b") as file:
        file.seek(4 * DIMENSION * 17)
        file.write(queries[0].tobytes())

    assert before.tolist() != [[17]]
    assert store.search(queries[:1], 1)[1].tolist() == [[17]]


@pytest.mark.parametrize(
    ("shape", "subset", "message"),
    [
        ((1, 31), None, r"queries of shape \(1, 31\) for vectors of 32 dimensions"),
        ((32,), None, r"queries of shape \(32,\) for vectors of 32 dimensions"),
        ((1, 32), [0, COUNT], "subset of rows 0 to 6000, where there are 6000"),
        ((1, 32), [-1, 3], "subset of rows -1 to 3, where there are 6000"),
    ],
)
def test_search_refuses_arguments_outside_the_arrays(
    vectors: Vectors, shape: tuple[int, ...], subset: list[int] | None, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        FaissStore(vectors).search(np.zeros(shape, np.float32), 10, np.array(subset) if subset else None)


def test_search_keeps_the_thread_count_of_faiss(vectors: Vectors, queries: Vectors) -> None:
    import faiss

    threads = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(3)
    try:
        FaissStore(vectors).search(queries, 10, np.arange(100))
        assert faiss.omp_get_max_threads() == 3
    finally:
        faiss.omp_set_num_threads(threads)


def test_rescore_ranks_candidates_and_puts_empty_slots_last(vectors: Vectors, queries: Vectors) -> None:
    candidates = np.array([[40, -1, 7, 300], [5, 6, -1, -1]])

    scores, rows = rescore(vectors, queries[:2], candidates, 3)

    assert rows[0].tolist() == _brute_force(vectors, queries[0], 3, np.array([7, 40, 300]))
    assert rows[1].tolist() == [*_brute_force(vectors, queries[1], 2, np.array([5, 6])), -1]
    assert scores[1, 2] == -np.inf
    np.testing.assert_array_equal(scores[0], inner_products(vectors, queries[:1], rows[0])[0])


@pytest.mark.parametrize("count", [0, 1, 5, 100, 2_000, COUNT])
def test_filters_apply_before_ranking(folder: Path, vectors: Vectors, queries: Vectors, count: int) -> None:
    subset = np.sort(np.random.default_rng(count).choice(COUNT, count, replace=False)).astype(np.int64)
    exact = FaissStore(vectors).search(queries, 10, subset)
    found = FaissStore.open(folder / "vectors.f32", DIMENSION).search(queries, 10, subset)

    assert exact[1].tolist() == [_brute_force(vectors, query, 10, subset) for query in queries]
    assert found[1].shape == (len(queries), min(10, count))
    assert np.isin(found[1], subset).all()
    assert (found[1] == exact[1]).mean() >= 0.95 if count else True
    _assert_exact_scores(*found, vectors, queries)


def test_too_few_candidates_fall_back_to_exact_search(folder: Path, vectors: Vectors, queries: Vectors) -> None:
    index = read_approximate_index(folder / APPROXIMATE)
    index.nprobe = 1
    # The rows farthest from the first query, so that the lists near it hold none of them.
    subset = np.sort(np.argsort(vectors @ queries[0])[: COUNT // 20])
    assert (propose(index, queries[:1], 200, subset) == -1).any()

    rows = FaissStore(vectors, index).search(queries[:2], 200, subset)[1]

    assert rows.tolist() == [_brute_force(vectors, query, 200, subset) for query in queries[:2]]


def test_approximate_search_has_high_recall_and_exact_scores(folder: Path, vectors: Vectors, queries: Vectors) -> None:
    store = FaissStore.open(folder / "vectors.f32", DIMENSION)
    scores, rows = store.search(queries, 10)

    truth = [_brute_force(vectors, query, 10) for query in queries]
    assert np.mean([len(set(a) & set(b)) / 10 for a, b in zip(rows.tolist(), truth, strict=True)]) >= 0.95
    _assert_exact_scores(scores, rows, vectors, queries)


def test_batched_queries_match_single_queries(folder: Path, queries: Vectors) -> None:
    store = FaissStore.open(folder / "vectors.f32", DIMENSION)
    together = store.search(queries, 10)

    for i in range(len(queries)):
        scores, rows = store.search(queries[i : i + 1], 10)
        np.testing.assert_array_equal(rows[0], together[1][i])
        np.testing.assert_array_equal(scores[0], together[0][i])


def test_small_collection_has_no_approximate_index(tmp_path: Path, vectors: Vectors) -> None:
    path = _write(tmp_path / "vectors.f32", vectors)

    assert build_approximate_index(path, DIMENSION, exact_up_to=COUNT) is None
    assert [each.name for each in tmp_path.iterdir()] == ["vectors.f32"]


def test_approximation_reports_lists_probes_and_recall(tmp_path: Path, vectors: Vectors) -> None:
    path = _write(tmp_path / "vectors.f32", vectors)

    made = build_approximate_index(path, DIMENSION, exact_up_to=5_000)

    assert made is not None
    assert (made.kind, made.lists, made.trained) == ("IVF310,SQ8", 310, True)
    assert 1 <= made.probes < 100
    assert made.recall >= 0.98
    assert sorted(each.name for each in tmp_path.iterdir()) == ["vectors.f32", APPROXIMATE]


def test_centroids_are_reused_until_the_collection_doubles(tmp_path: Path, folder: Path, vectors: Vectors) -> None:
    def build_with(count: int) -> Approximation | None:
        path = tmp_path / str(count) / "vectors.f32"
        path.parent.mkdir()
        _write(path, np.concatenate([vectors, _clustered(count, seed=2)]))
        return build_approximate_index(path, DIMENSION, folder / APPROXIMATE, exact_up_to=5_000)

    grown, doubled = build_with(600), build_with(7_000)

    assert grown is not None and doubled is not None
    assert (grown.lists, grown.trained) == (310, False)
    assert (doubled.lists, doubled.trained) == (456, True)
    assert min(grown.recall, doubled.recall) >= 0.98
    store = FaissStore.open(tmp_path / "600" / "vectors.f32", DIMENSION)
    new = store.vectors([6_500])
    assert store.search(new, 1)[1].tolist() == [[6_500]]


def test_stored_vectors_are_unchanged(folder: Path, vectors: Vectors) -> None:
    store = FaissStore.open(folder / "vectors.f32", DIMENSION)

    assert (len(store), store.dimension) == (COUNT, DIMENSION)
    np.testing.assert_array_equal(store.vectors([5, 0, 5_999]), vectors[[5, 0, 5_999]])
    assert (folder / "vectors.f32").read_bytes() == vectors.astype("<f4").tobytes()


def test_reserved_rows_are_filled_in_any_order(tmp_path: Path, vectors: Vectors) -> None:
    path = tmp_path / "vectors.f32"
    order = np.random.default_rng(0).permutation(1_000)
    with VectorWriter(path, DIMENSION) as file:
        assert (file.reserve(400), file.reserve(600), len(file)) == (0, 400, 1_000)
        for rows in np.array_split(order, 7):
            file.put(rows, vectors[rows])

    assert path.read_bytes() == vectors[:1_000].tobytes()


def test_writer_copies_rows_from_a_store_and_an_array(tmp_path: Path, folder: Path, vectors: Vectors) -> None:
    path = tmp_path / "vectors.f32"
    with VectorWriter(path, DIMENSION) as file:
        first = file.reserve(1)
        assert file.copy(FaissStore.open(folder / "vectors.f32", DIMENSION), 100, 5_000) == 1
        assert file.copy(vectors, 7, 9) == 4_901
        file.put([first], vectors[3:4])

    assert path.read_bytes() == vectors[[3, *range(100, 5_000), 7, 8]].tobytes()


def test_writer_refuses_wrong_rows_and_shapes(tmp_path: Path, vectors: Vectors) -> None:
    with VectorWriter(tmp_path / "vectors.f32", DIMENSION) as file:
        file.reserve(3)
        with pytest.raises(ValueError, match=r"rows 2 to 3, where 3 are reserved"):
            file.put([2, 3], vectors[:2])
        with pytest.raises(ValueError, match=r"shape \(2, 32\) for 1 rows of 32 dimensions"):
            file.put([0], vectors[:2])


@pytest.mark.parametrize(
    ("name", "size", "message"),
    [
        ("vectors.f32", COUNT * DIMENSION * 4 - 1, "767,999 bytes is not a whole number of vectors of 32 dimensions"),
        ("vectors.f32", 0, "0 bytes is not a whole number"),
        (
            "vectors.f32",
            128 * 100,
            "vectors.faiss: indexes 6000 vectors of 32 dimensions, but vectors.f32 holds 100 of 32",
        ),
        (APPROXIMATE, 0, "vectors.faiss: not a complete FAISS index"),
        (APPROXIMATE, 10_000, "vectors.faiss: not a complete FAISS index"),
        (APPROXIMATE, 150_000, "vectors.faiss: not a complete FAISS index"),
    ],
)
def test_truncated_file_is_refused(tmp_path: Path, folder: Path, name: str, size: int, message: str) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    (copy / name).write_bytes((copy / name).read_bytes()[:size])

    with pytest.raises(ValueError, match=message):
        FaissStore.open(copy / "vectors.f32", DIMENSION)


def test_missing_file_raises_file_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        FaissStore.open(tmp_path / "vectors.f32", DIMENSION)


def test_open_store_survives_deletion_of_its_folder(tmp_path: Path, folder: Path, queries: Vectors) -> None:
    copy = shutil.copytree(folder, tmp_path / "copy")
    store = FaissStore.open(copy / "vectors.f32", DIMENSION)
    shutil.rmtree(copy)

    kept = FaissStore.open(folder / "vectors.f32", DIMENSION).search(queries, 10)
    np.testing.assert_array_equal(store.search(queries, 10)[1], kept[1])


def test_verify_reports_vectors_that_are_not_unit_length(
    docs: Path, tmp_path: Path, quick: Encoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    encode = quick.encode
    monkeypatch.setattr(quick, "encode", lambda texts, progress=None: 2 * encode(texts, progress))
    build_index(docs, tmp_path / "index", quick)

    assert verify(tmp_path / "index").problems == ["vectors.f32: vectors not of unit length: 2, the first of passage 0"]
