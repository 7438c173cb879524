"""Telling lines under and through words from the rules of a table."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import replace

from .layout import Line
from .rules import Rules

#: Lowest underline and highest line through words, from the baseline, in font sizes.
LOWEST, HIGHEST = -0.25, 0.5
#: Length by which such a line may be longer than the words, in font sizes: that of a blank.
OVER = 0.3


def without_underlines(rules: Rules, lines: Iterable[Line]) -> Rules:
    """The rules of a page without the horizontal ones under or through words that are no wider than the words.

    Args:
        rules: The rules, those of each kind by place.
        lines: The lines of the page.
    """
    heights = [rule.at for rule in rules.horizontal]
    dropped = set()
    for line in lines:
        if not line.is_upright:
            continue
        over = OVER * line.size
        first = bisect_left(heights, line.baseline + LOWEST * line.size)
        stop = bisect_right(heights, line.baseline + HIGHEST * line.size)
        for rule in rules.horizontal[first:stop]:
            number = bisect_right(line.cells, rule.low + over, key=lambda cell: cell.left) - 1
            if number >= 0 and rule.high <= line.cells[number].right + over:
                dropped.add(rule)
    return replace(rules, horizontal=tuple(rule for rule in rules.horizontal if rule not in dropped))
