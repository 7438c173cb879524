"""Logits to spans: pure functions, numpy in and numbers out.

A span's score is ``start[i] + end[j] - null`` where ``null`` is the sum of the two logits of ``[CLS]``, at which a
model trained as for SQuAD 2.0 (Devlin et al. 2019) points when the passage does not answer. It is the log of how much
likelier the span is than no answer, so scores of different windows and passages compare, and how many passages
without an answer are read beside changes none of them.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Flags = npt.NDArray[np.bool_]


class Scored(NamedTuple):
    """A span of tokens, both ends inclusive, and its score in logits against no answer."""

    first: int
    last: int
    score: float


def best_spans(
    start: Floats, end: Floats, null: float, *, may_start: Flags, may_end: Flags, longest: int, count: int
) -> list[Scored]:
    """The best spans that share no token, best first.

    Start and end are chosen together: the sum of the two logits decides, not each alone. Of spans that overlap only the
    best is kept, since they are one answer cut in several ways.

    Args:
        start, end: Logits of the passage's tokens, ``float32 [n]``.
        null: Logit of there being no answer.
        may_start, may_end: Where spans may start and end, ``bool [n]``.
        longest: Tokens of a span at most.
        count: How many spans at most.
    """
    firsts = np.flatnonzero(may_start)
    lengths = np.arange(min(longest, len(start)))
    lasts = firsts[:, None] + lengths
    inside = lasts < len(start)
    lasts = np.where(inside, lasts, 0)
    scores = np.where(inside & may_end[lasts], start[firsts, None] + end[lasts], -np.inf)
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
    """Which tokens begin a word and which end one, ``bool [n]`` each; no answer begins or ends inside a word.

    Args:
        text: The passage.
        offsets: Where its tokens stand, ``int32 [n, 2]`` in code points.
    """
    begins = np.array([not _inside_word(text, start) for start, _ in offsets.tolist()], dtype=np.bool_)
    ends = np.array([not _inside_word(text, end) for _, end in offsets.tolist()], dtype=np.bool_)
    return begins, ends


def _inside_word(text: str, at: int) -> bool:
    """Do letters or digits stand on both sides?"""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()
