"""Fit the confidence of a reader: ``python -m rag.eval.fitting.fit_confidence --out DIR [--also FILE:ARTICLES ...]``.

Of each question of ``rag.eval.fitting.data`` the best candidate, with its evidence, is an example: right or wrong by
``suite.is_right``. A logistic regression (Platt 1999) turns evidence into probability; more evidence never lowers it.
Fit the ranking first (``rag.eval.fitting.fit_ranking``): it decides which candidate is the best.
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

from rag import RagError, Result, Signals
from rag.reading.scoring import CONFIDENCE

from ..scoring.metrics import auroc, brier, calibration_error
from ..scoring.suite import is_right
from .data import Asked, add_arguments, asked, folds

#: More of any of these never lowers the probability.
FEATURES = ("span", "answerability", "margin", "coverage", "dense", "retrieval", "support", "second_pass_score")

#: How often the outcomes of confident answers are drawn to see what chance alone does to the calibration error.
DRAWS = 1_000

THRESHOLD_RULE = "maximises the F1 of answering: 2 * right answers given / (answers given + answerable questions)"

Floats = npt.NDArray[np.float64]


class Example(NamedTuple):
    """The best candidate for a question: its document, its signals, whether it is right, and whether any could be."""

    group: str
    signals: Signals
    right: bool
    answerable: bool


def examples(of: Asked) -> Iterator[Example]:
    """The best candidate of each question that has one."""
    assistant = of.assistant
    hits = assistant.retriever.search_many([question.text for question in of.questions], assistant.passages)
    for question, found in zip(of.questions, hits, strict=True):
        for answer in assistant.read(Result.of_hits(question.text, found)).answers[:1]:
            yield Example(of.group(question), answer.signals, is_right(answer, question.golds), bool(question.golds))


def fit(data: list[Example]) -> dict[str, object]:
    """The weights as ``Confidence`` reads them, what they were fitted on, and how they do on documents unseen.

    The latter by cross-validation: each fifth of the documents is judged by weights that the other four gave.
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
    """Weights of a logistic regression, the bias last; with an L2 penalty, and those of the evidence at least 0."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        p = _probabilities(features, weights)
        misses = -np.log(np.where(right, p, 1 - p) + 1e-12).sum()
        slope = np.append(features.T @ (p - right) + weights[:-1], (p - right).sum())
        return float(misses + (weights[:-1] ** 2).sum() / 2), slope

    bounds = [(0.0, None) for _ in FEATURES] + [(None, None)]
    found = minimize(loss, np.zeros(len(FEATURES) + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def best_threshold(probabilities: Floats, right: npt.NDArray[np.bool_], answerable: int) -> float:
    """The threshold, in steps of 0.01, with the best F1 of answering (``THRESHOLD_RULE``)."""

    def f1(threshold: float) -> float:
        given = probabilities >= threshold
        return float(2 * (given & right).sum() / (given.sum() + answerable))

    return float(max(np.arange(0, 1, 0.01).round(2), key=f1))


def error_by_chance(probabilities: Floats, seed: int = 0) -> float:
    """The calibration error that these probabilities have on average where every one of them is true.

    Bins of few questions are never right in just the share that was said. On 275 questions this comes to about .06, so
    that a lower figure than this one is luck, and a change that moves it by less says nothing (Roelofs et al. 2022).
    """
    drawn = np.random.default_rng(seed).random((DRAWS, len(probabilities))) < probabilities
    return float(np.mean([calibration_error(probabilities, right) for right in drawn]))


def _probabilities(features: Floats, weights: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))


def main(argv: Sequence[str] | None = None) -> int:
    """Collect examples, fit, write; 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.fit_confidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    try:
        found = fit([each for of in asked(args.out, args.also) for each in examples(of)])
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    # First to the screen: a folder that cannot be written to then costs no second fit.
    print(json.dumps(found, indent=2))
    (args.out / CONFIDENCE).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
