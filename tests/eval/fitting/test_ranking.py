"""Fitting the ranking."""

import json

import numpy as np
import pytest
from rag.eval.fitting.data import folds
from rag.eval.fitting.ranking import FEATURES, Shortlist, fit, regression

SEED = np.random.default_rng(0)


def _shortlist(document: int, weights: list[float]) -> Shortlist:
    """Five spans in the order of the first pass; the best by the weights is right."""
    features = SEED.normal(size=(5, len(FEATURES)))
    features = features[np.argsort(-features[:, 0])]
    right = (np.arange(5) == (features @ weights).argmax()).astype(float)
    return Shortlist("file", f"file {document}", features, right, right)


def test_regression_recovers_non_negative_weights() -> None:
    weights = regression([_shortlist(number % 20, [1.0, -1.0, 2.0, 0.0]) for number in range(400)])
    assert weights[1] == 0.0
    assert weights[2] / weights[0] == pytest.approx(2.0, abs=0.4)


def test_shortlist_without_relevant_span_is_ignored() -> None:
    data = [_shortlist(number % 20, [1.0, 0.5, 1.0, 0.0]) for number in range(50)]
    none = data[0]._replace(f1=np.zeros(5), hit=np.zeros(5))
    assert regression([*data, none]) == pytest.approx(regression(data))


def test_fit_reports_the_gain_on_unseen_documents() -> None:
    found = fit([_shortlist(number % 20, [1.0, 1.0, 1.0, 1.0]) for number in range(200)])
    assert found["weights"] == dict.fromkeys(FEATURES, pytest.approx(0.85, abs=0.16))
    assert max(found["weights"].values()) == 1.0  # type: ignore[attr-defined]
    figures = found["unseen_documents"]["file"]
    assert figures["questions"] == 200
    # The features matter equally, and the order before uses one of them.
    before, after = figures["f1"]["before"], figures["f1"]["after"]
    assert before == pytest.approx(0.45, abs=0.1)
    assert after > 0.9
    low, high = figures["f1"]["interval_of_gain"]
    assert low < after - before < high < low + 0.2
    json.dumps(found)


def test_folds_use_weights_of_other_documents() -> None:
    odd = [_shortlist(0, [0.0, 0.0, 1.0, 0.0]) for _ in range(100)]
    rest = [_shortlist(1, [0.0, 1.0, 0.0, 0.0]) for _ in range(100)]
    # The weights of one document do not transfer to the other: one in five is right by chance.
    assert fit([*odd, *rest])["unseen_documents"]["file"]["f1"]["after"] == pytest.approx(0.2, abs=0.1)


def test_folds_do_not_share_documents() -> None:
    groups = ["a", "b", "a", "c", "d", "e", "f", "b"]
    parts = list(folds(groups))
    assert sum(part.astype(int) for part in parts).tolist() == [1] * len(groups)
    for part in parts:
        tested = {group for group, inside in zip(groups, part, strict=True) if inside}
        assert not tested & {group for group, inside in zip(groups, part, strict=True) if not inside}
