"""Shared fixtures: two documents, an index of them, and counting and quick encoders."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from rag import Encoder, SentenceTransformerEncoder, build_index
from rag.embedding.encoder import Progress, Vectors

BORDER = "The border between Kazakhstan and Russia is 7,644 km long, second only to Canada's with America."
RENTS = "Rents in Almaty doubled after the newcomers came, and many students had to leave the city."


class CountingEncoder:
    """Records the texts that an embedder embeds; name and fingerprint can be overridden."""

    def __init__(self, encoder: Encoder, name: str = "real", fingerprint: str = "") -> None:
        self._encoder = encoder
        self.name, self.fingerprint = name, fingerprint or encoder.fingerprint
        self.dimension, self.window = encoder.dimension, encoder.window
        self.embedded: list[str] = []

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        self.embedded += texts
        return self._encoder.encode(texts, progress)

    def count_tokens(self, text: str) -> int:
        return self._encoder.count_tokens(text)


class QuickEncoder:
    """Derives vectors from a hash of the text, for tests in which meaning does not matter."""

    name, fingerprint, dimension, window = "quick", "q1", 16, 256

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        seeds = [int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") for text in texts]
        vectors = np.array([np.random.default_rng(seed).normal(size=self.dimension) for seed in seeds], np.float32)
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True) if len(texts) else vectors.reshape(0, 16)

    def count_tokens(self, text: str) -> int:
        return len(text.split())


@pytest.fixture
def quick() -> CountingEncoder:
    return CountingEncoder(QuickEncoder(), "quick")


@pytest.fixture
def counting(encoder: SentenceTransformerEncoder) -> Callable[..., CountingEncoder]:
    """Makes counting wrappers of the real embedder."""
    return lambda *args, **kwargs: CountingEncoder(encoder, *args, **kwargs)


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "border.md").write_text(BORDER)
    (folder / "rents.txt").write_text(RENTS)
    return folder


@pytest.fixture
def built(tmp_path: Path, docs: Path, encoder: SentenceTransformerEncoder) -> Path:
    build_index(docs, tmp_path / "index", encoder)
    return tmp_path / "index"
