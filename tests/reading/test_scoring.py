"""Prior, ranking and confidence: the three scores of a span."""

import json
from pathlib import Path

import pytest

from rag import Signals
from rag.errors import InputError
from rag.paths import shipped_reader
from rag.reading.scoring import (
    CONFIDENCE,
    DOCUMENT_CONFIDENCE,
    LEAD,
    PRIOR,
    RANKING,
    Confidence,
    Ranking,
    in_words,
    prior_score,
)


def test_prior_score_adds_the_weighted_retrieval_signal() -> None:
    assert prior_score(Signals(second_pass_score=3.0, retrieval=-0.5, span=9.0, dense=0.9)) == 3.0 - 0.5 * PRIOR


def test_ranking_value_is_the_weighted_sum_of_signals() -> None:
    ranking = Ranking({"span": 1.0, "second_pass_score": 0.5})
    assert ranking.value(Signals(span=2.0, second_pass_score=-3.0, dense=9.0)) == 0.5


def test_confidence_is_the_logistic_of_the_weighted_sum() -> None:
    confidence = Confidence({"span": 2.0, "margin": -1.0}, bias=0.5, threshold=0.3)
    assert confidence.probability(Signals(span=1.0, margin=0.5, dense=9.0)) == pytest.approx(0.880797, abs=1e-6)


def test_threshold_outside_0_to_1_is_refused() -> None:
    with pytest.raises(InputError, match=r"the threshold is 1\.5"):
        Confidence({}, 0.0, 1.5)


def test_folder_without_fitted_files_uses_the_shipped_ones(tmp_path: Path) -> None:
    assert Ranking.load(tmp_path) == Ranking.load(shipped_reader())
    assert Confidence.load(tmp_path) == Confidence.load(shipped_reader())
    (tmp_path / RANKING).write_text(json.dumps({"weights": {"span": 2}}))
    assert Ranking.load(tmp_path) == Ranking({"span": 2.0})


def test_confidence_of_documents_has_a_file_of_its_own(tmp_path: Path) -> None:
    assert Confidence.load_for_documents(tmp_path) == Confidence.load_for_documents(shipped_reader())
    content = {"features": ["span"], "weights": [1.0], "bias": -1, "threshold": 0.4}
    (tmp_path / DOCUMENT_CONFIDENCE).write_text(json.dumps(content))
    assert Confidence.load_for_documents(tmp_path) == Confidence({"lead": LEAD, "span": 1.0}, -1.0, 0.4)
    assert Confidence.load(tmp_path) == Confidence.load(shipped_reader())
    (tmp_path / DOCUMENT_CONFIDENCE).write_text("{}")
    with pytest.raises(InputError, match=r"not a document confidence file .*; run rag\.eval\.fitting\.document_confid"):
        Confidence.load_for_documents(tmp_path)


def test_files_fitted_before_signals_were_renamed_still_load(tmp_path: Path) -> None:
    (tmp_path / RANKING).write_text(json.dumps({"weights": {"span": 1, "ahead": 2, "again": 3}}))
    assert Ranking.load(tmp_path).weights == {"span": 1.0, "retrieval": 2.0, "second_pass_score": 3.0}
    old = {"features": ["verdict", "support"], "weights": [0.5, 0.25], "bias": -1, "threshold": 0.4}
    (tmp_path / CONFIDENCE).write_text(json.dumps(old))
    expected = {"answerability": 0.5, "support": 0.25, "lead": LEAD}
    assert Confidence.load(tmp_path) == Confidence(expected, -1.0, 0.4)


@pytest.mark.parametrize(
    "content", ["", "[]", "{}", '{"weights": [1]}', '{"weights": {"span": "much"}}', '{"weights": {"luck": 1}}']
)
def test_invalid_ranking_file_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / RANKING).write_text(content)
    with pytest.raises(InputError, match=r"ranking\.json: not a ranking file .*; run rag\.eval\.fitting\.fit"):
        Ranking.load(tmp_path)


@pytest.mark.parametrize("content", ["", "{}", '{"features": ["span"], "weights": [], "bias": 0, "threshold": 0}'])
def test_invalid_confidence_file_is_refused_with_the_remedy(tmp_path: Path, content: str) -> None:
    (tmp_path / CONFIDENCE).write_text(content)
    with pytest.raises(InputError, match=r"not a confidence file .*; run rag\.eval\.fitting\.fit"):
        Confidence.load(tmp_path)


@pytest.mark.parametrize(
    ("probability", "words"),
    [(0.95, "very likely right"), (0.75, "likely right"), (0.5, "may be right"), (0.4, "unsure")],
)
def test_probability_in_words(probability: float, words: str) -> None:
    assert in_words(probability) == words
