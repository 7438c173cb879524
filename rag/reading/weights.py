"""The weights file of a span model.

A model on the shipped embedder's transformer leaves the word embeddings out, since training freezes them; any other
model's folder also holds ``config.json`` and ``tokenizer.json``, and its file all weights.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..embedding.backends import encoder_files
from ..embedding.encoder import DEFAULT_ENCODER, model_folder
from ..embedding.hub import local_folder
from ..errors import InputError
from .network import network, word_embeddings
from .quantization import SCALE, quantized_names, with_scales, without_scales
from .windows import TOKENIZER, fast_tokenizer

if TYPE_CHECKING:
    import torch

#: Weights file in a reader's folder, and the files beside it for a model with a transformer of its own.
WEIGHTS, CONFIG = "reader.safetensors", "config.json"

#: File of the word embeddings of a quantized model, which has all else in ``WEIGHTS``.
WORDS = "words.safetensors"

#: Language of the shipped reader.
ENGLISH = "en"


@dataclass(frozen=True, slots=True)
class Description:
    """Metadata of a weights file.

    Attributes:
        encoder: Name of the encoder whose transformer and tokenizer the model uses or started from.
        words: SHA-256 of the word embeddings that the file leaves out, shortened to 16 hexadecimal digits; empty if it
            holds them.
        fingerprint: SHA-256 of the weights, shortened likewise.
        window: Window length in tokens that the model was trained with.
        language: ISO 639 code of the language of its training questions; empty if unknown. Files of version 0.2 and
            older do not have it; theirs were in English.
        title: Whether it was trained with the document's title before the passage.
        quantized: Whether the weights are 8-bit integers; see ``quantization``.
    """

    encoder: str
    words: str
    fingerprint: str
    window: int
    language: str = ENGLISH
    title: bool = True
    quantized: bool = False


@dataclass(frozen=True, slots=True)
class Loaded:
    """A network with its weights.

    Attributes:
        body, head: Transformer and output layer.
        description: Metadata of the weights.
        folder: Folder of the tokenizer.
    """

    body: torch.nn.Module
    head: torch.nn.Module
    description: Description
    folder: str


def load_weights(path: Path) -> Loaded:
    """Load a network from its weights file.

    Raises:
        InputError: The file is missing, damaged, not a span model's, or made for another encoder.
    """
    import torch

    stored, description = _read(path)
    tensors = without_scales(stored)
    folder = base_folder(path, description)
    outputs = len(tensors.get("head.bias", ()))
    body, head = network(folder, weights=bool(description.words), outputs=outputs)
    state = body.state_dict()
    left_out = word_embeddings(body) if description.words else None
    if left_out and digest(state[left_out]) != description.words:
        raise InputError(
            f"{path}: made for another encoder than the {description.encoder} that is installed; train it again"
        )
    expected = {f"body.{name}": value.shape for name, value in state.items() if name != left_out}
    expected |= {f"head.{name}": value.shape for name, value in head.state_dict().items()}
    if expected != {name: value.shape for name, value in tensors.items()}:
        raise InputError(f"{path}: its weights do not fit {description.encoder}; train it again")
    with torch.no_grad():
        for prefix, module in (("body", body), ("head", head)):
            for name, value in module.state_dict().items():
                if f"{prefix}.{name}" in tensors:
                    value.copy_(tensors[f"{prefix}.{name}"])
    return Loaded(body, head, description, folder)


def base_folder(path: Path, description: Description) -> str:
    """The folder of the configuration and the tokenizer of a weights file: the encoder's or the file's own."""
    return model_folder(description.encoder) if description.words else str(path.parent)


def model_files(folder: Path) -> list[Path]:
    """The files that determine the network of a reader's folder, or may do so; none if it holds no reader."""
    if not (folder / WEIGHTS).is_file():
        return encoder_files(folder, below=False) if (folder / CONFIG).is_file() else []
    own = [each for name in (WEIGHTS, WORDS, CONFIG, TOKENIZER) if (each := folder / name).is_file()]
    return [*own, *encoder_files(Path(model_folder(DEFAULT_ENCODER)))]


