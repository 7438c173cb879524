"""The benchmark of search at scale, with a few hundred vectors and passages."""

from pathlib import Path

import numpy as np
import pytest
from rag.eval.bench import scale
from rag.eval.bench.synthetic import Embeddings, passages

from rag.index.lexical import terms


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    return Embeddings(seeds=60, queries=5, topics=6)


def test_synthetic_vectors_are_reproducible_and_spread_as_asked(
    embeddings: Embeddings,
) -> None:
    narrow, wide, again = (np.concatenate(list(embeddings.blocks(25_000, spread)))[::25] for spread in (0.3, 1.0, 0.3))

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


def test_vector_figures_cover_every_kind_of_search(tmp_path: Path, embeddings: Embeddings) -> None:
    search = scale.measure_vectors("toy", embeddings.blocks(400), embeddings.queries, tmp_path)

    assert (search.vectors, search.approximation, search.recall_10, search.recall_100) == (400, None, 1.0, 1.0)
    assert {kind: len(times) for kind, times in search.times.items()} == dict.fromkeys(
        ["search", "exact search", "NumPy product", "faiss.knn"], 5
    )
    assert all(time.wall > 0 for times in search.times.values() for time in times)
    table = scale.vectors_table([search])
    assert [str(column.header) for column in table.columns] == ["figure", "400 toy"]
    assert table.row_count == 19


def test_word_figures_fill_their_table(tmp_path: Path) -> None:
    words = scale.measure_words(400, tmp_path)

    assert words.passages == 400
    assert scale.words_table(words).row_count == 10


def test_command_prints_the_tables(capsys: pytest.CaptureFixture[str]) -> None:
    assert scale.main(["--vectors", "0", "--passages", "200"]) == 0

    assert capsys.readouterr().out.startswith("BM25: 200 passages, ")
