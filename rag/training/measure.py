"""How well a span model reads: given the paragraph, as SQuAD 2.0 measures it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..eval.scoring.bootstrap import Interval, interval
from ..eval.scoring.metrics import auroc, exact_match, mean, token_f1
from ..index import Report
from ..reading.model import load_weights
from ..reading.predictor import Pair, SpanPredictor
from .examples import Examples

#: Pairs that are read between two reports of progress.
PAIRS_PER_REPORT = 128


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95% bootstrap interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader reached on some examples.

    Attributes:
        answerable, unanswerable: How many.
        exact_match, f1: Of the best span, on the answerable ones.
        auroc: Of the best span's score, telling answerable from unanswerable; ``nan`` where one kind is missing.
    """

    answerable: int
    unanswerable: int
    exact_match: Estimate
    f1: Estimate
    auroc: Estimate


def read_all(weights: Path, parts: Mapping[str, Examples], report: Report) -> dict[str, Reading]:
    """What the weights of a file reach on several sets, each by its name."""
    finder = SpanPredictor.of(load_weights(weights))
    return {
        name: measure(finder, examples, lambda done, total: report("measuring", done, total))
        for name, examples in parts.items()
    }


def measure(finder: SpanPredictor, examples: Examples, progress: Callable[[int, int], None] | None = None) -> Reading:
    """Read every example and compare."""
    read_in = [examples.passages[example.passage] for example in examples.examples]
    pairs = [
        Pair(example.question, passage.title, passage.text)
        for example, passage in zip(examples.examples, read_in, strict=True)
    ]
    found = []
    for begin in range(0, len(pairs), PAIRS_PER_REPORT):
        found += finder.predict(pairs[begin : begin + PAIRS_PER_REPORT], count=1)
        if progress:
            progress(len(found), len(pairs))
    exact, f1, scores, answerable = [], [], [], []
    for example, (*_, text), spans in zip(examples.examples, pairs, found, strict=True):
        scores.append(spans[0].score if spans else -np.inf)
        answerable.append(bool(example.golds))
        if example.golds:
            golds = [text[start:end] for start, end in example.golds]
            best = text[spans[0].start : spans[0].end] if spans else ""
            exact.append(exact_match(best, golds))
            f1.append(token_f1(best, golds))
    columns = np.array(scores), np.array(answerable)
    return Reading(
        answerable=len(f1),
        unanswerable=len(found) - len(f1),
        exact_match=_mean(exact),
        f1=_mean(f1),
        auroc=Estimate(auroc(*columns), interval(auroc, columns)),
    )


def _mean(values: list[float]) -> Estimate:
    column = np.array(values)
    return Estimate(mean(column), interval(mean, [column]))
