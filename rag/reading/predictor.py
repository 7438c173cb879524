"""Questions and texts to spans: windows, forward passes over windows of similar length, decoding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Self

import numpy as np

from ..text.words import trimmed
from .decoding import best_spans, cell_numbers, word_edges
from .model import Logits, SpanModel
from .windows import Window, WindowMaker

#: Longest answer, in tokens.
LONGEST = 40


class Pair(NamedTuple):
    """A question, the title of a document (may be empty), and a text of that document.

    Attributes:
        cells: Start and end of the parts of the text that spans must keep to; see ``decoding.cell_numbers``.
    """

    question: str
    title: str
    text: str
    cells: tuple[tuple[int, int], ...] | None = None


class Prediction(NamedTuple):
    """A span of a text.

    Attributes:
        start, end: Offsets in the text, in code points.
        score: Log-odds against "no answer".
        answerability: Log-odds that the text answers at all; the same for all spans of a window.
    """

    start: int
    end: int
    score: float
    answerability: float


@dataclass(frozen=True, slots=True)
class ReadText:
    """A text that the model has read beside a question.

    Attributes:
        text: The text.
        windows: Its windows, each with the model's output.
        cells: See ``Pair``.
    """

    text: str
    windows: Sequence[tuple[Window, Logits]]
    cells: tuple[tuple[int, int], ...] | None = None

    def best(self, count: int) -> list[Prediction]:
        """The ``count`` best spans that do not overlap, best first."""
        return _merged([self._decode(window, logits, count) for window, logits in self.windows], count)

    def _decode(self, window: Window, logits: Logits, count: int) -> list[Prediction]:
        begins, ends = word_edges(self.text, window.offsets)
        spans = best_spans(
            logits.start,
            logits.end,
            logits.null,
            may_start=window.owned & begins,
            may_end=ends,
            longest=LONGEST,
            count=count,
            cells=cell_numbers(self.text, window.offsets, self.cells),
        )
        found = []
        for span in spans:
            start, end = trimmed(self.text, int(window.offsets[span.first][0]), int(window.offsets[span.last][1]))
            # Some tokenizers give a token the space before it.
            if start < end:
                found.append(Prediction(start, end, span.score, logits.answerability))
        return found

    def score(self, start: int, end: int) -> float:
        """Score of a given span, on the scale of ``Prediction.score``, from the window that owns its start.

        Args:
            start, end: Offsets in the text, in code points, at word boundaries.
        """
        return max(_score(window, logits, (start, end)) for window, logits in self.windows)

    @property
    def has_evidence(self) -> bool:
        """True if the model has read the text and has an output for evidence."""
        return bool(self.windows) and all(logits.evidence is not None for _, logits in self.windows)

    def sentence(self, start: int, end: int) -> SentenceScores | None:
        """Scores of a sentence, from the window that owns most of its tokens; None if none owns one.

        Args:
            start, end: Offsets in the text, in code points.
        """
        inside = [
            (window.owned & (window.offsets[:, 0] < end) & (start < window.offsets[:, 1]), logits)
            for window, logits in self.windows
        ]
        tokens, logits = max(inside, key=lambda each: int(each[0].sum()))
        if not tokens.any():
            return None
        span = float(logits.start[tokens].max() + logits.end[tokens].max() - logits.null)
        if logits.evidence is None:
            return SentenceScores(span)
        evidence = logits.evidence[tokens]
        return SentenceScores(span, float(evidence.mean()), float(evidence.max()))


class SentenceScores(NamedTuple):
    """Scores of a sentence, all as log-odds.

    Attributes:
        span: Best start and best end in it, against no answer.
        evidence: That it is evidence: the mean over its tokens; 0 if the model has no such output.
        strongest: The same of its best token.
    """

    span: float
    evidence: float = 0.0
    strongest: float = 0.0


class SpanPredictor:
    """Predicts spans of texts.

    Args:
        model: Reads windows.
        maker: Cuts texts into windows.
    """

    def __init__(self, model: SpanModel, maker: WindowMaker) -> None:
        self.model = model
        self._maker = maker

    @classmethod
    def of(cls, model: SpanModel) -> Self:
        """A predictor with the model's own tokenizer."""
        return cls(model, WindowMaker.load(model.folder, model.longest))

    def predict(self, pairs: Sequence[Pair], count: int = 3) -> list[list[Prediction]]:
        """The ``count`` best spans of each pair that do not overlap, best first.

        Raises:
            InputError: A question is too long to be read beside a text.
        """
        return [text.best(count) for text in self.read(pairs)]

    def read(self, pairs: Sequence[Pair]) -> list[ReadText]:
        """The model's output for each pair.

        Raises:
            InputError: A question is too long to be read beside a text.
        """
        windows = self.windows(pairs)
        logits = iter(self.model.read([window for cut in windows for window in cut]))
        return [
            ReadText(pair.text, [(window, next(logits)) for window in cut], pair.cells)
            for pair, cut in zip(pairs, windows, strict=True)
        ]

    def windows(self, pairs: Sequence[Pair]) -> list[list[Window]]:
        """The windows of each pair; a text that occurs in several pairs is tokenized once.

        Raises:
            InputError: A question is too long to be read beside a text.
        """
        if not self.model.description.title:
            pairs = [pair._replace(title="") for pair in pairs]
        texts = list(dict.fromkeys(text for pair in pairs for text in pair[:3]))
        tokens = dict(zip(texts, self._maker.many(texts), strict=True))
        return [self._maker.windows(*(tokens[text] for text in pair[:3])) for pair in pairs]


def _score(window: Window, logits: Logits, span: tuple[int, int]) -> float:
    """Score of a span; ``-inf`` if another window owns its start."""
    inside = np.flatnonzero((window.offsets[:, 0] < span[1]) & (span[0] < window.offsets[:, 1]))
    if not len(inside) or not window.owned[inside[0]]:
        return -math.inf
    return float(logits.start[inside[0]] + logits.end[inside[-1]] - logits.null)


def _merged(by_window: list[list[Prediction]], count: int) -> list[Prediction]:
    """The best spans of all windows of a text, without those that overlap a better one."""
    kept: list[Prediction] = []
    for span in sorted((span for spans in by_window for span in spans), key=lambda span: -span.score):
        if len(kept) < count and not any(span.start < other.end and other.start < span.end for other in kept):
            kept.append(span)
    return kept
