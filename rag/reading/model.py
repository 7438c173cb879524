"""The span model: windows in, logits out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from .network import ANSWERABLE, END, START, forward
from .weights import Loaded
from .windows import Window

if TYPE_CHECKING:
    import torch

    Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

Floats = npt.NDArray[np.float32]

#: Tokens of a batch, padding included.
TOKENS_AT_ONCE = 4096


class Logits(NamedTuple):
    """Outputs for a window with ``n`` passage tokens.

    Attributes:
        start, end: Logits of an answer starting or ending at each passage token, ``float32 [n]``.
        null: Logit of "no answer", on the scale of ``start + end``.
        answerability: Log-odds that the window answers, from an output of its own.
    """

    start: Floats
    end: Floats
    null: float
    answerability: float


class SpanModel:
    """A span model ready for inference.

    Args:
        loaded: Transformer and output layer with their weights.
        device: Torch device.
    """

    def __init__(self, loaded: Loaded, device: str = "cpu") -> None:
        self.body, self.head = loaded.body.to(device).eval(), loaded.head.to(device).eval()
        self.description, self.folder = loaded.description, loaded.folder
        self.device = device
        self._pad = padding(self.body)

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """Logits of each window, in order; windows of similar length share a batch."""
        import torch

        found: dict[int, Logits] = {}
        for rows, tensors in self.batches(windows):
            with torch.inference_mode():
                logits = self.forward(*tensors).float().cpu().numpy()
            found |= {row: _logits(values, windows[row]) for row, values in zip(rows, logits, strict=True)}
        return [found[row] for row in range(len(windows))]

    def batches(self, windows: Sequence[Window]) -> list[tuple[list[int], Tensors]]:
        """Batches of windows of similar length: their numbers, and their tensors."""
        order = sorted(range(len(windows)), key=lambda row: len(windows[row].ids))
        chosen = [
            [order[i] for i in rows] for rows in batches([len(windows[row].ids) for row in order], TOKENS_AT_ONCE)
        ]
        return [(rows, pad([windows[row] for row in rows], self._pad)) for rows in chosen]

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """``[windows, tokens, outputs]`` logits of ``int64 [windows, tokens]`` ids, types and mask."""
        device = self.device
        logits: torch.Tensor = self.head(forward(self.body, ids.to(device), types.to(device), mask.to(device)))
        return logits


def padding(body: Any) -> int:
    """The padding token of a transformer; some count positions by it."""
    return int(getattr(body.config, "pad_token_id", None) or 0)


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


def pad(windows: Sequence[Window], padding: int) -> Tensors:
    """Ids, types and mask of windows, ``int64 [windows, tokens]``, padded to the longest with the token ``padding``."""
    import torch

    size = (len(windows), max(len(window.ids) for window in windows))
    ids, types, mask = (torch.full(size, value, dtype=torch.int64) for value in (padding, 0, 0))
    for row, window in enumerate(windows):
        length = len(window.ids)
        ids[row, :length] = torch.tensor(window.ids)
        types[row, :length] = torch.tensor(window.types)
        mask[row, :length] = 1
    return ids, types, mask


def _logits(values: Floats, window: Window) -> Logits:
    """Slice a window's logits to its passage tokens."""
    inside = values[window.first : window.first + len(window.offsets)]
    return Logits(
        inside[:, START],
        inside[:, END],
        float(values[0, START] + values[0, END]),
        float(values[0, ANSWERABLE]),
    )
