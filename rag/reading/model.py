"""The span model: the embedder's transformer with three outputs per token, and its weights file.

The outputs are the start of an answer, its end, and, at ``[CLS]``, whether the passage answers at all. The word
embeddings are the embedder's, frozen in training; the file holds everything else.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from ..embedding.encoder import model_folder
from ..errors import InputError
from .windows import Window

if TYPE_CHECKING:
    import torch

    Tensors = tuple[torch.Tensor, torch.Tensor, torch.Tensor]

Floats = npt.NDArray[np.float32]

#: The tensor that is not in the weights file.
WORDS = "embeddings.word_embeddings.weight"

#: Weights file in a reader's folder.
WEIGHTS = "reader.safetensors"

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


@dataclass(frozen=True, slots=True)
class Description:
    """Metadata of a weights file.

    Attributes:
        encoder: Name of the embedder that provides transformer and tokenizer.
        words: SHA-256 of the embedder's word embeddings, shortened to 16 hexadecimal digits.
        fingerprint: SHA-256 of the weights, shortened likewise.
        window: Window length in tokens that the model was trained with.
    """

    encoder: str
    words: str
    fingerprint: str
    window: int


def network(folder: Path | str) -> tuple[torch.nn.Module, torch.nn.Module]:
    """Load the transformer in a model folder, without dropout, and create an output layer for it.

    Raises:
        InputError: The folder holds no BERT model.
    """
    import torch
    from transformers import BertModel
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # type: ignore[no-untyped-call] # the pooling layer is left out on purpose
    try:
        body: torch.nn.Module = BertModel.from_pretrained(
            str(folder), add_pooling_layer=False, attn_implementation="eager",
            attention_probs_dropout_prob=0.0, hidden_dropout_prob=0.0,
        )  # fmt: skip
    except (OSError, ValueError) as error:
        raise InputError(f"{folder} holds no BERT model ({str(error).splitlines()[0]})") from error
    finally:
        logging.set_verbosity(verbosity)
    head = torch.nn.Linear(body.get_parameter(WORDS).shape[1], 3)
    torch.nn.init.normal_(head.weight, std=0.02)
    torch.nn.init.zeros_(head.bias)
    return body, head


class SpanModel:
    """A span model ready for inference.

    Args:
        body, head: Transformer and output layer, as ``network`` returns them.
        description: Metadata of the weights.
        device: Torch device.
    """

    def __init__(
        self, body: torch.nn.Module, head: torch.nn.Module, description: Description, device: str = "cpu"
    ) -> None:
        self.body, self.head = body.to(device).eval(), head.to(device).eval()
        self.description = description
        self.device = device

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
        return [(rows, pad([windows[row] for row in rows])) for rows in chosen]

    def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """``[windows, tokens, 3]`` logits of ``int64 [windows, tokens]`` ids, types and mask."""
        device = self.device
        hidden = self.body(
            input_ids=ids.to(device), token_type_ids=types.to(device), attention_mask=mask.to(device)
        ).last_hidden_state
        logits: torch.Tensor = self.head(hidden)
        return logits


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


def pad(windows: Sequence[Window]) -> Tensors:
    """Ids, types and mask of windows, ``int64 [windows, tokens]``, zero-padded to the longest."""
    import torch

    size = (len(windows), max(len(window.ids) for window in windows))
    ids, types, mask = (torch.zeros(size, dtype=torch.int64) for _ in range(3))
    for row, window in enumerate(windows):
        length = len(window.ids)
        ids[row, :length] = torch.tensor(window.ids)
        types[row, :length] = torch.tensor(window.types)
        mask[row, :length] = 1
    return ids, types, mask


def load_weights(path: Path, device: str = "cpu") -> SpanModel:
    """Load a span model from its weights file.

    Raises:
        InputError: The file is missing, damaged, not a span model's, or made for another encoder.
    """
    import torch
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such weights file") from error
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a complete safetensors file ({error}); fetch it again") from error
    description = _description(path, metadata)
    if fingerprint(tensors) != description.fingerprint:
        raise InputError(f"{path}: damaged: the weights do not match their fingerprint; fetch it again")
    body, head = network(model_folder(description.encoder))
    state = body.state_dict()
    if digest(state[WORDS]) != description.words:
        raise InputError(
            f"{path}: made for another encoder than the {description.encoder} that is installed; train it again"
        )
    expected = {f"body.{name}": value.shape for name, value in state.items() if name != WORDS}
    expected |= {f"head.{name}": value.shape for name, value in head.state_dict().items()}
    if expected != {name: value.shape for name, value in tensors.items()}:
        raise InputError(f"{path}: its weights do not fit {description.encoder}; train it again")
    with torch.no_grad():
        for name, value in [*body.named_parameters("body"), *head.named_parameters("head")]:
            if name.removeprefix("body.") != WORDS:
                value.copy_(tensors[name])
    return SpanModel(body, head, description, device)


def save_weights(path: Path, body: torch.nn.Module, head: torch.nn.Module, window: int, encoder: str) -> Description:
    """Write the weights in half precision, without the word embeddings; returns their metadata."""
    from safetensors.torch import save_file

    states = {"body": body.state_dict(), "head": head.state_dict()}
    tensors = {
        f"{part}.{name}": value.detach().cpu().half().contiguous()
        for part, state in states.items()
        for name, value in state.items()
        if name != WORDS
    }
    description = Description(encoder, digest(states["body"][WORDS]), fingerprint(tensors), window)
    metadata = {"format": "pt", "span model": json.dumps({f: getattr(description, f) for f in Description.__slots__})}
    part = path.with_name(path.name + ".part")
    save_file(tensors, part, metadata)
    part.replace(path)
    return description


def fingerprint(tensors: Mapping[str, torch.Tensor]) -> str:
    """SHA-256 over names and values, shortened to 16 hexadecimal digits."""
    total = hashlib.sha256()
    for name, value in sorted(tensors.items()):
        total.update(name.encode())
        total.update(value.detach().cpu().contiguous().numpy().tobytes())
    return total.hexdigest()[:16]


def digest(tensor: torch.Tensor) -> str:
    """``fingerprint`` of a single tensor."""
    return fingerprint({"": tensor})


def _description(path: Path, metadata: Mapping[str, str]) -> Description:
    try:
        values: dict[str, Any] = json.loads(metadata["span model"])
        return Description(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a span model; give a file written by `rag train`") from error


def _logits(values: Floats, window: Window) -> Logits:
    """Slice a window's logits to its passage tokens."""
    inside = values[window.first : window.first + len(window.offsets)]
    return Logits(inside[:, 0], inside[:, 1], float(values[0, 0] + values[0, 1]), float(values[0, 2]))
