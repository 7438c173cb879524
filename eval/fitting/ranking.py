"""Fit the ranking of a reader; see ``fit``.

Each answerable question of ``rag.eval.fitting.data`` gives the reader's shortlist of spans. The relevance of a span is
the mean of its F1 and of whether its sentence contains a gold answer. The loss is ListNet's on top-one probabilities
(Cao et al. 2007), with non-negative weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import softmax

from rag import Span
from rag.questions.schema import Question
from rag.reading.scoring import prior_score

from ..scoring.bootstrap import paired_interval
from ..scoring.metrics import mean, token_f1
from .data import Reading, folds

#: Signals used; their weights are at least 0.
FEATURES = ("span", "retrieval", "second_pass_score", "type_fit")

#: Spans of a question that are compared: the best ones by ``prior_score``.
SHORTLIST = 5

#: L2 penalty, for features scaled to unit variance.
PENALTY = 3.0

Floats = npt.NDArray[np.float64]


class Shortlist(NamedTuple):
    """A question's shortlist of spans, by descending ``prior_score``.

    Attributes:
        name: Name of the question's file.
        group: The question's document, for cross-validation.
        features: ``float64 [spans, len(FEATURES)]``.
        f1: F1 of each span against the golds, ``float64 [spans]``.
        hit: 1 if the span's sentence overlaps a gold answer, else 0, ``float64 [spans]``.
    """

    name: str
    group: str
    features: Floats
    f1: Floats
    hit: Floats

    @property
    def relevance(self) -> Floats:
        """Relevance of each span, in [0, 1]."""
        return (self.f1 + self.hit) / 2


def shortlist(reading: Reading) -> Shortlist | None:
    """The shortlist of a question; None if it has no answer or no candidate."""
    question = reading.question
    spans = sorted(reading.spans, key=lambda span: -prior_score(span.signals))[:SHORTLIST]
    if not spans or not question.golds:
        return None
    return Shortlist(
        reading.name,
        reading.group,
        np.array([[getattr(span.signals, name) for name in FEATURES] for span in spans]),
        np.array([token_f1(span.text, [gold.text for gold in question.golds]) for span in spans]),
        np.array([_hit(span, question) for span in spans], dtype=float),
    )


def fit(data: Sequence[Shortlist]) -> dict[str, Any]:
    """Fit the weights; returns the content of the file that ``rag.reading.scoring`` reads.

    Figures on unseen documents come from five-fold cross-validation by document, per file, before (by ``prior_score``)
    and after.
    """
    chosen = [0] * len(data)
    for test in folds([each.group for each in data]):
        weights = regression([each for each, tested in zip(data, test, strict=True) if not tested])
        for row in np.flatnonzero(test).tolist():
            chosen[row] = int((data[row].features @ weights).argmax())
    weights = regression(data)
    names = list(dict.fromkeys(each.name for each in data))
    return {
        "weights": dict(zip(FEATURES, (weights / weights.max()).round(3).tolist(), strict=True)),
        "fitted_on": {"questions": len(data), "with a good span": sum(bool(each.relevance.any()) for each in data)},
        "unseen_documents": {
            name: _figures([(each, row) for each, row in zip(data, chosen, strict=True) if each.name == name])
            for name in names
        },
    }


def regression(data: Sequence[Shortlist]) -> Floats:
    """Non-negative weights ``[len(FEATURES)]`` that maximise the expected relevance of the top span."""
    data = [each for each in data if each.relevance.any()]
    spread = np.concatenate([each.features for each in data]).std(axis=0) + 1e-9
    features = [each.features / spread for each in data]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, gradient = PENALTY * float(weights @ weights) / 2, PENALTY * weights
        for each, x in zip(data, features, strict=True):
            top_one = softmax(x @ weights)
            good = top_one * each.relevance
            total -= float(np.log(good.sum()))
            gradient = gradient - (good / good.sum() - top_one) @ x
        return total, gradient

    bounds = [(0.0, None) for _ in FEATURES]
    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x / spread)


def _hit(span: Span, question: Question) -> bool:
    sentence = span.sentence
    return any(
        gold.document == span.document_id and sentence.start < gold.end and gold.start < sentence.end
        for gold in question.golds
    )


def _figures(chosen: Sequence[tuple[Shortlist, int]]) -> dict[str, object]:
    found: dict[str, object] = {"questions": len(chosen)}
    for name, values in (("f1", [each.f1 for each, _ in chosen]), ("sentence_hit", [each.hit for each, _ in chosen])):
        before = np.array([value[0] for value in values])
        after = np.array([value[row] for value, (_, row) in zip(values, chosen, strict=True)])
        gain = paired_interval(mean, [before], [after])
        found[name] = {
            "before": round(mean(before), 4),
            "after": round(mean(after), 4),
            "interval_of_gain": [round(gain.low, 4), round(gain.high, 4)],
        }
    return found
