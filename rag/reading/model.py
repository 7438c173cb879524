"""The span model: windows in, logits out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from ..embedding.engines.base import Engine, Ints
from ..embedding.engines.batching import batches
from ..embedding.engines.choice import OPENVINO, chosen_engine, use_torch_instead
from ..embedding.engines.openvino_engine import OpenVinoEngine, converted
from ..embedding.engines.torch_engine import TorchEngine, torch_device
from .network import ANSWERABLE, END, START, padding, span_network
from .weights import Description, Loaded, base_folder, load_weights, model_files
from .windows import Window

Floats = npt.NDArray[np.float32]

#: Tokens of a batch, padding included.
TOKENS_AT_ONCE = 4096

#: Lengths of the windows whose logits are compared at each start with those that torch gave, and by how much they may
#: differ.
PROBE_LENGTHS = (48, 12)
SAME = 0.02


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
        engine: Computes the logits, ``float32 [windows, tokens, outputs]``.
        description: Metadata of the weights.
        folder: Folder of the tokenizer.
        padding: The padding token.
    """

    def __init__(self, engine: Engine, description: Description, folder: str, padding: int) -> None:
        self.engine, self.description, self.folder = engine, description, folder
        self._padding = padding

    @classmethod
    def load(cls, path: Path, device: str | None = None) -> Self:
        """The model of a weights file, on the engine that ``chosen_engine`` chooses.

        Args:
            path: The weights file.
            device: Torch device; a graphics card if None and there is one.

        Raises:
            InputError: See ``load_weights`` and ``chosen_engine``; or this machine has no such device.
        """
        if path.is_file() and chosen_engine(device) == OPENVINO:
            try:
                found = converted(model_files(path), lambda: _for_conversion(path), "reader")
                engine = OpenVinoEngine(found)
                _compare(engine, found.facts)
            except RuntimeError as error:
                use_torch_instead(str(path), error)
            else:
                description = Description(**found.facts["description"])
                return cls(engine, description, base_folder(path, description), found.facts["padding"])
        return cls.of(load_weights(path), torch_device(device))

    @classmethod
    def of(cls, loaded: Loaded, device: str = "cpu") -> Self:
        """The model of a network, on torch."""
        engine = TorchEngine(span_network(loaded.body, loaded.head), device)
        return cls(engine, loaded.description, loaded.folder, padding(loaded.body))

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """Logits of each window, in order; windows of similar length share a batch."""
        found: dict[int, Logits] = {}
        order = sorted(range(len(windows)), key=lambda row: len(windows[row].ids))
        for batch in batches([len(windows[row].ids) for row in order], TOKENS_AT_ONCE):
            rows = [order[at] for at in batch]
            logits = self.engine.run(*pad([windows[row] for row in rows], self._padding))
            found |= {row: _logits(values, windows[row]) for row, values in zip(rows, logits, strict=True)}
        return [found[row] for row in range(len(windows))]


def pad(windows: Sequence[Window], padding: int) -> tuple[Ints, Ints, Ints]:
    """Ids, types and mask of windows, ``int64 [windows, tokens]``, padded to the longest with the token ``padding``."""
    size = (len(windows), max(len(window.ids) for window in windows))
    ids, types, mask = (np.full(size, value, dtype=np.int64) for value in (padding, 0, 0))
    for row, window in enumerate(windows):
        length = len(window.ids)
        ids[row, :length] = window.ids
        types[row, :length] = window.types
        mask[row, :length] = 1
    return ids, types, mask


def _for_conversion(path: Path) -> tuple[Any, dict[str, Any]]:
    loaded = load_weights(path)
    network = span_network(loaded.body, loaded.head)
    body: Any = loaded.body
    size = (len(PROBE_LENGTHS), max(PROBE_LENGTHS))
    ids, types, mask = (np.full(size, value, dtype=np.int64) for value in (padding(loaded.body), 0, 0))
    for row, length in enumerate(PROBE_LENGTHS):
        ids[row, :length] = np.arange(7, 7 + length) * 11 % body.config.vocab_size
        types[row, length // 3 : length], mask[row, :length] = 1, 1
    facts = {
        "description": asdict(loaded.description),
        "padding": padding(loaded.body),
        "probe": [ids.tolist(), types.tolist(), mask.tolist()],
        "logits": TorchEngine(network).run(ids, types, mask).tolist(),
    }
    return network, facts


def _compare(engine: Engine, facts: Mapping[str, Any]) -> None:
    """Raise a RuntimeError if an engine gives other logits than those that torch gave at the conversion."""
    ids, types, mask = (np.array(values, dtype=np.int64) for values in facts["probe"])
    differences = np.abs(engine.run(ids, types, mask) - np.array(facts["logits"]))[mask == 1]
    # Not a number is not the same, either.
    if not differences.max() <= SAME:
        raise RuntimeError(f"its logits differ from those of torch by {differences.max():.3f}")


def _logits(values: Floats, window: Window) -> Logits:
    """Slice a window's logits to its passage tokens."""
    inside = values[window.first : window.first + len(window.offsets)]
    return Logits(
        inside[:, START],
        inside[:, END],
        float(values[0, START] + values[0, END]),
        float(values[0, ANSWERABLE]),
    )
