"""Batches of windows with their targets."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..reading.model import batches, pad
from ..reading.windows import SPECIAL, Tokens, Window, WindowMaker
from .examples import Example, Examples
from .negatives import NearPassages, negatives

if TYPE_CHECKING:
    import torch

#: Examples are sorted by length within pools of this many batches: little padding, still random order.
POOL_BATCHES = 50

#: Share of examples given without title, so that the model does not depend on it.
UNTITLED_SHARE = 0.3


class Target(NamedTuple):
    """A window with target distributions: token position to share of the answers that start or end there."""

    window: Window
    starts: dict[int, float]
    ends: dict[int, float]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step; targets are distributions, ``float32 [windows, tokens]``."""

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor


class Epochs:
    """The batches of each epoch, reproducible by seed.

    Args:
        examples: Training examples.
        maker: Cuts windows.
        tokens: Tokens per batch, padding included.
        most: Questions per passage in an epoch; passages with more rotate through them.
        share: Negatives of each kind per answerable example.
        seed: Random seed.
    """

    def __init__(
        self, examples: Examples, maker: WindowMaker, *, tokens: int, most: int, share: float, seed: int
    ) -> None:
        self._examples, self._maker = examples, maker
        self._tokens, self._most, self._share, self._seed = tokens, most, share, seed
        self._near = NearPassages(examples) if share else None
        self._passages = maker.many([passage.text for passage in examples.passages])
        self._titles = maker.many([passage.title for passage in examples.passages])
        self._untitled = maker.tokens("")
        texts = list(dict.fromkeys(example.question for example in examples.examples))
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
        """The tensors of a batch; of a passage's windows, a random one is used, with an answer if there is one."""
        import torch

        targets = [self._target(example, draw) for example in examples]
        ids, types, mask = pad([target.window for target in targets])
        starts, ends = (torch.zeros(ids.shape) for _ in range(2))
        for row, target in enumerate(targets):
            for tensor, places in ((starts, target.starts), (ends, target.ends)):
                for at, weight in places.items():
                    tensor[row, at] = weight
        return Batch(ids, types, mask, starts, ends)

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

    def _length(self, example: Example) -> int:
        length = len(self._question(example.question).ids) + len(self._passages[example.passage].ids) + SPECIAL
        return min(length, self._maker.length)

    def _target(self, example: Example, draw: random.Random) -> Target:
        title = self._untitled if draw.random() < UNTITLED_SHARE else self._titles[example.passage]
        windows = self._maker.windows(self._question(example.question), title, self._passages[example.passage])
        found = [places for window in windows if (places := _places(window, example.golds))]
        if found:
            return draw.choice(found)
        return Target(draw.choice(windows), {0: 1.0}, {0: 1.0})


def _places(window: Window, golds: Sequence[tuple[int, int]]) -> Target | None:
    """The target of a window that contains at least one whole gold answer; None for others."""
    starts: dict[int, float] = defaultdict(float)
    ends: dict[int, float] = defaultdict(float)
    for start, end in golds:
        inside = [i for i, (a, b) in enumerate(window.offsets.tolist()) if a < end and start < b]
        whole = inside and window.offsets[inside[0]][0] <= start and end <= window.offsets[inside[-1]][1]
        if whole:
            starts[window.first + inside[0]] += 1.0
            ends[window.first + inside[-1]] += 1.0
    total = sum(starts.values())
    if not total:
        return None
    return Target(window, {i: n / total for i, n in starts.items()}, {i: n / total for i, n in ends.items()})
