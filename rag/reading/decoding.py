"""Logits to spans, as pure functions.

A span's score is ``start[i] + end[j] - null``, where ``null`` is the sum of the two logits at ``[CLS]``; a model
trained as for SQuAD 2.0 (Devlin et al. 2019) points there if the passage does not answer. The score is the log-odds of
the span against no answer, so scores compare between windows and passages.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..text.words import is_inside_word

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int32]

#: What stands between two cells of a row, or between two paragraphs.
BETWEEN_CELLS = re.compile(r"\t|(?<=\s)\|(?=\s)|^\||\|$|\n[^\S\n]*\n", re.MULTILINE)


class Scored(NamedTuple):
    """A span of tokens, both ends inclusive, and its log-odds against no answer."""

    first: int
    last: int
    score: float


def best_spans(
    start: Floats,
    end: Floats,
    null: float,
    *,
    may_start: Flags,
    may_end: Flags,
    longest: int,
    count: int,
    cells: Ints | None = None,
) -> list[Scored]:
    """The best spans that share no token, best first.

    Start and end are chosen jointly, by the sum of their logits. Of overlapping spans only the best is kept: they are
    one answer cut in several ways.

    Args:
        start, end: Logits of the passage tokens, ``float32 [n]``.
        null: Logit of no answer.
        may_start, may_end: Tokens at which a span may start or end, ``bool [n]``.
        longest: Maximum length of a span in tokens.
        count: Maximum number of spans.
        cells: Number of the cell or paragraph of each token, ``int32 [n]``; a span stays in one, and out of those below
            0. None if there is only one.
    """
    if cells is not None:
        may_start = may_start & (cells >= 0)
    firsts = np.flatnonzero(may_start)
    lengths = np.arange(min(longest, len(start)))
    lasts = firsts[:, None] + lengths
    inside = lasts < len(start)
    lasts = np.where(inside, lasts, 0)
    allowed = inside & may_end[lasts]
    if cells is not None:
        allowed &= cells[lasts] == cells[firsts, None]
    scores = np.where(allowed, start[firsts, None] + end[lasts], -np.inf)
    found: list[Scored] = []
    while len(found) < count and scores.size:
        row, column = divmod(int(scores.argmax()), scores.shape[1])
        score = scores[row, column]
        if score == -np.inf:
            break
        first, last = int(firsts[row]), int(lasts[row, column])
        found.append(Scored(first, last, float(score) - null))
        scores[(firsts[:, None] <= last) & (lasts >= first)] = -np.inf
    return found


def word_edges(text: str, offsets: npt.NDArray[np.int32]) -> tuple[Flags, Flags]:
    """Tokens at which a word or number begins and tokens at which one ends, ``bool [n]`` each.

    Args:
        text: The passage.
        offsets: Offsets of its tokens, ``int32 [n, 2]`` in code points.
    """
    begins = np.array([not is_inside_word(text, start) for start, _ in offsets.tolist()], dtype=np.bool_)
    ends = np.array([not is_inside_word(text, end) for _, end in offsets.tolist()], dtype=np.bool_)
    return begins, ends


def cell_numbers(text: str, offsets: npt.NDArray[np.int32], cells: Sequence[tuple[int, int]] | None) -> Ints | None:
    """The number of the cell or paragraph of each token, ``int32 [n]``, -1 outside of them; None if there is only one.

    Args:
        text: The passage.
        offsets: Offsets of its tokens, ``int32 [n, 2]`` in code points.
        cells: Start and end of each cell, in order; None to take them from tabs, bars and blank lines in the text.
    """
    if cells is None:
        bars = [found.span() for found in BETWEEN_CELLS.finditer(text)]
        if not bars:
            return None
        edges = [0, *(edge for bar in bars for edge in bar), len(text)]
        cells = list(zip(edges[::2], edges[1::2], strict=True))
    starts = np.array([start for start, _ in cells])
    ends = np.array([end for _, end in cells])
    found = np.searchsorted(starts, offsets[:, 0], side="right") - 1
    return np.where((found >= 0) & (offsets[:, 1] <= ends[found]), found, -1).astype(np.int32)
