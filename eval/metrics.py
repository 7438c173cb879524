"""Metrics, one function each, with its formula.

Text metrics follow the SQuAD evaluation (Rajpurkar et al. 2016, 2018): answers are compared after lower-casing and
taking out punctuation, articles and superfluous blanks, and against several gold answers the best figure counts. An
unanswerable question has no gold answer; only the empty prediction is right for it.
"""

from __future__ import annotations

import re
import string
from collections import Counter
from collections.abc import Sequence

import numpy as np

ARTICLES = re.compile(r"\b(?:a|an|the)\b")
#: ASCII only, as SQuAD's own scorer has it, so that its figures and ours agree.
PUNCTUATION = str.maketrans("", "", string.punctuation)

#: How often the bootstrap draws.
DRAWS = 2_000


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


def recall_at(k: int, ranks: Sequence[int | None]) -> float:
    """``|{q: rank(q) <= k}| / |q|``; ranks count from 1, None where the gold was not found."""
    return sum(rank is not None and rank <= k for rank in ranks) / len(ranks)


def mean_reciprocal_rank(ranks: Sequence[int | None]) -> float:
    """``mean of 1 / rank(q)``, 0 where the gold was not found."""
    return sum(1 / rank for rank in ranks if rank is not None) / len(ranks)


def precision_recall_f1(predicted: Sequence[bool], actual: Sequence[bool]) -> tuple[float, float, float]:
    """Of deciding yes: ``P = TP / (TP + FP)``, ``R = TP / (TP + FN)``, ``F1 = 2PR / (P + R)``; 0 where undefined."""
    both = sum(p and a for p, a in zip(predicted, actual, strict=True))
    precision = both / sum(predicted) if any(predicted) else 0.0
    recall = both / sum(actual) if any(actual) else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if both else 0.0


def calibration_error(probabilities: Sequence[float], right: Sequence[bool], bins: int = 10) -> float:
    """Expected calibration error over bins of equal width: ``sum of |bin| / n * |mean probability - share right|``."""
    p, r = np.asarray(probabilities, dtype=float), np.asarray(right, dtype=float)
    which = np.minimum((p * bins).astype(int), bins - 1)
    gaps = [abs(p[which == b].mean() - r[which == b].mean()) * (which == b).mean() for b in np.unique(which)]
    return float(sum(gaps))


def bootstrap_interval(values: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """95% interval of the mean by the percentile bootstrap (Efron 1979) over the questions."""
    array = np.asarray(values, dtype=float)
    rng = np.random.default_rng(seed)
    means = [array[rng.integers(0, len(array), len(array))].mean() for _ in range(DRAWS)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _f1(prediction: list[str], gold: list[str]) -> float:
    if not prediction or not gold:
        return float(prediction == gold)
    common = sum((Counter(prediction) & Counter(gold)).values())
    precision, recall = common / len(prediction), common / len(gold)
    return 2 * precision * recall / (precision + recall) if common else 0.0
