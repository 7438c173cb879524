"""The list of measures, used by tables, JSON, report, quality gate and sweep."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

import numpy as np
import numpy.typing as npt

from . import evidence, metrics
from .bootstrap import Figure, Statistic, figure_of
from .suite import CUTOFFS, Outcome

Column = npt.NDArray[np.generic]

RETRIEVAL, READING, EVIDENCE, WHOLE, ABSTENTION, CALIBRATION, LATENCY = (
    "retrieval", "reading", "evidence", "whole", "abstention", "calibration", "latency",
)  # fmt: skip


class Over(Enum):
    """The questions that a measure is computed over; ``MARKED`` ones have gold evidence, ``LISTS`` gold items."""

    ANSWERABLE = "answerable"
    UNANSWERABLE = "unanswerable"
    MARKED = "marked"
    LISTS = "lists"
    ALL = "all"

    def holds(self, outcome: Outcome) -> bool:
        """True if the measure counts an outcome."""
        match self:
            case Over.ANSWERABLE:
                return not outcome.unanswerable
            case Over.UNANSWERABLE:
                return outcome.unanswerable
            case Over.MARKED:
                return outcome.evidence_gold is not None
            case Over.LISTS:
                return outcome.items_gold is not None
            case Over.ALL:
                return True


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of answer quality or speed.

    Attributes:
        key: Name in JSON.
        label: Name in tables.
        group: One of the constants above.
        statistic: The metric; takes ``columns`` as arrays.
        columns: Attributes of ``Outcome``.
        over: The questions that it is computed over.
        higher_is_better: Direction of improvement.
        headline: Checked by the quality gate.
        fast_statistic: An equal but faster metric for bootstrap replicates, where there is one.
    """

    key: str
    label: str
    group: str
    statistic: Statistic
    columns: tuple[str, ...]
    over: Over = Over.ANSWERABLE
    higher_is_better: bool = True
    headline: bool = False
    fast_statistic: Statistic | None = None

    @property
    def replicate(self) -> Statistic:
        """The statistic for bootstrap replicates."""
        return self.fast_statistic or self.statistic


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
    Measure(
        "items_f1", "F1 of a list's items, best candidate", READING,
        evidence.mean_f1, ("items_shared", "items_predicted", "items_gold"), Over.LISTS,
    ),
    Measure("ceiling_f1", "F1, gold paragraph given", READING, metrics.mean, ("ceiling_f1",)),
    Measure("ceiling_right", "right, gold paragraph given", READING, metrics.mean, ("ceiling_right",)),
    *(
        Measure(
            f"evidence_{name}", f"evidence, word {label}", EVIDENCE, statistic,
            ("evidence_shared", "evidence_predicted", "evidence_gold"), Over.MARKED,
        )
        for name, label, statistic in (
            ("precision", "precision", evidence.precision),
            ("recall", "recall", evidence.recall),
            ("f1", "F1", evidence.f1),
        )
    ),
    Measure(
        "evidence_given", "evidence without an answer", EVIDENCE,
        metrics.mean, ("evidence_given",), Over.UNANSWERABLE, higher_is_better=False,
    ),
    Measure("right_answered", "right, withheld is wrong", WHOLE, metrics.mean, ("right_answered",)),
    Measure("exact_match_answered", "exact match, withheld is wrong", WHOLE, metrics.mean, ("exact_match_answered",)),
    Measure("f1_answered", "F1, withheld is wrong", WHOLE, metrics.mean, ("f1_answered",), headline=True),
    Measure("exact_match_all", "exact match as SQuAD 2.0 counts", WHOLE, metrics.mean, ("exact_match_all",), Over.ALL),
    Measure("f1_all", "F1 as SQuAD 2.0 counts", WHOLE, metrics.mean, ("f1_all",), Over.ALL),
    Measure("handled", "handled right", WHOLE, metrics.mean, ("handled",), Over.ALL, headline=True),
    Measure("abstention_precision", '"not found": precision', ABSTENTION, metrics.precision, _DECISION, Over.ALL),
    Measure("abstention_recall", '"not found": recall', ABSTENTION, metrics.recall, _DECISION, Over.ALL),
    Measure("abstention_f1", '"not found": F1', ABSTENTION, metrics.decision_f1, _DECISION, Over.ALL, headline=True),
    Measure("auroc", "AUROC, right from wrong", ABSTENTION, metrics.auroc, _CONFIDENCE, Over.ALL, headline=True,
        fast_statistic=metrics.auroc_by_ranks,
    ),
    Measure(
        "aurc", "area under risk-coverage", ABSTENTION,
        metrics.area_under_risk_coverage, _CONFIDENCE, Over.ALL, higher_is_better=False, headline=True,
    ),
    *(
        Measure(
            f"coverage@{percent}", f"coverage at {percent}% precision", ABSTENTION,
            partial(metrics.coverage_at_precision, percent / 100), _CONFIDENCE, Over.ALL,
        )
        for percent in (80, 90)
    ),
    *(
        Measure(
            f"accuracy@{percent}", f"right of the surest {percent}%", ABSTENTION,
            partial(metrics.accuracy_at_coverage, percent / 100), _CONFIDENCE, Over.ALL,
        )
        for percent in (50, 80)
    ),
    Measure(
        "ece", "calibration error (ECE)", CALIBRATION,
        metrics.calibration_error, _CONFIDENCE, Over.ALL, higher_is_better=False, headline=True,
    ),
    Measure(
        "brier", "Brier score", CALIBRATION,
        metrics.brier, _CONFIDENCE, Over.ALL, higher_is_better=False, headline=True,
        fast_statistic=metrics.mean_squared_gap,
    ),
    *(
        Measure(
            f"{stage}_p{share}", f"seconds to {verb}, p{share}", LATENCY,
            partial(metrics.percentile, share), (stage,), Over.ALL, higher_is_better=False,
        )
        for stage, verb in (("retrieve", "retrieve"), ("read", "read"), ("total", "answer"))
        for share in (50, 95, 99)
    ),
)  # fmt: skip

BY_KEY = {measure.key: measure for measure in MEASURES}


def columns(measure: Measure, outcomes: Sequence[Outcome]) -> tuple[Column, ...]:
    """The arguments of the measure's statistic."""
    chosen = [outcome for outcome in outcomes if measure.over.holds(outcome)]
    return tuple(np.array([_value(outcome, name) for outcome in chosen]) for name in measure.columns)


def figure(measure: Measure, outcomes: Sequence[Outcome], seed: int = 0) -> Figure:
    """Compute the measure and its interval."""
    return figure_of(measure.statistic, columns(measure, outcomes), seed, measure.replicate)


def _value(outcome: Outcome, name: str) -> float:
    """The attribute as a number; infinity for a missing rank."""
    value = getattr(outcome, name)
    return math.inf if value is None else float(value)
