"""Batches of windows with their targets."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..embedding.engines.batching import batches
from ..reading.model import padded
from ..reading.predictor import Pair
from ..reading.windows import Tokens, Window, WindowMaker
from ..text.segmentation import Extent, paragraphs, sentences
from .examples import Example, Examples
from .excerpts import excerpt
from .negatives import NearPassages, negatives
from .teacher import SHARE, Taught, Teacher

if TYPE_CHECKING:
    import torch

#: Examples are sorted by length within pools of this many batches; this keeps padding low and the order nearly random.
POOL_BATCHES = 50

#: Share of examples trained without their title, so that the model does not depend on it.
UNTITLED_SHARE = 0.3


class Target(NamedTuple):
    """Training target of a window.

    Attributes:
        window: The window.
        starts, ends: Token position to share of the gold answers that start or end there; all on position 0 if the
            window does not answer; empty if only evidence is known.
        answerable: True if the window answers the question.
        sentences: First and last token position of each sentence, and whether it is evidence.
    """

    window: Window
    starts: dict[int, float]
    ends: dict[int, float]
    answerable: bool
    sentences: list[tuple[int, int, bool]]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one training step.

    Attributes:
        ids, types, mask: ``int64 [windows, tokens]``.
        starts, ends: Target distributions, ``float32 [windows, tokens]``: all on token 0 where the window does not
            answer; all zero where only evidence is known. With a teacher, their mean with its distributions.
        answerable: Probability that the window answers, ``float32 [windows]``; without a teacher 0 or 1.
        sentences: Averaging weights, ``float32 [windows, sentences, tokens]``: 1 / sentence length at each of the
            sentence's tokens, else 0.
        evidence: Probability that the sentence is evidence, without a teacher 0 or 1; -1 for padding, ``float32
            [windows, sentences]``.
    """

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor
    answerable: torch.Tensor
    sentences: torch.Tensor
    evidence: torch.Tensor

    def to(self, device: str) -> Batch:
        """The batch on another device."""
        return Batch(**{field.name: getattr(self, field.name).to(device) for field in fields(self)})


class Epochs:
    """The batches of each epoch, reproducible by seed.

    Args:
        examples: Training examples.
        maker: Cuts windows.
        padding: The model's padding token.
        tokens: Tokens per batch, padding included.
        most: Maximum questions per passage in an epoch; passages with more rotate through them.
        share: Probability of a negative of each kind for each example with a gold answer.
        excerpts: Share of the examples that are trained on an excerpt.
        seed: Random seed.
        teacher: Its output is mixed into the targets.
    """

    def __init__(
        self,
        examples: Examples,
        maker: WindowMaker,
        *,
        padding: int,
        tokens: int,
        most: int,
        share: float,
        seed: int,
        excerpts: float = 0.0,
        teacher: Teacher | None = None,
    ) -> None:
        self._examples, self._maker, self._padding = examples, maker, padding
        self._tokens, self._most, self._share, self._seed = tokens, most, share, seed
        self._excerpts = excerpts
        self._teacher = teacher
        self._near = NearPassages(examples) if share else None
        self._passages = maker.many([passage.text for passage in examples.passages])
        self._titles = maker.many([passage.title for passage in examples.passages])
        self._untitled = maker.tokens("")
        texts = list(dict.fromkeys(example.question for example in examples.examples))
        self._extents: dict[int, list[Extent]] = {}
        self._questions = dict(zip(texts, maker.many(texts), strict=True))

    def plan(self, epoch: int) -> list[list[Example]]:
        """The examples of each batch."""
        draw = random.Random(f"{self._seed} {epoch}")
        numbers = self._chosen(epoch)
        chosen = [self._examples.examples[number] for number in numbers]
        if self._near:
            chosen += negatives(self._examples, numbers, self._near, self._share, draw)
        draw.shuffle(chosen)
        mean = sum(map(self._length, chosen)) / len(chosen)
        pool = int(POOL_BATCHES * self._tokens / mean) + 1
        found = []
        for begin in range(0, len(chosen), pool):
            part = sorted(chosen[begin : begin + pool], key=self._length)
            found += [[part[i] for i in rows] for rows in batches([self._length(e) for e in part], self._tokens)]
        draw.shuffle(found)
        return found

    def batch(self, examples: Sequence[Example], draw: random.Random) -> Batch:
        """The tensors of a batch.

        Each example gives one random window, from those that answer if any do; the title is dropped with probability
        ``UNTITLED_SHARE``.
        """
        import torch

        targets = [self._target(example, draw) for example in examples]
        ids, types, mask = map(torch.from_numpy, padded([target.window for target in targets], self._padding))
        starts, ends = (torch.zeros(ids.shape) for _ in range(2))
        most = max(len(target.sentences) for target in targets)
        shares = torch.zeros(len(targets), most, ids.shape[1])
        evidence = torch.full((len(targets), most), -1.0)
        for row, target in enumerate(targets):
            for tensor, places in ((starts, target.starts), (ends, target.ends)):
                for at, weight in places.items():
                    tensor[row, at] = weight
            for number, (first, last, is_evidence) in enumerate(target.sentences):
                shares[row, number, first : last + 1] = 1 / (last + 1 - first)
                evidence[row, number] = float(is_evidence)
        answerable = torch.tensor([float(target.answerable) for target in targets])
        batch = Batch(ids, types, mask, starts, ends, answerable, shares, evidence)
        if self._teacher:
            windows = [target.window for target in targets]
            _mix_in(batch, windows, self._teacher.read([self._pair(example) for example in examples], windows))
        return batch

    def _pair(self, example: Example) -> Pair:
        passage = self._examples.passages[example.passage]
        return Pair(example.question, passage.title, passage.text)

    def _chosen(self, epoch: int) -> list[int]:
        """Rows of the examples of an epoch: at most ``most`` per passage, rotating."""
        by_passage: dict[int, list[int]] = defaultdict(list)
        for number, example in enumerate(self._examples.examples):
            by_passage[example.passage].append(number)
        chosen = []
        for passage, numbers in by_passage.items():
            random.Random(f"{self._seed} passage {passage}").shuffle(numbers)
            shift = epoch * self._most % len(numbers)
            chosen += (numbers[shift:] + numbers[:shift])[: self._most]
        return sorted(chosen)

    def _question(self, text: str) -> Tokens:
        if text not in self._questions:
            self._questions[text] = self._maker.tokens(text)
        return self._questions[text]

    def _passage(self, example: Example) -> Tokens:
        """The tokens of an example's passage or of an excerpt of it, the same one each time; offsets in the passage."""
        tokens = self._passages[example.passage]
        if not self._excerpts or not tokens.ids or example.evidence is not None:
            return tokens
        draw = random.Random(f"{self._seed} excerpt {example.question}")
        if draw.random() >= self._excerpts:
            return tokens
        text = self._examples.passages[example.passage].text
        start, end = excerpt(example, text, self._sentences(example.passage, text), draw)
        first, last = np.searchsorted(tokens.offsets[:, 0], [start, end])
        return Tokens(tokens.ids[first:last], tokens.offsets[first:last])

    def _length(self, example: Example) -> int:
        length = (
            len(self._question(example.question).ids) + len(self._passage(example).ids) + self._maker.special_tokens
        )
        return min(length, self._maker.length)

    def _target(self, example: Example, draw: random.Random) -> Target:
        title = self._untitled if draw.random() < UNTITLED_SHARE else self._titles[example.passage]
        windows = self._maker.windows(self._question(example.question), title, self._passage(example))
        text = self._examples.passages[example.passage].text
        extents = self._sentences(example.passage, text)
        evidence = example.golds if example.evidence is None else example.evidence
        targets = [_target(window, example.golds, evidence, extents) for window in windows]
        return draw.choice([target for target in targets if target.answerable] or targets)

    def _sentences(self, passage: int, text: str) -> list[Extent]:
        if passage not in self._extents:
            self._extents[passage] = [extent for part in paragraphs(text) for extent in sentences(text, *part)]
        return self._extents[passage]


