"""Group items of similar length, so that little is computed for padding."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .base import Ints

#: Tokens of a batch, padding included.
TOKENS_AT_ONCE = 4096


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


def pad(ids: Sequence[Sequence[int]], types: Sequence[Sequence[int]], padding: int) -> tuple[Ints, Ints, Ints]:
    """Ids, types and mask of token windows, ``int64 [windows, tokens]``, padded to the longest window.

    Args:
        ids: Token ids of each window; at least one window.
        types: Segments of the tokens, likewise.
        padding: The padding token.
    """
    size = (len(ids), max(map(len, ids)))
    padded, segments, mask = (np.full(size, value, dtype=np.int64) for value in (padding, 0, 0))
    for row, (tokens, kinds) in enumerate(zip(ids, types, strict=True)):
        padded[row, : len(tokens)], segments[row, : len(tokens)], mask[row, : len(tokens)] = tokens, kinds, 1
    return padded, segments, mask