def base_model(name: str) -> str:
    """The folder of the encoder that a training starts from: the shipped embedder, a folder, or a model of the hub.

    Raises:
        InputError: See ``local_folder``.
    """
    return model_folder(name) if name == DEFAULT_ENCODER else str(local_folder(name))


def tokenizer_folder(reader: Path) -> str:
    """The folder of a reader's tokenizer: its own, or that of the shipped embedder."""
    return str(reader) if (reader / TOKENIZER).is_file() else model_folder(DEFAULT_ENCODER)


def save_weights(
    path: Path,
    body: torch.nn.Module,
    head: torch.nn.Module,
    *,
    encoder: str,
    folder: str,
    window: int,
    language: str = ENGLISH,
    quantize: bool = False,
) -> Description:
    """Write the weights, in half precision or as integers; returns their metadata.

    The word embeddings of the shipped embedder are left out; for another encoder, its ``config.json`` and
    ``tokenizer.json`` are written into the same folder.

    Args:
        path: The file to write.
        body, head: Transformer and output layer.
        encoder: Name of the encoder that the model started from.
        folder: Folder of that encoder.
        window: Window length in tokens that the model was trained with.
        language: ISO 639 code of the language of its training questions.
        quantize: Write word embeddings and linear layers of the transformer as 8-bit integers.
    """
    from safetensors.torch import save_file

    states = {"body": body.state_dict(), "head": head.state_dict()}
    left_out = word_embeddings(body) if folder == model_folder(DEFAULT_ENCODER) else None
    tensors = {
        f"{part}.{name}": value.detach().cpu()
        for part, state in states.items()
        for name, value in state.items()
        if name != left_out
    }
    names = [f"body.{name}" for name in quantized_names(body) if name != left_out] if quantize else []
    tensors = {
        name: (value.half() if value.is_floating_point() and not name.endswith(SCALE) else value).contiguous()
        for name, value in with_scales(tensors, names).items()
    }
    words = digest(states["body"][left_out]) if left_out else ""
    description = Description(encoder, words, fingerprint(tensors), window, language, quantized=quantize)
    metadata = {"format": "pt", "span model": json.dumps(asdict(description))}
    if not left_out:
        shutil.copyfile(Path(folder) / CONFIG, path.with_name(CONFIG))
        fast_tokenizer(Path(folder)).save(str(path.with_name(TOKENIZER)))
    in_words = {f"body.{word_embeddings(body)}{suffix}" for suffix in ("", SCALE)} if quantize else set()
    files = {path: {name: value for name, value in tensors.items() if name not in in_words}}
    if not left_out and quantize:
        files[path.with_name(WORDS)] = {name: tensors[name] for name in sorted(in_words)}
    for file, content in files.items():
        part = file.with_name(file.name + ".part")
        save_file(content, part, metadata)
        part.replace(file)
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


def _read(path: Path) -> tuple[dict[str, torch.Tensor], Description]:
    tensors, metadata = _read_file(path)
    description = _description(path, metadata)
    if description.quantized and not description.words:
        tensors |= _read_file(path.with_name(WORDS))[0]
    if fingerprint(tensors) != description.fingerprint:
        raise InputError(f"{path}: damaged: the weights do not match their fingerprint; fetch it again")
    return tensors, description


def _read_file(path: Path) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Tensors and metadata of a file."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - not a mapping
            return tensors, file.metadata() or {}
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such weights file") from error
    except (SafetensorError, OSError) as error:
        raise InputError(f"{path}: not a complete safetensors file ({error}); fetch it again") from error


def _description(path: Path, metadata: Mapping[str, str]) -> Description:
    try:
        values: dict[str, Any] = json.loads(metadata["span model"])
        return Description(**values)
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{path}: not a span model; give a file written by `rag train`") from error
