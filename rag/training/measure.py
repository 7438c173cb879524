"""Measure a span model on given paragraphs, with SQuAD 2.0's metrics."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np

from ..eval.scoring.bootstrap import Interval, interval
from ..eval.scoring.metrics import auroc, auroc_by_ranks, exact_match, mean, token_f1
from ..index import Report
from ..reading.model import SpanModel
from ..reading.predictor import Pair, SpanPredictor
from .examples import Examples

#: Pairs read between two progress reports.
PAIRS_PER_REPORT = 128

#: Score of an example without any span; finite, as AUROC requires.
LOWEST_SCORE = float(np.finfo(np.float64).min)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A value with its 95% bootstrap interval."""

    value: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Reading:
    """Figures of a reader on a set of examples.

    Attributes:
        answerable, unanswerable: Number of questions.
        exact_match, f1: Scores of the best span on the answerable questions.
        auroc: AUROC of the best span's score for answerability; ``nan`` if one class is missing.
    """

    answerable: int
    unanswerable: int
    exact_match: Estimate
    f1: Estimate
    auroc: Estimate

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Self:
        """The figures that ``dataclasses.asdict`` made these values of."""
        estimates = {
            name: Estimate(values[name]["value"], Interval(*values[name]["interval"]))
            for name in ("exact_match", "f1", "auroc")
        }
        return cls(**{**values, **estimates})


def read_all(folder: Path, parts: Mapping[str, Examples], report: Report, device: str = "cpu") -> dict[str, Reading]:
    """Measure the reader in a folder on several sets, on the engine that reads for users; the figures by set name.

    Args:
        folder: The reader's folder.
        parts: The sets by name.
        report: Called with stage, questions read and questions in total.
        device: A torch device.
    """
    predictor = SpanPredictor.of(SpanModel.load(folder, device))
    return {
        name: measure(predictor, examples, lambda done, total: report("measuring", done, total))
        for name, examples in parts.items()
    }


def measure(
    predictor: SpanPredictor, examples: Examples, progress: Callable[[int, int], None] | None = None
) -> Reading:
    """Read every example and score the best spans."""
    passages = [examples.passages[example.passage] for example in examples.examples]
    pairs = [
        Pair(example.question, passage.title, passage.text)
        for example, passage in zip(examples.examples, passages, strict=True)
    ]
    found = []
    for begin in range(0, len(pairs), PAIRS_PER_REPORT):
        found += predictor.predict(pairs[begin : begin + PAIRS_PER_REPORT], count=1)
        if progress:
            progress(len(found), len(pairs))
    exact, f1, scores, answerable = [], [], [], []
    for example, pair, spans in zip(examples.examples, pairs, found, strict=True):
        scores.append(spans[0].score if spans else LOWEST_SCORE)
        answerable.append(example.answerable)
        if example.golds:
            golds = [pair.text[start:end] for start, end in example.golds]
            best = pair.text[spans[0].start : spans[0].end] if spans else ""
            exact.append(exact_match(best, golds))
            f1.append(token_f1(best, golds))
    columns = np.array(scores), np.array(answerable)
    return Reading(
        answerable=len(f1),
        unanswerable=answerable.count(False),
        exact_match=_mean(exact),
        f1=_mean(f1),
        auroc=Estimate(auroc(*columns), interval(auroc_by_ranks, columns)),
    )


def _mean(values: list[float]) -> Estimate:
    column = np.array(values)
    return Estimate(mean(column), interval(mean, [column]))
