import math

import numpy as np
import pytest
from rag.eval.scoring import metrics
from rag.eval.scoring.bootstrap import interval, paired_interval
from rag.eval.scoring.metrics import exact_match, normalise, token_f1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat!", "cat"),
        ("a 7,644 km", "7644 km"),
        (" An  apple\tpie. ", "apple pie"),
        ("Athens", "athens"),
        ("the", ""),
        # SQuAD's scorer removes ASCII punctuation only.
        ("“non-denominational”", "“nondenominational”"),
        ("2014–15", "2014–15"),
    ],
)
def test_normalise_drops_case_punctuation_articles_and_blanks(text: str, expected: str) -> None:
    assert normalise(text) == expected


@pytest.mark.parametrize(
    ("prediction", "golds", "match", "f1"),
    [
        ("the Russian president", ["Russian President"], 1, 1),
        ("president of Russia", ["Russian president", "the president"], 0, 2 * (1 / 3) * 1 / (1 / 3 + 1)),
        ("25 to 30% more", ["25 to 30%"], 0, 2 * (3 / 4) * 1 / (3 / 4 + 1)),
        ("red red blue", ["red blue blue"], 0, 2 / 3),
        ("Astana", ["Almaty"], 0, 0),
        ("", ["Almaty"], 0, 0),
        ("the", ["a"], 1, 1),
        ("", [], 1, 1),
        ("Almaty", [], 0, 0),
    ],
)
def test_exact_match_and_f1_follow_squad(prediction: str, golds: list[str], match: float, f1: float) -> None:
    assert exact_match(prediction, golds) == match
    assert token_f1(prediction, golds) == pytest.approx(f1)


def test_recall_and_mrr_of_hand_worked_ranks() -> None:
    ranks = [1, 2, math.inf, 5]
    assert [metrics.recall_at(k, ranks) for k in (1, 2, 5)] == [0.25, 0.5, 0.75]
    assert metrics.mean_reciprocal_rank(ranks) == pytest.approx((1 + 0.5 + 0 + 0.2) / 4)
    assert math.isnan(metrics.recall_at(1, []))


def test_overlap_is_the_best_character_iou() -> None:
    # [10, 20) and [15, 25) share 5 of 15; [10, 20) and [10, 18) share 8 of 10.
    assert metrics.overlap((10, 20), [(15, 25)]) == pytest.approx(5 / 15)
    assert metrics.overlap((10, 20), [(15, 25), (10, 18)]) == pytest.approx(0.8)
    assert metrics.overlap((10, 20), [(20, 30)]) == 0
    assert metrics.overlap((10, 20), []) == 0


def test_relevance_is_the_share_of_gold_in_the_passage() -> None:
    assert metrics.relevance((0, 100), [(95, 105)]) == 0.5
    assert metrics.relevance((0, 100), [(95, 105), (10, 20)]) == 1.0


def test_ndcg_of_a_hand_worked_ranking() -> None:
    # Half the gold at rank 2, all of it at rank 3; ideal: all, then half.
    dcg = 0.5 / math.log2(3) + 1 / math.log2(4)
    ideal = 1 / math.log2(2) + 0.5 / math.log2(3)
    assert metrics.ndcg_at(10, [0, 0.5, 1, 0], [0.5, 1]) == pytest.approx(dcg / ideal)
    assert metrics.ndcg_at(2, [0, 0.5, 1, 0], [0.5, 1]) == pytest.approx(0.5 / math.log2(3) / ideal)
    assert metrics.ndcg_at(10, [1, 0.5], [0.5, 1]) == 1
    assert metrics.ndcg_at(10, [0], []) == 0


def test_precision_recall_and_f1_of_a_decision() -> None:
    predicted, actual = [True, True, False, False, True], [True, False, True, False, False]
    assert metrics.precision(predicted, actual) == pytest.approx(1 / 3)
    assert metrics.recall(predicted, actual) == 1 / 2
    assert metrics.decision_f1(predicted, actual) == pytest.approx(0.4)
    assert math.isnan(metrics.precision([False], [True]))
    for metric in (metrics.precision, metrics.recall, metrics.decision_f1):
        assert math.isnan(metric([True, False], [False, False]))


