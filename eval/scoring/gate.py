"""Quality gate: compare a run with a baseline on the same questions."""

from __future__ import annotations

from dataclasses import dataclass

from rag import InputError

from .bootstrap import defined, paired_interval
from .measures import Measure, columns
from .results import Results
from .suite import Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """A headline measure before and after, with the 95% paired bootstrap interval of the difference."""

    measure: Measure
    before: float
    after: float
    low: float | None
    high: float | None

    @property
    def worse(self) -> bool:
        """Is the difference significantly for the worse? True if the whole interval is on that side of 0."""
        if self.low is None or self.high is None:
            return False
        return self.high < 0 if self.measure.higher_is_better else self.low > 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Comparison of two runs.

    Attributes:
        differences: One per headline measure.
        fixed: Outcomes of the later run that are handled right and were not before.
        broken: Outcomes of the later run that are handled wrong and were right before.
        common: Number of questions in both runs.
        missing: Number of questions in one run only, or with different golds.
    """

    differences: tuple[Difference, ...]
    fixed: tuple[Outcome, ...]
    broken: tuple[Outcome, ...]
    common: int
    missing: int

    @property
    def worse(self) -> bool:
        """Is any headline measure significantly worse?"""
        return any(difference.worse for difference in self.differences)


def compare(before: Results, after: Results) -> Comparison:
    """Compare two runs on their common questions: same id, text and golds.

    Raises:
        InputError: No question is in both runs, or only one of them was given the gold paragraphs.
    """
    if (before.mode == "reading") != (after.mode == "reading"):
        raise InputError(
            f"a run in mode {after.mode!r} cannot be compared with a baseline in mode {before.mode!r}; use one mode"
        )
    earlier = {(o.id, o.text, o.golds): o for o in before.outcomes}
    pairs = [(earlier[key], o) for o in after.outcomes if (key := (o.id, o.text, o.golds)) in earlier]
    if not pairs:
        raise InputError("the run and the baseline have no question in common; use the same question set")
    old, new = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    found = (_difference(measure, old, new, after.seed) for measure in after.measures() if measure.headline)
    return Comparison(
        differences=tuple(difference for difference in found if difference),
        fixed=tuple(o for was, o in pairs if was.cause and not o.cause),
        broken=tuple(o for was, o in pairs if o.cause and not was.cause),
        common=len(pairs),
        missing=len(before.outcomes) + len(after.outcomes) - 2 * len(pairs),
    )


def _difference(measure: Measure, old: list[Outcome], new: list[Outcome], seed: int) -> Difference | None:
    before, after = columns(measure, old), columns(measure, new)
    if not len(before[0]):
        return None
    values = defined(measure.statistic(*before)), defined(measure.statistic(*after))
    if values[0] is None or values[1] is None:
        return None
    low, high = paired_interval(measure.replicate, before, after, seed)
    return Difference(measure, values[0], values[1], defined(low), defined(high))
