"""The measuring of a million passages, at a few hundred."""

from pathlib import Path

import numpy as np
import pytest
from rag.eval.bench import scale
from rag.eval.bench.synthetic import Embeddings, passages

from rag.index.lexical import terms


@pytest.fixture(scope="module")
def embeddings() -> Embeddings:
    return Embeddings(seeds=60, queries=5, topics=6)


def test_vectors_are_of_unit_length_the_same_each_time_and_nearer_to_each_other_with_less_spread(
    embeddings: Embeddings,
) -> None:
    narrow, wide, again = (np.concatenate(list(embeddings.blocks(25_000, spread)))[::25] for spread in (0.3, 1.0, 0.3))

    assert narrow.shape == (1_000, 384)
    np.testing.assert_allclose(np.linalg.norm(narrow, axis=1), 1, atol=1e-6)
    np.testing.assert_array_equal(narrow, again)
    nearest = [np.sort(made @ made.T, axis=1)[:, -2].mean() for made in (narrow, wide)]
    assert nearest[0] > nearest[1] + 0.1


def test_passages_are_the_same_each_time_with_a_few_common_words_and_many_rare_ones() -> None:
    texts = list(passages(300))

    assert texts == list(passages(300)) != list(passages(300, seed=1))
    assert all(30 <= len(text.split()) <= 150 for text in texts)
    counts = np.unique([term for text in texts for term in terms(text)], return_counts=True)[1]
    assert np.median(counts) == 1
    assert counts.max() > 100


def test_the_tables_show_what_was_measured(tmp_path: Path, embeddings: Embeddings) -> None:
    nearness = scale.measure_vectors("toy", embeddings.blocks(400), embeddings.queries, tmp_path)

    assert (nearness.vectors, nearness.made, nearness.recall_10, nearness.recall_100) == (400, None, 1.0, 1.0)
    assert len(nearness.exact) == len(nearness.faiss) == len(nearness.found) == 5
    assert scale.vectors_table([nearness]).row_count == 13
