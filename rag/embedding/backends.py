"""How the vectors of an embedder are computed: by sentence-transformers on torch, or by OpenVINO."""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from .engines.batching import batches
from .engines.choice import OPENVINO, chosen_engine, use_torch_instead
from .engines.openvino_engine import OpenVinoEngine, converted
from .engines.torch_engine import limit_threads, torch_device

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

#: Tokens of a batch, padding included.
TOKENS_AT_ONCE = 4096

TOKENIZER = "tokenizer.json"

#: Texts whose vectors are compared at each start with those that torch gave, and the cosine that they must reach.
PROBES = ("The ferry to Baku leaves at nine.", "Élan vital, 2022: what does «it» cost?\n\n- 3,5 %")
SAME = 0.999

#: Files of a model's folder that determine its vectors.
MODEL_FILES = (".safetensors", ".json", ".txt", ".model", ".bin")


class Backend(Protocol):
    """Computes vectors; safe to call from several threads.

    Attributes:
        engine: The library and the precision or device that computes.
        dimension, window, fingerprint: See ``Encoder``.
    """

    engine: str
    dimension: int
    window: int
    fingerprint: str

    def encode(self, texts: Sequence[str]) -> Vectors:
        """Vectors of unit length, ``float32 [len(texts), dimension]``."""

    def count_tokens(self, text: str) -> int:
        """See ``Encoder.count_tokens``."""


def load_backend(folder: str, device: str | None) -> Backend:
    """The backend that ``chosen_engine`` chooses.

    A model that OpenVINO cannot run, or that does more than its network and its tokenizer do, runs on torch.

    Args:
        folder: Folder or name that sentence-transformers loads.
        device: Torch device; a graphics card if None and there is one.

    Raises:
        InputError: This machine has no such device, or ``RAG_ENGINE`` names an engine that cannot be used.
        OSError, ValueError: The model cannot be loaded.
    """
    if chosen_engine(device) == OPENVINO:
        try:
            return OpenVinoBackend(Path(folder))
        except RuntimeError as error:
            use_torch_instead(folder, error)
    return TorchBackend(folder, torch_device(device))


def encoder_files(folder: Path) -> list[Path]:
    """The files that determine the vectors of a model in a folder."""
    return sorted(path for path in folder.rglob("*") if path.suffix in MODEL_FILES and path.is_file())


class TorchBackend:
    """sentence-transformers on torch.

    Args:
        folder: See ``load_backend``.
        device: Torch device.

    Raises:
        OSError, ValueError: The model cannot be loaded.
    """

    def __init__(self, folder: str, device: str) -> None:
        from sentence_transformers import SentenceTransformer
        from transformers.utils import logging

        logging.disable_progress_bar()  # type: ignore[no-untyped-call]
        limit_threads()
        self._model = SentenceTransformer(folder, device=device)
        self.engine = f"torch, {device}"
        self.dimension = int(self._model.get_embedding_dimension() or 0)
        # A copy, because ``encode`` enables truncation in the model's tokenizer, which would lower the counts.
        self._tokenizer = copy.deepcopy(self._model.tokenizer)
        self.window = int(self._model.max_seq_length or 512) - self._tokenizer.num_special_tokens_to_add()
        self.fingerprint = _fingerprint(self._model)
        self._lock = threading.Lock()

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Backend.encode``."""
        with self._lock:
            vectors: Vectors = self._model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return vectors

    def count_tokens(self, text: str) -> int:
        """See ``Encoder.count_tokens``."""
        return len(self._tokenizer(text, add_special_tokens=False, truncation=False, verbose=False)["input_ids"])

    def for_conversion(self) -> tuple[torch.nn.Module, Mapping[str, Any]]:
        """The network from token windows to vectors, and what ``OpenVinoBackend`` must know of the model."""
        facts = {
            "dimension": self.dimension,
            "window": self.window,
            "fingerprint": self.fingerprint,
            "longest": int(self._model.max_seq_length or 512),
            "truncated_side": self._tokenizer.truncation_side,
            "padding": int(self._tokenizer.pad_token_id or 0),
            "probes": self.encode(PROBES).tolist(),
        }
        return _embedding_network(self._model), facts


class OpenVinoBackend:
    """A converted model.

    Args:
        folder: Folder of a model with a ``tokenizer.json``.

    Raises:
        RuntimeError: OpenVINO cannot convert or run it, or gives other vectors than torch.
        OSError, ValueError: The model cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / TOKENIZER).is_file():
            raise RuntimeError(f"there is no {TOKENIZER}")
        found = converted(
            encoder_files(folder), lambda: TorchBackend(str(folder), "cpu").for_conversion(), "embedder"
        )  # fmt: skip
        facts = found.facts
        self.dimension, self.window, self.fingerprint = facts["dimension"], facts["window"], facts["fingerprint"]
        self._padding = facts["padding"]
        self._engine = OpenVinoEngine(found)
        self.engine = self._engine.name
        path = str(folder / TOKENIZER)
        self._counter, self._tokenizer = Tokenizer.from_file(path), Tokenizer.from_file(path)
        for each in (self._counter, self._tokenizer):
            each.no_padding()
            each.no_truncation()
        self._tokenizer.enable_truncation(facts["longest"], direction=facts["truncated_side"])
        cosines = (self.encode(PROBES) * np.array(facts["probes"])).sum(axis=1)
        # Not a number is not the same, either.
        if not cosines.min() >= SAME:
            raise RuntimeError(f"its vectors differ from those of torch: cosine {cosines.min():.4f}")

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Backend.encode``."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda row: len(encodings[row].ids))
        for batch in batches([len(encodings[row].ids) for row in order], TOKENS_AT_ONCE):
            rows = [order[at] for at in batch]
            size = (len(rows), len(encodings[rows[-1]].ids))
            ids, types, mask = (np.full(size, value, dtype=np.int64) for value in (self._padding, 0, 0))
            for at, row in enumerate(rows):
                length = len(encodings[row].ids)
                ids[at, :length], types[at, :length] = encodings[row].ids, encodings[row].type_ids
                mask[at, :length] = 1
            vectors[rows] = self._engine.run(ids, types, mask)
        return vectors

    def count_tokens(self, text: str) -> int:
        """See ``Encoder.count_tokens``."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)


def _embedding_network(model: SentenceTransformer) -> torch.nn.Module:
    """The modules of a model as one: ids, types and mask to vectors of unit length, ``[texts, dimension]``."""
    import torch

    class EmbeddingNetwork(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, ids: torch.Tensor, types: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
            features = {"input_ids": ids, "attention_mask": mask}
            if "token_type_ids" in model.tokenizer.model_input_names:
                features["token_type_ids"] = types
            for module in self.model:
                features = module(features)
            return torch.nn.functional.normalize(features["sentence_embedding"], dim=-1)

    return EmbeddingNetwork().eval()


def _fingerprint(model: torch.nn.Module) -> str:
    """The first 16 hexadecimal digits of the SHA-256 of all weights, with their names."""
    digest = hashlib.sha256()
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().numpy().tobytes())
    return digest.hexdigest()[:16]
