"""Metrics, one function each, with its formula. A list or array holds one entry for each question.

Text metrics follow the SQuAD evaluation (Rajpurkar et al. 2016, 2018): answers are compared after lower-casing and
taking out punctuation, articles and superfluous blanks, and against several gold answers the best figure counts. An
unanswerable question has no gold answer; only the empty prediction is right for it.

Where a figure is undefined (a share of nothing), it is ``nan``.
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
#: ASCII only, as SQuAD's own scorer has it, so that its figures and ours agree.
PUNCTUATION = str.maketrans("", "", string.punctuation)


def normalise(text: str) -> str:
    """Lower case, without punctuation, articles and superfluous blanks."""
    return " ".join(ARTICLES.sub(" ", text.lower().translate(PUNCTUATION)).split())


def exact_match(prediction: str, golds: Sequence[str]) -> float:
    """1 if the prediction is equal to a gold answer after normalising, else 0."""
    if not golds:
        return float(not prediction)
    return float(any(normalise(prediction) == normalise(gold) for gold in golds))


def token_f1(prediction: str, golds: Sequence[str]) -> float:
    """``max over golds of 2PR / (P + R)`` with P and R the shares of common tokens, counted with repetition."""
    if not golds:
        return float(not prediction)
    return max(_f1(normalise(prediction).split(), normalise(gold).split()) for gold in golds)


def overlap(extent: tuple[int, int], golds: Sequence[tuple[int, int]]) -> float:
    """Character IoU: ``max over golds of |extent and gold| / |extent or gold|``, extents as ``[start, end)``."""
    return max((_shared(extent, gold) / _joined(extent, gold) for gold in golds), default=0.0)


def recall_at(k: int, ranks: npt.ArrayLike) -> float:
    """``|{q: rank(q) <= k}| / |q|``; ranks count from 1 and are infinite where the gold was not found."""
    return _mean(np.asarray(ranks, dtype=float) <= k)


def mean_reciprocal_rank(ranks: npt.ArrayLike) -> float:
    """``mean of 1 / rank(q)``, which is 0 where the gold was not found."""
    return _mean(1 / np.asarray(ranks, dtype=float))


def relevance(passage: tuple[int, int], golds: Sequence[tuple[int, int]]) -> float:
    """``max over golds of |passage and gold| / |gold|``: which share of a gold quote a passage holds."""
    return max((_shared(passage, gold) / (gold[1] - gold[0]) for gold in golds), default=0.0)


def ndcg_at(k: int, gains: Sequence[float], attainable: Sequence[float]) -> float:
    """``DCG / ideal DCG`` with ``DCG = sum over ranks i <= k of gain(i) / log2(i + 1)`` (Jarvelin & Kekalainen 2002).

    Args:
        k: The cutoff.
        gains: Relevance of the hits, in their order.
        attainable: Relevance of all passages there are; the ideal order is that of these, sorted.
    """
    ideal = _dcg(sorted(attainable, reverse=True)[:k])
    return _dcg(gains[:k]) / ideal if ideal else 0.0


def precision(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Of deciding yes: ``TP / (TP + FP)``; undefined too where yes is never right."""
    return _share(_both(predicted, actual), int(np.sum(predicted)) if np.any(actual) else 0)


def recall(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Of deciding yes: ``TP / (TP + FN)``."""
    return _share(_both(predicted, actual), int(np.sum(actual)))


def decision_f1(predicted: npt.ArrayLike, actual: npt.ArrayLike) -> float:
    """Of deciding yes: ``2TP / (2TP + FP + FN)``; undefined where yes is never right."""
    return _share(2 * _both(predicted, actual), int(np.sum(predicted) + np.sum(actual)) if np.any(actual) else 0)


def auroc(scores: npt.ArrayLike, positive: npt.ArrayLike) -> float:
    """Chance that a positive scores above a negative, ties counting half: ``(R - p(p + 1) / 2) / (p n)``.

    ``R`` is the sum of the ranks of the ``p`` positives among all (Mann & Whitney 1947).
    """
    yes = np.asarray(positive, dtype=bool)
    p, n = int(yes.sum()), int((~yes).sum())
    ranks = rankdata(np.asarray(scores, dtype=float))
    return _share(float(ranks[yes].sum()) - p * (p + 1) / 2, p * n)


class RiskCoverage(NamedTuple):
    """What answering more costs: one point for each threshold, the strictest first.

    Attributes:
        coverage: Share of the questions that are answered.
        risk: Share of these answers that are wrong.
    """

    coverage: Floats
    risk: Floats


def risk_coverage(confidences: npt.ArrayLike, right: npt.ArrayLike) -> RiskCoverage:
    """Answer the ``i`` most confident questions: ``coverage = i / |q|``, ``risk = wrong among them / i``.

    Equal confidences are answered together (El-Yaniv & Wiener 2010).
    """
    c, r = np.asarray(confidences, dtype=float), np.asarray(right, dtype=float)
    order = np.argsort(-c, kind="stable")
    answered = np.arange(1, len(c) + 1)
    risk = 1 - np.cumsum(r[order]) / answered
    last = np.append(np.diff(c[order]) != 0, True)
    return RiskCoverage(answered[last] / len(c), risk[last])


def area_under_risk_coverage(confidences: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """``sum over points of risk * step in coverage``; 0 is best."""
    curve = risk_coverage(confidences, right)
    return float((curve.risk * np.diff(curve.coverage, prepend=0.0)).sum())


def coverage_at_precision(least: float, confidences: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """The greatest coverage at which at least that share of the answers is right; 0 where there is none."""
    curve = risk_coverage(confidences, right)
    return float(curve.coverage[1 - curve.risk >= least - 1e-12].max(initial=0.0))


class Bin(NamedTuple):
    """One bin of the reliability table: ``low <= probability < high``, the last one closed."""

    low: float
    high: float
    questions: int
    said: float
    right: float


def reliability(probabilities: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10) -> list[Bin]:
    """For each bin of equal width that is not empty, its mean probability and the share that is right."""
    p, r = np.asarray(probabilities, dtype=float), np.asarray(right, dtype=float)
    which = np.minimum((p * bins).astype(int), bins - 1)
    return [
        Bin(b / bins, (b + 1) / bins, int(inside.sum()), float(p[inside].mean()), float(r[inside].mean()))
        for b in range(bins)
        if (inside := which == b).any()
    ]


def calibration_error(probabilities: npt.ArrayLike, right: npt.ArrayLike, bins: int = 10) -> float:
    """Expected calibration error over bins of equal width: ``sum of |bin| / n * |mean probability - share right|``."""
    table = reliability(probabilities, right, bins)
    return sum(row.questions * abs(row.said - row.right) for row in table) / sum(row.questions for row in table)


def brier(probabilities: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """``mean of (probability - right)^2`` (Brier 1950); 0 is best, always saying .5 gives .25."""
    return _mean((np.asarray(probabilities, dtype=float) - np.asarray(right, dtype=float)) ** 2)


def percentile(share: float, values: npt.ArrayLike) -> float:
    """The least value that this share of the values, in percent, does not exceed."""
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
