"""Rules that a PDF page draws: horizontal and vertical lines, as strokes or as thin filled rectangles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

from .paths import Paths, TooManyPaths

#: Distance of rules that are one, across and along them, in points.
ACROSS, ALONG = 1.0, 2.0
#: Distance in points within which a horizontal and a vertical rule touch; HTML's borders are 2 pixels apart by default.
TOUCHING = 3.0
#: Most rules of a page that are vertical or horizontal, and most pairs of both; a page with more is a drawing.
MAX_RULES, MAX_PAIRS = 2_000, 40_000
#: Share of the page's height above which a vertical rule, up to the next horizontal one, stands between its columns.
MAX_STRETCH = 1 / 3


class Rule(NamedTuple):
    """A horizontal or vertical line; in points from the lower left corner, before rotation and cropping.

    Attributes:
        at: Its place across: the x of a vertical rule, the y of a horizontal one.
        low, high: Its ends.
    """

    at: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Rules:
    """The rules of a page, those of each kind by place."""

    vertical: tuple[Rule, ...] = ()
    horizontal: tuple[Rule, ...] = ()

    def crossing(self, bottom: float, top: float) -> list[float]:
        """The x of the vertical rules that reach from ``bottom`` to ``top``, ascending."""
        return [rule.at for rule in self.vertical if rule.low <= bottom and top <= rule.high]


def rules_of(page: Any) -> Rules:
    """The rules of a page without those between its columns; none if it is a drawing."""
    try:
        boxes = list(Paths(page).thin_boxes())
    except TooManyPaths:
        return Rules()
    vertical, horizontal = [], []
    for left, bottom, right, top in boxes:
        if top - bottom > right - left:
            vertical.append(Rule((left + right) / 2, bottom, top))
        else:
            horizontal.append(Rule((bottom + top) / 2, left, right))
    vertical, horizontal = _merged(vertical), _merged(horizontal)
    if max(len(vertical), len(horizontal)) > MAX_RULES or len(vertical) * len(horizontal) > MAX_PAIRS:
        return Rules()
    width, height = page.get_size()
    longest = MAX_STRETCH * (height if page.get_rotation() in (0, 180) else width)
    of_cells = _merged(stretch for rule in vertical for stretch in _stretches(rule, horizontal, longest))
    return Rules(tuple(of_cells), tuple(horizontal))


def touch(one: Rule, other: Rule) -> bool:
    """True if a horizontal and a vertical rule touch."""
    return (
        one.low - TOUCHING <= other.at <= one.high + TOUCHING
        and other.low - TOUCHING <= one.at <= other.high + TOUCHING
    )


def _stretches(rule: Rule, horizontal: Iterable[Rule], longest: float) -> Iterator[Rule]:
    """The stretches of a vertical rule between the horizontal ones that it touches, without those that are longer."""
    if rule.high - rule.low <= longest:
        yield rule
        return
    touched = (min(max(other.at, rule.low), rule.high) for other in horizontal if touch(rule, other))
    for low, high in pairwise(sorted([rule.low, *touched, rule.high])):
        if high - low <= longest:
            yield Rule(rule.at, low, high)


def _merged(rules: Iterable[Rule]) -> list[Rule]:
    """The rules, those that continue each other as one: many programs draw a rule for each cell."""
    merged: list[Rule] = []
    beside: list[Rule] = []
    for rule in sorted(rules):
        if beside and rule.at - beside[0].at > ACROSS:
            merged += _continued(beside)
            beside = []
        beside.append(rule)
    return sorted(merged + _continued(beside))


def _continued(beside: Iterable[Rule]) -> list[Rule]:
    found: list[Rule] = []
    for rule in sorted(beside, key=lambda each: each.low):
        if found and rule.low <= found[-1].high + ALONG:
            found[-1] = found[-1]._replace(high=max(found[-1].high, rule.high))
        else:
            found.append(rule)
    return found