def _mix_in(batch: Batch, windows: Sequence[Window], taught: Sequence[Taught]) -> None:
    """Mix a teacher's output into the targets."""
    import torch

    for target in (batch.starts, batch.ends, batch.answerable):
        target.mul_(1 - SHARE)
    logits = torch.zeros(*batch.ids.shape, 1)
    for row, (window, labels) in enumerate(zip(windows, taught, strict=True)):
        passage = slice(window.first, window.first + len(window.offsets))
        for target, probabilities in ((batch.starts, labels.start), (batch.ends, labels.end)):
            target[row, 0] += SHARE * float(probabilities[0])
            target[row, passage] += SHARE * torch.from_numpy(probabilities[1:])
        batch.answerable[row] += SHARE * labels.answerable
        logits[row, passage, 0] = torch.from_numpy(labels.evidence)
    evidence = (batch.sentences @ logits).squeeze(-1).sigmoid()
    real = batch.evidence >= 0
    batch.evidence[real] = (1 - SHARE) * batch.evidence[real] + SHARE * evidence[real]


def _target(
    window: Window,
    golds: Sequence[tuple[int, int]],
    evidence: Sequence[tuple[int, int]],
    extents: Sequence[tuple[int, int]],
) -> Target:
    """The target of a window.

    It answers if it contains a whole gold answer or, without golds, overlaps an evidence sentence.
    """
    sentence_tokens = []
    for start, end in extents:
        inside = np.flatnonzero((window.offsets[:, 0] < end) & (start < window.offsets[:, 1]))
        if len(inside):
            hit = any(a < end and start < b for a, b in evidence)
            sentence_tokens.append((window.first + int(inside[0]), window.first + int(inside[-1]), hit))
    if golds:
        starts, ends = _places(window, golds)
        answerable = bool(starts)
    else:
        starts, ends, answerable = {}, {}, any(hit for *_, hit in sentence_tokens)
    if not answerable:
        return Target(window, {0: 1.0}, {0: 1.0}, False, sentence_tokens)
    return Target(window, starts, ends, True, sentence_tokens)


def _places(window: Window, golds: Sequence[tuple[int, int]]) -> tuple[dict[int, float], dict[int, float]]:
    """Start and end distributions over token positions, from the gold answers wholly in the window."""
    starts: dict[int, float] = defaultdict(float)
    ends: dict[int, float] = defaultdict(float)
    for start, end in golds:
        inside = np.flatnonzero((window.offsets[:, 0] < end) & (start < window.offsets[:, 1]))
        if len(inside) and window.offsets[inside[0]][0] <= start and end <= window.offsets[inside[-1]][1]:
            starts[window.first + int(inside[0])] += 1.0
            ends[window.first + int(inside[-1])] += 1.0
    total = sum(starts.values())
    return {at: n / total for at, n in starts.items()}, {at: n / total for at, n in ends.items()}
