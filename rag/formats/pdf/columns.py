"""Reading order of lines on a page with columns."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from statistics import median

from .layout import Rectangle

#: Maximum share of lines that cross the gutter between two columns, such as headings.
MAX_CROSSING = 0.25

#: Minimum share of lines in each column.
MIN_SIDE = 0.2

#: Lines of prose fill this share of their column, and are this many times as wide as high. Others are cells of a table,
#: which is read row by row.
MIN_FILLED, MIN_ASPECT = 0.5, 8.0

#: Share of its height by which a line may overlap the row above.
ROW_OVERLAP = 0.5


def reading_order(lines: Sequence[Rectangle]) -> list[int]:
    """Indices of the lines in reading order: column by column between lines that cross all columns, else row by row."""
    return _ordered(lines, list(range(len(lines))))


def gutter(lines: Sequence[Rectangle]) -> float | None:
    """Where the gutter between two columns of prose is, in points from the left; None if there is none."""
    if len(lines) < 6:
        return None
    lefts, rights = sorted(each.left for each in lines), sorted(each.right for each in lines)
    minimum = max(2, round(MIN_SIDE * len(lines)))
    best: tuple[int, int] | None = None
    found = None
    for x in dict.fromkeys(lefts):
        before, after = bisect_right(rights, x), len(lefts) - bisect_left(lefts, x)
        crossing = len(lines) - before - after
        if min(before, after) < minimum or crossing > MAX_CROSSING * len(lines):
            continue
        score = crossing, abs(before - after)
        if best is None or score < best:
            best, found = score, x
    if found is None:
        return None
    sides = [each for each in lines if each.right <= found], [each for each in lines if each.left >= found]
    return found if all(map(_is_prose, sides)) and _beside(*sides) else None


def _ordered(lines: Sequence[Rectangle], chosen: list[int]) -> list[int]:
    x = gutter([lines[i] for i in chosen])
    if x is None:
        return _rows(lines, chosen)
    ordered: list[int] = []
    columns: tuple[list[int], list[int]] = [], []
    for i in sorted(chosen, key=lambda i: -_middle(lines[i])):
        if lines[i].left < x < lines[i].right:
            ordered += [*_ordered(lines, columns[0]), *_ordered(lines, columns[1]), i]
            columns = [], []
        else:
            columns[lines[i].left >= x].append(i)
    return [*ordered, *_ordered(lines, columns[0]), *_ordered(lines, columns[1])]


def _rows(lines: Sequence[Rectangle], chosen: list[int]) -> list[int]:
    """From top to bottom, and from left to right in a row."""
    rows: list[list[int]] = []
    for i in sorted(chosen, key=lambda i: -_middle(lines[i])):
        # Compared with its neighbour in the row: rows of a scan may be tilted.
        last = min(rows[-1], key=lambda j: abs(lines[j].left - lines[i].left)) if rows else None
        if last is not None and _share_row(lines[last], lines[i]):
            rows[-1].append(i)
        else:
            rows.append([i])
    return [i for row in rows for i in sorted(row, key=lambda i: lines[i].left)]


def _share_row(one: Rectangle, other: Rectangle) -> bool:
    overlap = min(one.top, other.top) - max(one.bottom, other.bottom)
    return overlap > ROW_OVERLAP * min(one.top - one.bottom, other.top - other.bottom)


def _middle(line: Rectangle) -> float:
    return (line.bottom + line.top) / 2


def _is_prose(column: Sequence[Rectangle]) -> bool:
    width = max(each.right for each in column) - min(each.left for each in column)
    typical = median(each.right - each.left for each in column)
    height = median(each.top - each.bottom for each in column)
    return typical >= MIN_FILLED * width and typical >= MIN_ASPECT * height


def _beside(left: Sequence[Rectangle], right: Sequence[Rectangle]) -> bool:
    """True if two columns stand beside each other, and not one below the other."""
    top = min(max(each.top for each in side) for side in (left, right))
    bottom = max(min(each.bottom for each in side) for side in (left, right))
    height = min(max(each.top for each in side) - min(each.bottom for each in side) for side in (left, right))
    return top - bottom > height / 2
