"""Examples to batches of windows with their targets."""

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

#: So many batches' worth of examples are sorted by length together: little padding, and still much chance.
BATCHES_SORTED = 50

#: Share of the examples that are read without their title, so that it helps and is not needed.
UNTITLED = 0.3


class Target(NamedTuple):
    """A window, and where the annotators' answers start and end: positions in it, with the share of them there."""

    window: Window
    starts: dict[int, float]
    ends: dict[int, float]


@dataclass(frozen=True, slots=True)
class Batch:
    """Tensors of one step; the targets are distributions, ``float32 [windows, tokens]``."""

    ids: torch.Tensor
    types: torch.Tensor
    mask: torch.Tensor
    starts: torch.Tensor
    ends: torch.Tensor


class Epochs:
    """The batches of each epoch, the same for the same seed.

    Args:
        examples: To learn from.
        maker: Cuts windows.
        tokens: Of a batch, padding included.
        most: Questions of one passage in an epoch; another part of them has its turn in the next.
        share: How many negatives of each kind for every answerable example.
        seed: Of all draws.
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
        pool = int(BATCHES_SORTED * self._tokens / mean) + 1
        found = []
        for begin in range(0, len(chosen), pool):
            part = sorted(chosen[begin : begin + pool], key=self._length)
            found += [[part[i] for i in rows] for rows in batches([self._length(e) for e in part], self._tokens)]
        draw.shuffle(found)
        return found

    def batch(self, examples: Sequence[Example], draw: random.Random) -> Batch:
        """The tensors of a batch; of a passage of several windows one is drawn, one that holds the answer if any."""
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
        """Numbers of the examples of an epoch: all, but of a passage with too many questions a part in turn."""
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
        title = self._untitled if draw.random() < UNTITLED else self._titles[example.passage]
        windows = self._maker.windows(self._question(example.question), title, self._passages[example.passage])
        found = [places for window in windows if (places := _places(window, example.golds))]
        if found:
            return draw.choice(found)
        return Target(draw.choice(windows), {0: 1.0}, {0: 1.0})


def _places(window: Window, golds: Sequence[tuple[int, int]]) -> Target | None:
    """The target of a window that holds at least one of the golds whole."""
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
