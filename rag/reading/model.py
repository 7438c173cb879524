"""The span model: windows in, logits out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, cast

import numpy as np
import numpy.typing as npt

from ..embedding.engines.base import Engine, Ints
from ..embedding.engines.batching import TOKENS_AT_ONCE, batches, pad
from ..embedding.engines.choice import OPENVINO, chosen_engine, use_torch_instead
from ..embedding.engines.merging import MergingEngine
from ..embedding.engines.openvino_engine import Conversion, OpenVinoEngine, computes_in_bfloat16, converted
from ..embedding.engines.torch_engine import TorchEngine, torch_device
from ..errors import InputError
from .network import ANSWERABLE, END, EVIDENCE, MAX_WINDOW, START, longest_window, padding, span_network
from .quantization import quantize
from .question_answering import load_question_answering
from .weights import WEIGHTS, Description, Loaded, base_folder, load_weights, model_files
from .windows import Window

if TYPE_CHECKING:
    import torch

Floats = npt.NDArray[np.float32]

#: Lengths in tokens of the windows whose logits are compared at the conversion, beside the longest that is read.
PROBE_LENGTHS = (12, 48)


class Logits(NamedTuple):
    """Outputs for a window with ``n`` passage tokens.

    Attributes:
        start, end: Logits of an answer starting or ending at each passage token, ``float32 [n]``.
        null: Logit of "no answer", on the scale of ``start + end``.
        answerability: Log-odds that the window answers, from an output of its own.
        evidence: Log-odds that each passage token belongs to evidence, ``float32 [n]``; None if the model has no such
            output.
    """

    start: Floats
    end: Floats
    null: float
    answerability: float
    evidence: Floats | None = None


class SpanModel:
    """A span model ready for inference.

    Safe to call from threads, whose windows it computes together.

    Attributes:
        engine, description, folder, padding, longest: See below.

    Args:
        engine: Computes the logits, ``float32 [windows, tokens, outputs]``.
        description: Metadata of the weights.
        folder: Folder of the tokenizer.
        padding: The padding token.
        longest: Longest window that it reads, in tokens.
    """

    def __init__(
        self, engine: Engine, description: Description, folder: str, padding: int, longest: int = MAX_WINDOW
    ) -> None:
        self.engine: Engine = MergingEngine(engine, padding)
        self.description, self.folder, self.longest = description, folder, longest
        self.padding = padding

    @classmethod
    def load(cls, folder: Path, device: str | None = None) -> Self:
        """The model in a reader's folder, on the engine that ``chosen_engine`` chooses.

        Args:
            folder: Folder of a span model, or of a question-answering model.
            device: Torch device; a graphics card if None and there is one.

        Raises:
            InputError: See ``load_weights``, ``load_question_answering`` and ``chosen_engine``; or this machine has no
                such device.
        """
        files = model_files(folder)
        if files and chosen_engine(device) == OPENVINO:
            try:
                found = converted(files, lambda: _for_conversion(folder), "reader")
                description = Description(**found.facts["description"])
                engine: Engine = OpenVinoEngine(found, quantized=description.quantized)
            except OSError as error:
                raise InputError(f"{folder}: cannot be read ({error}); check files and permissions") from error
            except RuntimeError as error:
                use_torch_instead(str(folder), error)
            else:
                tokenizer = base_folder(folder / WEIGHTS, description)
                return cls(engine, description, tokenizer, found.facts["padding"], found.facts["longest"])
        return cls._on_torch(_network(folder), torch_device(device))

    @classmethod
    def of(cls, loaded: Loaded, device: str = "cpu") -> Self:
        """The model of a network, on torch."""
        return cls._on_torch(_as_network(loaded), device)

    @classmethod
    def _on_torch(cls, network: _Network, device: str) -> Self:
        engine = TorchEngine(network.module, device)
        return cls(
            engine, network.description, network.folder, padding(network.config), longest_window(network.config)
        )  # fmt: skip

    def read(self, windows: Sequence[Window]) -> list[Logits]:
        """Logits of each window, in order; windows of similar length share a batch."""
        found: dict[int, Logits] = {}
        order = sorted(range(len(windows)), key=lambda row: len(windows[row].ids))
        for batch in batches([len(windows[row].ids) for row in order], TOKENS_AT_ONCE):
            rows = [order[at] for at in batch]
            logits = self.engine.run(*padded([windows[row] for row in rows], self.padding))
            found |= {row: _logits(values, windows[row]) for row, values in zip(rows, logits, strict=True)}
        return [found[row] for row in range(len(windows))]


def padded(windows: Sequence[Window], padding: int) -> tuple[Ints, Ints, Ints]:
    """Ids, types and mask of windows, ``int64 [windows, tokens]``, padded to the longest with the token ``padding``."""
    return pad([window.ids for window in windows], [window.types for window in windows], padding)


class _Network(NamedTuple):
    """A network from windows to logits.

    Attributes:
        module: Takes ids, types and mask.
        description: Metadata of the weights.
        folder: Folder of the tokenizer.
        config: The transformer's configuration.
    """

    module: torch.nn.Module
    description: Description
    folder: str
    config: Any


def _network(folder: Path, words_only: bool = False) -> _Network:
    if (folder / WEIGHTS).is_file():
        return _as_network(load_weights(folder / WEIGHTS), words_only)
    module, description = load_question_answering(folder)
    return _Network(module, description, str(folder), cast("Any", module).config)


def _as_network(loaded: Loaded, words_only: bool = False) -> _Network:
    """The network of a span model; see ``quantize`` for ``words_only``."""
    if loaded.description.quantized:
        quantize(loaded.body, words_only)
    module = span_network(loaded.body, loaded.head)
    return _Network(module, loaded.description, loaded.folder, cast("Any", loaded.body).config)


def _for_conversion(folder: Path) -> Conversion:
    network = _network(folder, words_only=computes_in_bfloat16())
    longest, pad_token = longest_window(network.config), padding(network.config)
    lengths = (*PROBE_LENGTHS, longest)
    ids = [[(7 + token) * 11 % network.config.vocab_size for token in range(length)] for length in lengths]
    types = [[int(token > length // 3) for token in range(length)] for length in lengths]
    probe = pad(ids, types, pad_token)
    facts = {"description": asdict(network.description), "padding": pad_token, "longest": longest}
    return Conversion(network.module, facts, probe, TorchEngine(network.module).run(*probe))


def _logits(values: Floats, window: Window) -> Logits:
    """Slice a window's logits to its passage tokens."""
    inside = values[window.first : window.first + len(window.offsets)]
    return Logits(
        inside[:, START],
        inside[:, END],
        float(values[0, START] + values[0, END]),
        float(values[0, ANSWERABLE]),
        inside[:, EVIDENCE] if values.shape[-1] > EVIDENCE else None,
    )
