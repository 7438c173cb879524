"""95% bootstrap intervals over questions, single and paired.

A statistic is a function of arrays with one entry per question. Questions are resampled with replacement; the interval
is the percentile interval of the replicates (Efron 1979). ``scipy.stats.bootstrap`` gives the same intervals, but
it has no paired difference of two runs on the same resamples, and cannot ignore replicates with an undefined statistic.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: Bootstrap replicates.
REPLICATES = 1_000

Columns = Sequence[npt.NDArray[np.generic]]
Statistic = Callable[..., float]


class Interval(NamedTuple):
    """A 95% interval; ``nan`` if the statistic is undefined or there are fewer than two questions."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figure:
    """Value of a statistic and its 95% interval over ``count`` questions; None if undefined."""

    value: float | None
    low: float | None
    high: float | None
    count: int


def figure_of(statistic: Statistic, columns: Columns, seed: int = 0, replicate: Statistic | None = None) -> Figure:
    """``statistic(*columns)`` with its interval; ``replicate`` is an equal but faster statistic for replicates."""
    count = len(columns[0]) if columns else 0
    if not count:
        return Figure(None, None, None, 0)
    low, high = interval(replicate or statistic, columns, seed)
    return Figure(defined(statistic(*columns)), defined(low), defined(high), count)


def defined(value: float) -> float | None:
    """The value, or None for ``nan``."""
    return None if math.isnan(value) else value


def interval(statistic: Statistic, columns: Columns, seed: int = 0) -> Interval:
    """The interval of ``statistic(*columns)``."""
    return _percentiles([statistic(*(c[rows] for c in columns)) for rows in _resamples(len(columns[0]), seed)])


def paired_interval(statistic: Statistic, before: Columns, after: Columns, seed: int = 0) -> Interval:
    """The interval of ``statistic(*after) - statistic(*before)``; row ``i`` of both is the same question.

    Both runs are compared on the same resamples, so that the difficulty of a question cancels out.
    """
    return _percentiles([
        statistic(*(c[rows] for c in after)) - statistic(*(c[rows] for c in before))
        for rows in _resamples(len(after[0]), seed)
    ])  # fmt: skip


@lru_cache(maxsize=4)
def _resamples(count: int, seed: int) -> npt.NDArray[np.int64]:
    """Row numbers of each resample, ``int64 [REPLICATES, count]``; none for fewer than two questions."""
    if count < 2:
        return np.empty((0, count), dtype=np.int64)
    return np.random.default_rng(seed).integers(0, count, (REPLICATES, count))


def _percentiles(values: list[float]) -> Interval:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # all nan: the result is nan
        low, high = np.nanpercentile(values or [np.nan], [2.5, 97.5])
    return Interval(float(low), float(high))
