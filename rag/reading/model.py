"""The span model: windows in, logits out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt

from ..embedding.engines.base import Engine, Ints
from ..embedding.engines.batching import TOKENS_AT_ONCE, batches, pad
from ..embedding.engines.choice import OPENVINO, chosen_engine, use_torch_instead
from ..embedding.engines.merging import MergingEngine
from ..embedding.engines.openvino_engine import Conversion, OpenVinoEngine, converted
from ..embedding.engines.torch_engine import TorchEngine, torch_device
from ..errors import InputError
from .network import ANSWERABLE, END, START, padding, span_network
from .weights import Description, Loaded, base_folder, load_weights, model_files
from .windows import Window

Floats = npt.NDArray[np.float32]

#: Lengths in tokens of the windows whose logits are compared at the conversion; the longest is that of the model.
PROBE_LENGTHS = (12, 48)


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

    Safe to call from threads, whose windows it computes together.

    Args:
        engine: Computes the logits, ``float32 [windows, tokens, outputs]``.
        description: Metadata of the weights.
        folder: Folder of the tokenizer.
        padding: The padding token.
    """

    def __init__(self, engine: Engine, description: Description, folder: str, padding: int) -> None:
        self.engine: Engine = MergingEngine(engine, padding)
        self.description, self.folder = description, folder
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
                engine: Engine = OpenVinoEngine(found)
            except OSError as error:
                raise InputError(f"{path}: cannot be read ({error}); check the file and its permissions") from error
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
            logits = self.engine.run(*padded([windows[row] for row in rows], self._padding))
            found |= {row: _logits(values, windows[row]) for row, values in zip(rows, logits, strict=True)}
        return [found[row] for row in range(len(windows))]


def padded(windows: Sequence[Window], padding: int) -> tuple[Ints, Ints, Ints]:
    """Ids, types and mask of windows, ``int64 [windows, tokens]``, padded to the longest with the token ``padding``."""
    return pad([window.ids for window in windows], [window.types for window in windows], padding)


def _for_conversion(path: Path) -> Conversion:
    loaded = load_weights(path)
    network, body = span_network(loaded.body, loaded.head), cast("Any", loaded.body)
    lengths = (*PROBE_LENGTHS, loaded.description.window)
    ids = [[(7 + token) * 11 % body.config.vocab_size for token in range(length)] for length in lengths]
    types = [[int(token > length // 3) for token in range(length)] for length in lengths]
    probe = pad(ids, types, padding(body))
    facts = {"description": asdict(loaded.description), "padding": padding(body)}
    return Conversion(network, facts, probe, TorchEngine(network).run(*probe))


def _logits(values: Floats, window: Window) -> Logits:
    """Slice a window's logits to its passage tokens."""
    inside = values[window.first : window.first + len(window.offsets)]
    return Logits(
        inside[:, START],
        inside[:, END],
        float(values[0, START] + values[0, END]),
        float(values[0, ANSWERABLE]),
    )