def test_auroc_is_the_share_of_correctly_ordered_pairs() -> None:
    # Pairs (.9, .8) (.9, .1) (.8, .8) (.8, .1): above, above, tied, above.
    assert metrics.auroc([0.9, 0.8, 0.8, 0.1], [True, True, False, False]) == pytest.approx(3.5 / 4)
    assert math.isnan(metrics.auroc([0.9, 0.8], [True, True]))


def test_risk_coverage_joins_equal_confidences() -> None:
    confidences, right = [0.9, 0.7, 0.7, 0.2], [True, False, True, False]
    curve = metrics.risk_coverage(confidences, right)
    assert curve.coverage.tolist() == [0.25, 0.75, 1.0]
    assert curve.risk.tolist() == pytest.approx([0, 1 / 3, 1 / 2])
    assert metrics.area_under_risk_coverage(confidences, right) == pytest.approx(0.5 / 3 + 0.25 / 2)
    assert metrics.coverage_at_precision(0.66, confidences, right) == 0.75
    assert metrics.coverage_at_precision(0.9, confidences, right) == 0.25
    assert metrics.coverage_at_precision(0.9, confidences, [False] * 4) == 0
    assert metrics.accuracy_at_coverage(0.25, confidences, right) == 1
    assert metrics.accuracy_at_coverage(0.5, confidences, right) == pytest.approx(2 / 3)


def test_calibration_error_is_the_weighted_gap() -> None:
    # Bin .9-1: confidence .95, 1 of 2 right; bin .1-.2: confidence .15, 0 of 2 right.
    probabilities, right = [0.95, 0.95, 0.15, 0.15], [True, False, False, False]
    assert metrics.calibration_error(probabilities, right) == pytest.approx(0.5 * 0.45 + 0.5 * 0.15)
    assert metrics.calibration_error([1.0, 0.0], [True, False]) == 0
    low, high = metrics.reliability(probabilities, right)
    assert (low.low, low.questions, low.confidence, low.accuracy) == (0.1, 2, pytest.approx(0.15), 0)
    assert (high.low, high.questions, high.confidence, high.accuracy) == (0.9, 2, pytest.approx(0.95), 0.5)


def test_fast_statistics_equal_scikit_learn_on_tied_scores() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(0, 20, 300) / 20
    right = rng.random(300) < scores
    assert metrics.auroc_by_ranks(scores, right) == pytest.approx(metrics.auroc(scores, right), abs=1e-12)
    assert metrics.mean_squared_gap(scores, right) == pytest.approx(metrics.brier(scores, right), abs=1e-12)
    assert math.isnan(metrics.auroc_by_ranks([0.9, 0.8], [False, False]))


def test_brier_is_the_mean_squared_gap() -> None:
    assert metrics.brier([0.9, 0.4], [True, False]) == pytest.approx((0.01 + 0.16) / 2)
    assert metrics.brier([0.9, 0.8], [True, True]) == pytest.approx((0.01 + 0.04) / 2)
    assert math.isnan(metrics.brier([], []))


def test_percentile_is_the_smallest_covering_value() -> None:
    values = list(range(1, 101))
    assert [metrics.percentile(share, values) for share in (50, 95, 99)] == [50, 95, 99]
    assert metrics.percentile(99, [1.0, 2.0]) == 2.0


def test_bootstrap_interval_is_plausible_and_reproducible() -> None:
    values = np.array([1.0] * 80 + [0.0] * 20)
    low, high = interval(metrics.mean, [values], seed=1)
    # The normal approximation: 1.96 * sqrt(.8 * .2 / 100) = .078.
    assert (low, high) == pytest.approx((0.72, 0.88), abs=0.02)
    assert interval(metrics.mean, [values], seed=1) == (low, high)


def test_interval_is_undefined_for_one_question_or_one_class() -> None:
    assert all(math.isnan(end) for end in interval(metrics.mean, [np.array([1.0])]))
    assert all(
        math.isnan(end) for end in interval(metrics.auroc_by_ranks, [np.array([0.1, 0.2]), np.array([True, True])])
    )


def test_paired_interval_cancels_common_noise() -> None:
    rng = np.random.default_rng(0)
    before = (rng.random(200) < 0.5).astype(float)
    after = before.copy()
    after[np.flatnonzero(before == 0)[:10]] = 1.0  # ten questions fixed, none broken
    low, high = paired_interval(metrics.mean, [before], [after])
    assert 0 < low < 0.05 < high < 0.1
    assert paired_interval(metrics.mean, [before], [before]) == (0, 0)
