"""Metrics, one function each, with its formula. A list or array holds one entry per question.

Text metrics follow the SQuAD evaluation (Rajpurkar et al. 2016, 2018): answers are compared after lower-casing and
removing punctuation, articles and extra whitespace, and the best of several gold answers counts. An unanswerable
question has no gold answer; only the empty prediction is right for it.

Undefined figures (such as a ratio with denominator 0) are ``nan``.
"""

from __future__ import annotations

import math
import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.stats import rankdata

Floats = npt.NDArray[np.float64]

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
#: ASCII only, as in SQuAD's official scorer, so that the figures agree.
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without punctuation, articles and extra whitespace."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """1 if the prediction equals a gold answer after normalisation, else 0."""
    if not golds:
        return float(not prediction)
    return float(any(normalise(prediction) == normalise(gold) for gold in golds))


def token_f1(prediction: str, golds: Sequence[str]) -> float:
    """``max over golds of 2PR / (P + R)`` with P and R over the multiset of common tokens."""
    if not golds:
        return float(not prediction)
    return max(_f1(normalise(prediction).split(), normalise(gold).split()) for gold in golds)


def overlap(extent: tuple[int, int], golds: Sequence[tuple[int, int]]) -> float:
    """Character IoU: ``max over golds of |extent and gold| / |extent or gold|``, extents as ``[start, end)``."""
    return max((_shared(extent, gold) / _joined(extent, gold) for gold in golds), default=0.0)


def recall_at(k: int, ranks: npt.ArrayLike) -> float:
    """``|{q: rank(q) <= k}| / |q|``; ranks count from 1; infinity means not found."""
    return _mean(np.asarray(ranks, dtype=float) <= k)


def mean_reciprocal_rank(ranks: npt.ArrayLike) -> float:
    """``mean of 1 / rank(q)``; 0 for a gold not found."""
    return _mean(1 / np.asarray(ranks, dtype=float))


def relevance(passage: tuple[int, int], golds: Sequence[tuple[int, int]]) -> float:
    """``max over golds of |passage and gold| / |gold|``: share of a gold quote inside the passage."""
    return max((_shared(passage, gold) / (gold[1] - gold[0]) for gold in golds), default=0.0)


def ndcg_at(k: int, gains: Sequence[float], attainable: Sequence[float]) -> float:
    """``DCG / ideal DCG`` with ``DCG = sum over ranks i <= k of gain(i) / log2(i + 1)`` (Jarvelin & Kekalainen 2002).

    Args:
        k: The cutoff.
        gains: Relevance of the hits, in rank order.
        attainable: Relevance of all relevant passages in the index; sorted, they give the ideal DCG.
    """
    ideal = _dcg(sorted(attainable, reverse=True)[:k])
    return _dcg(gains[:k]) / ideal if ideal else 0.0


def precision(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """``TP / (TP + FP)``; undefined if there are no positives."""
    return _share(_both(predicted, actual), int(np.sum(predicted)) if np.any(actual) else 0)


def recall(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """``TP / (TP + FN)``."""
    return _share(_both(predicted, actual), int(np.sum(actual)))


def decision_f1(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """``2TP / (2TP + FP + FN)``; undefined if there are no positives."""
    return _share(2 * _both(predicted, actual), int(np.sum(predicted) + np.sum(actual)) if np.any(actual) else 0)


def auroc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Area under the ROC curve: probability that a positive outscores a negative, ties counting half.

    Scores must be finite. Undefined unless both classes occur.
    """
    from sklearn.metrics import roc_auc_score

    labels = np.asarray(positive, dtype=bool)
    if labels.all() or not labels.any():
        return math.nan
    return float(roc_auc_score(labels, np.asarray(scores, dtype=float)))


