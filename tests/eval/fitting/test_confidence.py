"""Fitting the confidence."""

import math

import numpy as np
import pytest
from rag.eval.fitting.confidence import FEATURES, cost_threshold, costs, error_by_chance, lead_weight, regression


def test_threshold_weighs_wrong_against_withheld_answers() -> None:
    assert [cost_threshold(cost) for cost in (1.0, 2.0, 3.0)] == [0.5, 0.67, 0.75]


def test_costs_at_the_threshold_are_compared_with_the_lowest() -> None:
    probabilities, right = np.array([0.9, 0.8, 0.6, 0.55, 0.3]), np.array([True, True, False, False, True])
    assert costs(probabilities, right, 0.5) == {
        "right_given": 2,
        "wrong_given": 2,
        "right_withheld": 1,
        "cost": 3.0,
        "lowest_cost": 1.0,
        "threshold_of_lowest_cost": 0.61,
    }


def test_lead_weight_is_recovered() -> None:
    rng = np.random.default_rng(0)
    best, leads = rng.uniform(0.2, 0.9, 5_000), -rng.uniform(0, 10, 5_000)
    right = rng.random(5_000) < 1 / (1 + np.exp(-(np.log(best / (1 - best)) + 0.3 * leads)))
    assert lead_weight(best, leads, right) == pytest.approx(0.3, abs=0.03)


def test_regression_recovers_non_negative_weights() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4_000, len(FEATURES)))
    logits = 2.0 * features[:, 0] - 1.5 * features[:, 1] + 0.5
    right = rng.random(4_000) < 1 / (1 + np.exp(-logits))
    weights = regression(features, right)
    assert weights[1] == 0.0
    assert weights[0] == pytest.approx(2.0, abs=0.6)
    assert weights[-1] == pytest.approx(0.5, abs=0.4)


def test_error_by_chance_falls_with_sample_size() -> None:
    # Of n answers at .5 the share that is right is off by sqrt(.25 / n) * sqrt(2 / pi) on average.
    for count in (100, 2_500):
        expected = math.sqrt(0.25 / count) * math.sqrt(2 / math.pi)
        assert error_by_chance(np.full(count, 0.5)) == pytest.approx(expected, rel=0.1)
    assert error_by_chance(np.array([0.0, 1.0, 1.0])) == 0.0
