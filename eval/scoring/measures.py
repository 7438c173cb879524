"""The list of measures, used by tables, JSON, report, quality gate and sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt

from . import metrics
from .bootstrap import Statistic, interval
from .suite import CUTOFFS, Outcome

Column = npt.NDArray[np.generic]

RETRIEVAL, READING, WHOLE, ABSTENTION, CALIBRATION, LATENCY = (
    "retrieval", "reading", "whole", "abstention", "calibration", "latency",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of answer quality or speed.

    Attributes:
        key: Name in JSON.
        label: Name in tables.
        group: One of the constants above.
        statistic: The metric; takes ``columns`` as arrays.
        columns: Attributes of ``Outcome``.
        over_all: Computed over all questions, not only the answerable ones.
        higher_is_better: Direction of improvement.
        headline: Checked by the quality gate.
        fast_statistic: An equal but faster metric for bootstrap replicates, where there is one.
    """

    key: str
    label: str
    group: str
    statistic: Statistic
    columns: tuple[str, ...]
    over_all: bool = False
    higher_is_better: bool = True
    headline: bool = False
    fast_statistic: Statistic | None = None

    @property
    def replicate(self) -> Statistic:
        """The statistic for bootstrap replicates."""
        return self.fast_statistic or self.statistic


@dataclass(frozen=True, slots=True)
class Figure:
    """Value of a measure and its 95% interval over ``count`` questions; None if undefined."""

    value: float | None
    low: float | None
    high: float | None
    count: int


_DECISION, _CONFIDENCE = ("withheld", "unanswerable"), ("confidence", "right")

#: Recall cutoffs that are headline figures: the first passage, and as many as an LLM would be given.
_HEADLINE_CUTOFFS = (1, 10)

MEASURES: tuple[Measure, ...] = (
    *(
        Measure(
            f"recall@{k}", f"recall@{k}", RETRIEVAL,
            partial(metrics.recall_at, k), ("rank",), headline=k in _HEADLINE_CUTOFFS,
        )
        for k in CUTOFFS
    ),
    Measure("mrr", "MRR", RETRIEVAL, metrics.mean_reciprocal_rank, ("rank",), headline=True),
    Measure("ndcg@10", "nDCG@10", RETRIEVAL, metrics.mean, ("ndcg",), headline=True),
    Measure("sentence_hit", "right sentence", READING, metrics.mean, ("sentence_hit",), headline=True),
    Measure("exact_match", "exact match, best candidate", READING, metrics.mean, ("exact_match",), headline=True),
    Measure("f1", "F1, best candidate", READING, metrics.mean, ("f1",), headline=True),
    Measure("overlap", "character IoU, best candidate", READING, metrics.mean, ("overlap",)),
    Measure("right", "right, best candidate", READING, metrics.mean, ("right",), headline=True),
    Measure("ceiling_f1", "F1, gold paragraph given", READING, metrics.mean, ("ceiling_f1",)),
    Measure("ceiling_right", "right, gold paragraph given", READING, metrics.mean, ("ceiling_right",)),
    Measure("right_answered", "right, withheld is wrong", WHOLE, metrics.mean, ("right_answered",)),
    Measure("exact_match_answered", "exact match, withheld is wrong", WHOLE, metrics.mean, ("exact_match_answered",)),
    Measure("f1_answered", "F1, withheld is wrong", WHOLE, metrics.mean, ("f1_answered",), headline=True),
    Measure("exact_match_all", "exact match as SQuAD 2.0 counts", WHOLE, metrics.mean, ("exact_match_all",), True),
    Measure("f1_all", "F1 as SQuAD 2.0 counts", WHOLE, metrics.mean, ("f1_all",), True),
    Measure("handled", "handled right", WHOLE, metrics.mean, ("handled",), True, headline=True),
    Measure("abstention_precision", '"not found": precision', ABSTENTION, metrics.precision, _DECISION, True),
    Measure("abstention_recall", '"not found": recall', ABSTENTION, metrics.recall, _DECISION, True),
    Measure("abstention_f1", '"not found": F1', ABSTENTION, metrics.decision_f1, _DECISION, True, headline=True),
    Measure("auroc", "AUROC, right from wrong", ABSTENTION, metrics.auroc, _CONFIDENCE, True, headline=True,
        fast_statistic=metrics.auroc_by_ranks,
    ),
    Measure(
        "aurc", "area under risk-coverage", ABSTENTION,
        metrics.area_under_risk_coverage, _CONFIDENCE, True, higher_is_better=False, headline=True,
    ),
    *(
        Measure(
            f"coverage@{percent}", f"coverage at {percent}% precision", ABSTENTION,
            partial(metrics.coverage_at_precision, percent / 100), _CONFIDENCE, True,
        )
        for percent in (80, 90)
    ),
    *(
        Measure(
            f"accuracy@{percent}", f"right of the surest {percent}%", ABSTENTION,
            partial(metrics.accuracy_at_coverage, percent / 100), _CONFIDENCE, True,
        )
        for percent in (50, 80)
    ),
    Measure(
        "ece", "calibration error (ECE)", CALIBRATION,
        metrics.calibration_error, _CONFIDENCE, True, higher_is_better=False, headline=True,
    ),
    Measure(
        "brier", "Brier score", CALIBRATION,
        metrics.brier, _CONFIDENCE, True, higher_is_better=False, headline=True,
        fast_statistic=metrics.mean_squared_gap,
    ),
    *(
        Measure(
            f"{stage}_p{share}", f"seconds to {verb}, p{share}", LATENCY,
            partial(metrics.percentile, share), (stage,), True, higher_is_better=False,
        )
        for stage, verb in (("retrieve", "retrieve"), ("read", "read"), ("total", "answer"))
        for share in (50, 95, 99)
    ),
)  # fmt: skip

BY_KEY = {measure.key: measure for measure in MEASURES}


def columns(measure: Measure, outcomes: Sequence[Outcome]) -> tuple[Column, ...]:
    """The arguments of the measure's statistic."""
    chosen = [outcome for outcome in outcomes if measure.over_all or outcome.golds]
    return tuple(np.array([_value(outcome, name) for outcome in chosen]) for name in measure.columns)


def figure(measure: Measure, outcomes: Sequence[Outcome], seed: int = 0) -> Figure:
    """Compute the measure and its interval."""
    arrays = columns(measure, outcomes)
    count = len(arrays[0])
    if not count:
        return Figure(None, None, None, 0)
    low, high = interval(measure.replicate, arrays, seed)
    return Figure(defined(measure.statistic(*arrays)), defined(low), defined(high), count)


def defined(value: float) -> float | None:
    """The value, or None for ``nan``."""
    return None if math.isnan(value) else value


def _value(outcome: Outcome, name: str) -> float:
    """The attribute as a number; infinity for a missing rank."""
    value = getattr(outcome, name)
    return math.inf if value is None else float(value)