def auroc_by_ranks(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """``auroc`` from rank sums (Mann & Whitney 1947), over ten times as fast: for bootstrap replicates."""
    labels = np.asarray(positive, dtype=bool)
    p, n = int(labels.sum()), int((~labels).sum())
    ranks = rankdata(np.asarray(scores, dtype=float))
    return _share(float(ranks[labels].sum()) - p * (p + 1) / 2, p * n)


class RiskCoverage(NamedTuple):
    """Risk-coverage curve: one point per threshold, the strictest first.

    Attributes:
        coverage: Share of questions answered.
        risk: Share of those answers that are wrong.
    """

    coverage: Floats
    risk: Floats


def risk_coverage(confidences: npt.ArrayLike, right: npt.ArrayLike) -> RiskCoverage:
    """For the ``i`` most confident answers: ``coverage = i / |q|``, ``risk = wrong answers / i``.

    Answers of equal confidence share one point (El-Yaniv & Wiener 2010).
    """
    c, r = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    order = np.argsort(-c, kind="stable")
    answered = np.arange(1, len(c) + 1)
    risk = 1 - np.cumsum(r[order]) / answered
    last = np.append(np.diff(c[order]) != 0, True)
    return RiskCoverage(answered[last] / len(c), risk[last])


def area_under_risk_coverage(confidences: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """``sum over points of risk * increase in coverage``; 0 is best."""
    curve = risk_coverage(confidences, right)
    return float((curve.risk * np.diff(curve.coverage, prepend=0.0)).sum())


def coverage_at_precision(min_precision: float, confidences: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """The greatest coverage at which the answers reach the precision; 0 if they never do."""
    curve = risk_coverage(confidences, right)
    return float(curve.coverage[1 - curve.risk >= min_precision - 1e-12].max(initial=0.0))


def accuracy_at_coverage(min_coverage: float, confidences: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """The share of right answers among the most confident ones that cover this share of the questions.

    Equally confident answers are given together.
    """
    curve = risk_coverage(confidences, right)
    return float(1 - curve.risk[curve.coverage >= min_coverage - 1e-12][0])


class Bin(NamedTuple):
    """One bin of a reliability diagram: ``low <= confidence < high``; the last bin includes 1.

    Attributes:
        questions: Number of questions in the bin.
        confidence: Their mean confidence.
        accuracy: Share of them that is right.
    """

    low: float
    high: float
    questions: int
    confidence: float
    accuracy: float


def reliability(probabilities: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10) -> list[Bin]:
    """The non-empty bins of equal width."""
    p, r = np.asarray(probabilities, dtype=float), np.asarray(right, dtype=float)
    which = np.minimum((p * bins).astype(int), bins - 1)
    return [
        Bin(b / bins, (b + 1) / bins, int(inside.sum()), float(p[inside].mean()), float(r[inside].mean()))
        for b in range(bins)
        if (inside := which == b).any()
    ]


def calibration_error(probabilities: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width: ``sum of |bin| / n * |confidence - accuracy|``."""
    table = reliability(probabilities, right, bins)
    return sum(row.questions * abs(row.confidence - row.accuracy) for row in table) / sum(
        row.questions for row in table
    )


def brier(probabilities: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """``mean of (probability - right)^2`` (Brier 1950); 0 is best, a constant .5 gives .25."""
    from sklearn.metrics import brier_score_loss

    labels = np.asarray(right, dtype=bool)
    return float(brier_score_loss(labels, np.asarray(probabilities, dtype=float))) if len(labels) else math.nan


def mean_squared_gap(probabilities: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """``brier`` without validation of its input, hundreds of times as fast: for bootstrap replicates."""
    return _mean((np.asarray(probabilities, dtype=float) - np.asarray(right, dtype=float)) ** 2)


def percentile(share: float, values: npt.ArrayLike) -> float:
    """The smallest value that at least ``share`` percent of the values do not exceed."""
    return float(np.percentile(np.asarray(values, dtype=float), share, method="inverted_cdf"))


def mean(values: npt.ArrayLike) -> float:
    """``sum / count``."""
    return _mean(np.asarray(values, dtype=float))


def _f1(prediction: list[str], gold: list[str]) -> float:
    if not prediction or not gold:
        return float(prediction == gold)
    common = sum((Counter(prediction) & Counter(gold)).values())
    p, r = common / len(prediction), common / len(gold)
    return 2 * p * r / (p + r) if common else 0.0


def _shared(a: tuple[int, int], b: tuple[int, int]) -> int:
    return max(0, min(a[1], b[1]) - max(a[0], b[0]))


def _joined(a: tuple[int, int], b: tuple[int, int]) -> int:
    return (a[1] - a[0]) + (b[1] - b[0]) - _shared(a, b)


def _dcg(gains: Sequence[float]) -> float:
    return sum(gain / math.log2(rank + 1) for rank, gain in enumerate(gains, start=1))


def _both(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> int:
    return int((np.asarray(predicted, dtype=bool) & np.asarray(actual, dtype=bool)).sum())


def _share(part: float, whole: float) -> float:
    return part / whole if whole else math.nan


def _mean(values: npt.NDArray[np.generic]) -> float:
    return float(values.mean()) if len(values) else math.nan
