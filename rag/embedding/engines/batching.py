"""Group items of similar length, so that little is computed for padding."""

from __future__ import annotations

from collections.abc import Sequence


def batches(lengths: Sequence[int], tokens: int) -> list[range]:
    """Split items into batches of at most ``tokens`` tokens, padding included, and at least one item.

    Args:
        lengths: Lengths of the items in tokens, ascending, to keep padding low.
        tokens: Tokens of a batch.
    """
    found = []
    begin = 0
    for at in range(1, len(lengths) + 1):
        if at == len(lengths) or (at + 1 - begin) * lengths[at] > tokens:
            found.append(range(begin, at))
            begin = at
    return found
