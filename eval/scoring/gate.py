"""The gate: is this run worse than that one, on the same questions?"""

from __future__ import annotations

from dataclasses import dataclass

from rag import InputError

from .bootstrap import paired_interval
from .measures import MEASURES, Measure, columns, defined
from .results import Results
from .suite import Outcome


@dataclass(frozen=True, slots=True)
class Difference:
    """A headline measure before and after, and the 95% interval of the difference by the paired bootstrap."""

    measure: Measure
    before: float
    after: float
    low: float | None
    high: float | None

    @property
    def worse(self) -> bool:
        """Does the whole interval lie on the side that is worse?"""
        if self.low is None or self.high is None:
            return False
        return self.high < 0 if self.measure.higher_is_better else self.low > 0


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two runs compared.

    Attributes:
        differences: Of the headline measures.
        turned_right, turned_wrong: Outcomes of the later run that were handled otherwise before.
        common: How many questions both runs asked.
        missing: How many only one of them did, or with other golds.
    """

    differences: tuple[Difference, ...]
    turned_right: tuple[Outcome, ...]
    turned_wrong: tuple[Outcome, ...]
    common: int
    missing: int

    @property
    def worse(self) -> bool:
        """Is any headline measure significantly worse?"""
        return any(difference.worse for difference in self.differences)


def compare(before: Results, after: Results) -> Comparison:
    """The later run against the earlier one, on the questions (same id, same words, same golds) that both asked.

    Raises:
        InputError: There is none, or one run retrieved and the other was given the gold paragraphs.
    """
    if (before.mode == "reading") != (after.mode == "reading"):
        raise InputError(f"a run in mode {after.mode!r} cannot be compared with a baseline in mode {before.mode!r}")
    earlier = {(o.id, o.text, o.golds): o for o in before.outcomes}
    pairs = [(earlier[key], o) for o in after.outcomes if (key := (o.id, o.text, o.golds)) in earlier]
    if not pairs:
        raise InputError("the run and the baseline have no question in common; were they asked of the same set?")
    old, new = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    keys = after.figures()
    watched = [measure for measure in MEASURES if measure.headline and measure.key in keys]
    found = (_difference(measure, old, new, after.seed) for measure in watched)
    return Comparison(
        differences=tuple(difference for difference in found if difference),
        turned_right=tuple(o for was, o in pairs if was.cause and not o.cause),
        turned_wrong=tuple(o for was, o in pairs if o.cause and not was.cause),
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
    low, high = paired_interval(measure.statistic, before, after, seed)
    return Difference(measure, values[0], values[1], defined(low), defined(high))
