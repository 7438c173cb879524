import pytest
from rag.eval.metrics import (
    bootstrap_interval,
    calibration_error,
    exact_match,
    mean_reciprocal_rank,
    normalise,
    precision_recall_f1,
    recall_at,
    token_f1,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Cat!", "cat"),
        ("a 7,644 km", "7644 km"),
        (" An  apple\tpie. ", "apple pie"),
        ("Athens", "athens"),
        ("the", ""),
        # SQuAD's scorer takes out ASCII punctuation only.
        ("“non-denominational”", "“nondenominational”"),
        ("2014–15", "2014–15"),
    ],
)
def test_normalising_drops_case_punctuation_articles_and_blanks(text: str, expected: str) -> None:
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
def test_exact_match_and_f1_are_squads(prediction: str, golds: list[str], match: float, f1: float) -> None:
    assert exact_match(prediction, golds) == match
    assert token_f1(prediction, golds) == pytest.approx(f1)


def test_recall_and_reciprocal_rank_on_hand_worked_ranks() -> None:
    ranks = [1, 2, None, 5]
    assert [recall_at(k, ranks) for k in (1, 2, 5)] == [0.25, 0.5, 0.75]
    assert mean_reciprocal_rank(ranks) == pytest.approx((1 + 0.5 + 0 + 0.2) / 4)


def test_precision_and_recall_of_a_decision() -> None:
    predicted, actual = [True, True, False, False, True], [True, False, True, False, False]
    assert precision_recall_f1(predicted, actual) == pytest.approx((1 / 3, 1 / 2, 0.4))
    assert precision_recall_f1([False], [False]) == (0, 0, 0)


def test_calibration_error_is_the_weighted_gap_between_saying_and_being_right() -> None:
    # Bin 0.9-1: says .95, is right 1 of 2; bin 0.1-0.2: says .15, is right 0 of 2.
    error = calibration_error([0.95, 0.95, 0.15, 0.15], [True, False, False, False])
    assert error == pytest.approx(0.5 * 0.45 + 0.5 * 0.15)
    assert calibration_error([1.0, 0.0], [True, False]) == 0


def test_the_bootstrap_interval_holds_the_mean_and_is_the_same_each_time() -> None:
    values = [1.0] * 80 + [0.0] * 20
    low, high = bootstrap_interval(values, seed=1)
    assert low < 0.8 < high
    # The normal approximation: 1.96 * sqrt(.8 * .2 / 100) = .078.
    assert (low, high) == pytest.approx((0.72, 0.88), abs=0.015)
    assert bootstrap_interval(values, seed=1) == (low, high)
