"""The bootstrap: how far would a figure move with other questions of the same kind?

A statistic is a function of arrays that hold one entry for each question. Questions are drawn with replacement, as
many as there are; the 95% interval lies between the percentiles of the draws (Efron 1979). Two runs on the same
questions are compared on the same draws, so that what is hard for both cancels out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: How often is drawn.
DRAWS = 1_000

Columns = Sequence[npt.NDArray[np.generic]]
Statistic = Callable[..., float]


class Interval(NamedTuple):
    """A 95% interval; ``nan`` where the figure is undefined, or there are fewer than two questions."""

    low: float
    high: float


def interval(statistic: Statistic, columns: Columns, seed: int = 0) -> Interval:
    """The interval of ``statistic(*columns)``."""
    return _percentiles([statistic(*(c[draw] for c in columns)) for draw in _draws(len(columns[0]), seed)])


def paired_interval(statistic: Statistic, before: Columns, after: Columns, seed: int = 0) -> Interval:
    """The interval of ``statistic(*after) - statistic(*before)``; row ``i`` of both is the same question."""
    return _percentiles([
        statistic(*(c[draw] for c in after)) - statistic(*(c[draw] for c in before))
        for draw in _draws(len(after[0]), seed)
    ])  # fmt: skip


@lru_cache(maxsize=4)
def _draws(count: int, seed: int) -> npt.NDArray[np.int64]:
    if count < 2:
        return np.empty((0, count), dtype=np.int64)
    return np.random.default_rng(seed).integers(0, count, (DRAWS, count))


def _percentiles(values: list[float]) -> Interval:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # nothing but nan, which is what comes out
        low, high = np.nanpercentile(values or [np.nan], [2.5, 97.5])
    return Interval(float(low), float(high))
