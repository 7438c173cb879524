"""Fit the confidence of a reader; see ``fit``.

Each question of ``rag.eval.fitting.data`` gives one example: the signals of its best candidate, labelled right or
wrong by ``suite.is_right``. A logistic regression (Platt 1999) with non-negative weights maps signals to a probability.
The other candidates give the weight of ``lead``: how fast the probability falls with the distance to the best one.

The threshold follows from the cost of a wrong answer (``WRONG_COST``). The file also gives its total cost on unseen
documents, and the threshold that costs least there. That one is not used: it varies by .1 and more between samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize, minimize_scalar
from scipy.special import expit, logit

from rag import Assistant, Hit, Result, Signals, Span
from rag.reading.scoring import Ranking

from ..scoring.metrics import auroc, brier, calibration_error
from ..scoring.suite import is_right
from .data import Reading, folds

#: Signals used; their weights are at least 0.
FEATURES = (
    "span", "answerability", "margin", "coverage", "dense", "retrieval", "support", "second_pass_score", "type_fit",
)  # fmt: skip

#: Simulations of the calibration error by chance.
SIMULATIONS = 1_000

#: Cost of giving a wrong answer, if withholding a right one costs 1. Both cost a person one look: a wrong answer is
#: shown in its sentence, and a withheld one is the first of the closest passages.
WRONG_COST = 1.0

THRESHOLD_RULE = f"c / (1 + c), where a wrong answer costs as much as c = {WRONG_COST:g} right ones that are withheld"

#: Largest weight of ``lead``, in logits.
STEEPEST = 5.0

Floats = npt.NDArray[np.float64]


class Example(NamedTuple):
    """The best candidate of a question.

    Attributes:
        group: The question's document, for cross-validation.
        signals: The candidate's signals.
        right: Is the candidate right?
        answerable: Is the question answerable?
        others: ``lead`` of each other candidate, and whether it is right.
    """

    group: str
    signals: Signals
    right: bool
    answerable: bool
    others: tuple[tuple[float, bool], ...] = ()


def example(reading: Reading, ranking: Ranking) -> Example | None:
    """The best candidate of a question by a ranking; None if it has none."""
    question, assistant = reading.question, reading.assistant
    ranked = Assistant(assistant.retriever, _ReadBefore(ranking.ranked(reading.spans)), assistant.confidence)
    best, *others = ranked.read(Result.of_hits(question.text, reading.hits)).answers or (None,)
    if best is None:
        return None
    return Example(
        reading.group,
        best.signals,
        is_right(best, question.golds),
        bool(question.golds),
        tuple((other.signals.lead, is_right(other, question.golds)) for other in others),
    )


class _ReadBefore:
    """A reader that gives the spans that another one has found."""

    language = None

    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        return self._spans


def fit(data: list[Example]) -> dict[str, object]:
    """Fit the weights; returns the content of the file that ``Confidence`` reads.

    Figures on unseen documents come from five-fold cross-validation by document.
    """
    features = np.array([[getattr(example.signals, name) for name in FEATURES] for example in data])
    right = np.array([example.right for example in data])
    unseen = np.empty(len(data))
    for test in folds([example.group for example in data]):
        unseen[test] = _probabilities(features[test], regression(features[~test], right[~test]))
    weights = regression(features, right).round(4)
    answerable = sum(example.answerable for example in data)
    others = [(p, *other) for p, example in zip(unseen, data, strict=True) for other in example.others]
    probabilities, leads, right_others = (np.array(column) for column in zip(*others, strict=True))
    lead = round(lead_weight(probabilities, leads, right_others), 4)
    return {
        "features": [*FEATURES, "lead"],
        "weights": [*weights[:-1].tolist(), lead],
        "bias": float(weights[-1]),
        "threshold": cost_threshold(WRONG_COST),
        "threshold_rule": THRESHOLD_RULE,
        "fitted_on": {"questions": len(data), "answerable": answerable, "right": int(right.sum())},
        "unseen_documents": {
            "calibration_error": round(calibration_error(unseen, right), 4),
            "calibration_error_by_chance": round(error_by_chance(unseen), 4),
            "brier": round(brier(unseen, right), 4),
            "auroc": round(auroc(unseen, right), 4),
            "at_threshold": costs(unseen, right, cost_threshold(WRONG_COST)),
            "other_candidates": {
                "count": len(others),
                "right": int(right_others.sum()),
                "calibration_error": round(
                    calibration_error(_behind(probabilities, leads, lead), right_others.astype(bool)), 4
                ),
            },
        },
    }


def regression(features: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Weights of an L2-penalised logistic regression, non-negative except the bias, which is last."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        p = _probabilities(features, weights)
        log_loss = -np.log(np.where(right, p, 1 - p) + 1e-12).sum()
        gradient = np.append(features.T @ (p - right) + weights[:-1], (p - right).sum())
        return float(log_loss + (weights[:-1] ** 2).sum() / 2), gradient

    count = features.shape[1]
    bounds = [(0.0, None)] * count + [(None, None)]
    found = minimize(loss, np.zeros(count + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def lead_weight(best: Floats, leads: Floats, right: npt.NDArray[np.bool_]) -> float:
    """The maximum-likelihood weight of ``lead``, in logits and at least 0, on the candidates behind the best one.

    Args:
        best: Probability of the best candidate of the same question.
        leads: ``lead`` of the candidate, 0 or less.
        right: Is it right?
    """

    def loss(weight: float) -> float:
        p = _behind(best, leads, weight)
        return float(-np.log(np.where(right, p, 1 - p) + 1e-12).sum())

    return float(minimize_scalar(loss, bounds=(0.0, STEEPEST), method="bounded").x)


def cost_threshold(wrong_cost: float) -> float:
    """Lowest probability at which giving an answer costs no more than withholding it, on average (Elkan 2001).

    Giving it costs ``wrong_cost`` if it is wrong; withholding it costs 1 if it is right. So the threshold is the lowest
    ``p`` with ``(1 - p) * wrong_cost <= p``.
    """
    return round(wrong_cost / (1 + wrong_cost), 2)


def costs(probabilities: Floats, right: npt.NDArray[np.bool_], threshold: float) -> dict[str, float]:
    """Answers given and withheld at a threshold and what they cost, and the lowest cost at any multiple of 0.01."""

    def cost(threshold: float) -> float:
        given = probabilities >= threshold
        return float(WRONG_COST * (given & ~right).sum() + (~given & right).sum())

    given = probabilities >= threshold
    lowest = min(np.arange(0, 1, 0.01).round(2), key=cost)
    return {
        "right_given": int((given & right).sum()),
        "wrong_given": int((given & ~right).sum()),
        "right_withheld": int((~given & right).sum()),
        "cost": cost(threshold),
        "lowest_cost": cost(lowest),
        "threshold_of_lowest_cost": float(lowest),
    }


def error_by_chance(probabilities: Floats, seed: int = 0) -> float:
    """Mean calibration error of perfectly calibrated probabilities on a sample of this size.

    Finite bins deviate by chance (Roelofs et al. 2022). On 275 questions this is about .06: lower errors are luck, and
    smaller changes are noise.
    """
    drawn = np.random.default_rng(seed).random((SIMULATIONS, len(probabilities))) < probabilities
    return float(np.mean([calibration_error(probabilities, right) for right in drawn]))


def _behind(best: Floats, leads: Floats, weight: float) -> Floats:
    """Probabilities of candidates behind the best one."""
    return np.asarray(expit(logit(best) + weight * leads))


def _probabilities(features: Floats, weights: Floats) -> Floats:
    return np.asarray(expit(features @ weights[:-1] + weights[-1]))
