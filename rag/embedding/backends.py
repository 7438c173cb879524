"""How the vectors of an embedder are computed: by sentence-transformers on torch, or by OpenVINO."""

from __future__ import annotations

import copy
import hashlib
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt
from tokenizers import Tokenizer

from .engines.batching import TOKENS_AT_ONCE, batches, pad
from .engines.choice import OPENVINO, chosen_engine, use_torch_instead
from .engines.merging import MergingEngine
from .engines.openvino_engine import Conversion, OpenVinoEngine, converted
from .engines.torch_engine import limit_threads, torch_device

if TYPE_CHECKING:
    import torch
    from sentence_transformers import SentenceTransformer

Vectors = npt.NDArray[np.float32]

TOKENIZER = "tokenizer.json"

#: Texts whose tokens and vectors are compared at the conversion: short, of unusual characters, longer than any window.
PROBES = (
    "The ferry to Baku leaves at nine.",
    "  Élan vital, 2022: what does «it» cost?\n\n- 3,5 % ﬁne 北京 Ｆｕｌｌ Straße naïve 🙂\u200b ",
    " ".join(f"Line {number} of the table." for number in range(2_000)),
)

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
        folder: Folder of a model of sentence-transformers.
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


def encoder_files(folder: Path, *, below: bool = True) -> list[Path]:
    """The files that determine the output of a model in a folder; of its subfolders, too, if ``below``."""
    paths = folder.rglob("*") if below else folder.iterdir()
    return sorted(path for path in paths if path.suffix in MODEL_FILES and path.is_file())


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
        # Some weights are stored in half precision.
        self._model = SentenceTransformer(folder, device=device).float()
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

    def for_conversion(self, tokenizer: Tokenizer) -> Conversion:
        """The network from token windows to vectors, and what ``OpenVinoBackend`` must know of the model.

        Args:
            tokenizer: The model's tokenizer without the rules that sentence-transformers adds.

        Raises:
            RuntimeError: It gives other tokens than sentence-transformers.
        """
        facts = {
            "dimension": self.dimension,
            "window": self.window,
            "fingerprint": self.fingerprint,
            "longest": int(self._model.max_seq_length or 512),
            "truncated_side": self._tokenizer.truncation_side,
            "padding": int(self._tokenizer.pad_token_id or 0),
        }
        expected = self._model.tokenizer(list(PROBES), truncation=True, max_length=facts["longest"])["input_ids"]
        tokenizer.enable_truncation(facts["longest"], direction=facts["truncated_side"])
        encodings = tokenizer.encode_batch(list(PROBES))
        if [encoding.ids for encoding in encodings] != expected:
            raise RuntimeError(f"its {TOKENIZER} gives other tokens than sentence-transformers")
        probe = pad(expected, [encoding.type_ids for encoding in encodings], facts["padding"])
        return Conversion(_embedding_network(self._model), facts, probe, self.encode(PROBES))


class OpenVinoBackend:
    """A converted model.

    Args:
        folder: Folder of a model with a ``tokenizer.json``.

    Raises:
        RuntimeError: OpenVINO cannot convert or run it, or its tokens or vectors would differ from those of torch.
        OSError, ValueError: The model cannot be loaded.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / TOKENIZER).is_file():
            raise RuntimeError(f"there is no {TOKENIZER}")
        self._counter, self._tokenizer = _bare_tokenizer(folder), _bare_tokenizer(folder)
        found = converted(
            encoder_files(folder),
            lambda: TorchBackend(str(folder), "cpu").for_conversion(_bare_tokenizer(folder)),
            "embedder",
        )
        facts = found.facts
        self.dimension, self.window, self.fingerprint = facts["dimension"], facts["window"], facts["fingerprint"]
        self._padding = facts["padding"]
        self._engine = MergingEngine(OpenVinoEngine(found), self._padding)
        self.engine = self._engine.name
        self._tokenizer.enable_truncation(facts["longest"], direction=facts["truncated_side"])

    def encode(self, texts: Sequence[str]) -> Vectors:
        """See ``Backend.encode``."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        encodings = self._tokenizer.encode_batch(list(texts))
        order = sorted(range(len(texts)), key=lambda row: len(encodings[row].ids))
        for batch in batches([len(encodings[row].ids) for row in order], TOKENS_AT_ONCE):
            rows = [order[at] for at in batch]
            ids, types = [encodings[row].ids for row in rows], [encodings[row].type_ids for row in rows]
            vectors[rows] = self._engine.run(*pad(ids, types, self._padding))
        return vectors

    def count_tokens(self, text: str) -> int:
        """See ``Encoder.count_tokens``."""
        return len(self._counter.encode(text, add_special_tokens=False).ids)


def _bare_tokenizer(folder: Path) -> Tokenizer:
    """The tokenizer in a model's folder, without truncation and padding."""
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    return tokenizer


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
