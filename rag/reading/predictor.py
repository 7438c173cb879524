"""Questions and texts to spans, by the span model: windows, one forward pass for those of like length, decoding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, Self

import numpy as np

from ..embedding.encoder import model_folder
from .decoding import best_spans, word_edges
from .features import Window, WindowMaker
from .model import Logits, SpanModel

#: Tokens of an answer at most.
LONGEST = 40


class Pair(NamedTuple):
    """A question, and a text to read for it, with the title of the document it is of; the title may be empty."""

    question: str
    title: str
    text: str


class Found(NamedTuple):
    """A span of a text.

    Attributes:
        start, end: Code points of the text.
        score: Logits against there being no answer.
        verdict: Log-odds that the text answers at all, from the model's other output; the same for all its spans.
    """

    start: int
    end: int
    score: float
    verdict: float


class SpanFinder:
    """Finds spans in texts.

    Args:
        model: Reads windows.
        maker: Cuts them.
    """

    def __init__(self, model: SpanModel, maker: WindowMaker) -> None:
        self.model = model
        self._maker = maker

    @classmethod
    def of(cls, model: SpanModel) -> Self:
        """With the tokenizer of the model's encoder."""
        return cls(model, WindowMaker.load(model_folder(model.description.encoder)))

    def find(self, pairs: Sequence[Pair], count: int = 3) -> list[list[Found]]:
        """For each pair the ``count`` best spans that do not overlap, best first.

        Raises:
            InputError: A question is too long to be read beside a text.
        """
        windows = self.windows(pairs)
        logits = iter(self.model.read([window for of_pair in windows for window in of_pair]))
        return [
            _merged([self._decode(pair.text, window, next(logits), count) for window in of_pair], count)
            for pair, of_pair in zip(pairs, windows, strict=True)
        ]

    def weigh(self, pair: Pair, places: Sequence[tuple[int, int]]) -> list[float]:
        """The scores of spans that are known, on the scale of ``Found.score``; each in the window that owns its start.

        Args:
            pair: Question and text.
            places: Code points of the text, at the edges of words.

        Raises:
            InputError: The question is too long to be read beside a text.
        """
        windows = self.windows([pair])[0]
        read = list(zip(windows, self.model.read(windows), strict=True))
        return [max(_score(window, logits, place) for window, logits in read) for place in places]

    def windows(self, pairs: Sequence[Pair]) -> list[list[Window]]:
        """The windows of each pair; what stands in several is tokenised once.

        Raises:
            InputError: A question is too long to be read beside a text.
        """
        texts = list(dict.fromkeys(text for pair in pairs for text in pair))
        tokens = dict(zip(texts, self._maker.many(texts), strict=True))
        return [self._maker.windows(*(tokens[text] for text in pair)) for pair in pairs]

    @staticmethod
    def _decode(text: str, window: Window, logits: Logits, count: int) -> list[Found]:
        begins, ends = word_edges(text, window.offsets)
        spans = best_spans(
            logits.start,
            logits.end,
            logits.null,
            may_start=window.owned & begins,
            may_end=ends,
            longest=LONGEST,
            count=count,
        )
        return [
            Found(int(window.offsets[s.first][0]), int(window.offsets[s.last][1]), s.score, logits.verdict)
            for s in spans
        ]


def _score(window: Window, logits: Logits, place: tuple[int, int]) -> float:
    """The score of the span at a place; ``-inf`` where another window owns its start."""
    inside = np.flatnonzero((window.offsets[:, 0] < place[1]) & (place[0] < window.offsets[:, 1]))
    if not len(inside) or not window.owned[inside[0]]:
        return -math.inf
    return float(logits.start[inside[0]] + logits.end[inside[-1]] - logits.null)


def _merged(found: list[list[Found]], count: int) -> list[Found]:
    """The best of all windows of a text, without those that overlap a better one of another window."""
    kept: list[Found] = []
    for span in sorted((span for of_window in found for span in of_window), key=lambda span: -span.score):
        if len(kept) < count and not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    return kept
