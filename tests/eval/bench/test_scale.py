"""The benchmark of search at scale, with a few hundred vectors and passages."""

from functools import partial
from pathlib import Path

import numpy as np
import pytest
from rag.eval.bench import scale
from rag.eval.bench.synthetic import Embeddings, passages

from rag.index.lexical import terms

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    return Embeddings(seeds=60, queries=5, topics=6)


def test_synthetic_vectors_are_reproducible_and_spread_as_asked(
    embeddings: Embeddings,
) -> None:
    narrow, wide, again = (np.concatenate(list(embeddings.blocks(5_000, spread)))[::5] for spread in (0.3, 1.0, 0.3))

    assert narrow.shape == (1_000, 384)
    np.testing.assert_allclose(np.linalg.norm(narrow, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(narrow, again)
    nearest = [np.sort(made @ made.T, axis=1)[:, -2].mean() for made in (narrow, wide)]
    assert nearest[0] > nearest[1] + 0.1


def test_synthetic_passages_are_reproducible_with_zipfian_words() -> None:
    texts = list(passages(300))

    assert texts == list(passages(300)) != list(passages(300, seed=1))
    assert all(30 <= len(text.split()) <= 150 for text in texts)
    counts = np.unique([term for text in texts for term in terms(text)], return_counts=True)[1]
    assert np.median(counts) == 1
    assert counts.max() > 100


def test_vector_figures_cover_every_kind_of_search(
    tmp_path: Path, embeddings: Embeddings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scale, "build_approximate_index", partial(scale.build_approximate_index, exact_up_to=500))
    searches = []
    for size in (400, 800):
        folder = tmp_path / str(size)
        folder.mkdir()
        searches.append(scale.measure_vectors("toy", embeddings.blocks(size), embeddings.queries, folder))

    exact, approximate = searches
    assert (exact.approximation, exact.recall_10, exact.recall_100) == (None, 1.0, 1.0)
    assert approximate.approximation is not None
    assert approximate.recall_10 >= 0.8
    for search in searches:
        assert {kind: len(times) for kind, times in search.times.items()} == dict.fromkeys(
            ["search", "exact search", "NumPy product", "faiss.knn"], 5
        )
    table = scale.vectors_table(searches)
    assert [str(column.header) for column in table.columns] == ["figure", "400 toy", "800 toy"]
    assert [next(iter(column.cells)) for column in table.columns] == ["index", "exact", "IVF113,SQ8"]
    assert table.row_count == 19


def test_command_prints_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale.main(["--vectors", "200", "--queries", "5", "--seeds", "60"]) == 0

    assert capsys.readouterr().out.startswith("Vectors")
