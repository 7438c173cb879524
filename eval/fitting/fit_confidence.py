"""Fit the confidence of a reader: ``python -m rag.eval.fitting.fit_confidence --out DIR [--also FILE:ARTICLES ...]``.

Each question of ``rag.eval.fitting.data`` gives one example: the signals of its best candidate, labelled right or
wrong by ``suite.is_right``. A logistic regression (Platt 1999) with non-negative weights maps signals to a probability.
Fit the ranking first (``rag.eval.fitting.fit_ranking``), because it determines the best candidate.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from rag import RagError, Result, Signals
from rag.reading.scoring import CONFIDENCE

from ..scoring.metrics import auroc, brier, calibration_error
from ..scoring.suite import is_right
from .data import FittingSet, add_arguments, fitting_sets, folds

#: Signals used; their weights are at least 0.
FEATURES = ("span", "answerability", "margin", "coverage", "dense", "retrieval", "support", "second_pass_score")

#: Simulations of the calibration error by chance.
SIMULATIONS = 1_000

THRESHOLD_RULE = "maximises the F1 of answering: 2 * right answers given / (answers given + answerable questions)"

Floats = npt.NDArray[np.float64]


class Example(NamedTuple):
    """The best candidate of a question.

    Attributes:
        group: The question's document, for cross-validation.
        signals: The candidate's signals.
        right: Is the candidate right?
        answerable: Is the question answerable?
    """

    group: str
    signals: Signals
    right: bool
    answerable: bool


def examples(questions: FittingSet) -> Iterator[Example]:
    """The best candidate of each question that has one."""
    assistant = questions.assistant
    hits = assistant.retriever.search_many([question.text for question in questions.questions], assistant.passages)
    for question, found in zip(questions.questions, hits, strict=True):
        for answer in assistant.read(Result.of_hits(question.text, found)).answers[:1]:
            yield Example(
                questions.group(question), answer.signals, is_right(answer, question.golds), bool(question.golds)
            )


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
    return {
        "features": list(FEATURES),
        "weights": weights[:-1].tolist(),
        "bias": float(weights[-1]),
        "threshold": best_threshold(unseen, right, answerable),
        "threshold_rule": THRESHOLD_RULE,
        "fitted_on": {"questions": len(data), "answerable": answerable, "right": int(right.sum())},
        "unseen_documents": {
            "calibration_error": round(calibration_error(unseen, right), 4),
            "calibration_error_by_chance": round(error_by_chance(unseen), 4),
            "brier": round(brier(unseen, right), 4),
            "auroc": round(auroc(unseen, right), 4),
        },
    }


def regression(features: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Weights of an L2-penalised logistic regression, non-negative except the bias, which is last."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        p = _probabilities(features, weights)
        log_loss = -np.log(np.where(right, p, 1 - p) + 1e-12).sum()
        gradient = np.append(features.T @ (p - right) + weights[:-1], (p - right).sum())
        return float(log_loss + (weights[:-1] ** 2).sum() / 2), gradient

    bounds = [(0.0, None) for _ in FEATURES] + [(None, None)]
    found = minimize(loss, np.zeros(len(FEATURES) + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def best_threshold(probabilities: Floats, right: npt.NDArray[np.bool_], answerable: int) -> float:
    """The threshold, a multiple of 0.01, with the best F1 of answering (``THRESHOLD_RULE``)."""

    def f1(threshold: float) -> float:
        given = probabilities >= threshold
        return float(2 * (given & right).sum() / (given.sum() + answerable))

    return float(max(np.arange(0, 1, 0.01).round(2), key=f1))


def error_by_chance(probabilities: Floats, seed: int = 0) -> float:
    """Mean calibration error of perfectly calibrated probabilities on a sample of this size.

    Finite bins deviate by chance (Roelofs et al. 2022). On 275 questions this is about .06: lower errors are luck, and
    smaller changes are noise.
    """
    drawn = np.random.default_rng(seed).random((SIMULATIONS, len(probabilities))) < probabilities
    return float(np.mean([calibration_error(probabilities, right) for right in drawn]))


def _probabilities(features: Floats, weights: Floats) -> Floats:
    return np.asarray(expit(features @ weights[:-1] + weights[-1]))


def main(argv: Sequence[str] | None = None) -> int:
    """Collect examples, fit, and write the file; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.fit_confidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    try:
        found = fit([example for each in fitting_sets(args.out, args.also) for example in examples(each)])
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    # Print first, so that an unwritable folder does not lose the result.
    print(json.dumps(found, indent=2))
    (args.out / CONFIDENCE).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
