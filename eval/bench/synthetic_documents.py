"""Synthetic text files and a fast encoder, for benchmarks of indexing."""

from __future__ import annotations

import hashlib
import itertools
import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from rag.embedding.encoder import Progress, Vectors
from rag.text.tokens import token_counter

#: Paragraphs of the shortest document.
PARAGRAPHS = 10

SYLLABLES = [a + b for a, b in itertools.product("b d f g k l m n p r s t v z".split(), "a e i o u".split())]


class SyntheticEncoder:
    """Hash-based vectors around 1,000 centres: deterministic, fast and without meaning."""

    name, fingerprint, dimension, window = "made up", "made-up-1", 384, 256

    def __init__(self) -> None:
        self._centres = np.random.default_rng(0).normal(size=(1_000, self.dimension)).astype(np.float32)
        self._count = token_counter()

    def encode(self, texts: Sequence[str], progress: Progress | None = None) -> Vectors:
        """``float32 [len(texts), dimension]``, unit length."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for row, text in enumerate(texts):
            seed = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")
            noise = np.random.default_rng(seed).standard_normal(self.dimension, dtype=np.float32)
            vectors[row] = self._centres[seed % 1_000] + 0.8 * noise
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors

    def count_tokens(self, text: str) -> int:
        """Number of tokens in the text."""
        return self._count(text)


def make_folder(folder: Path, passages: int, words: int = 45, most_paragraphs: int = PARAGRAPHS) -> list[Path]:
    """Write documents of one-sentence paragraphs with Zipf-distributed words; returns their paths.

    Args:
        folder: Where to write them.
        passages: Number of paragraphs in all, rounded up to whole documents.
        words: Words of a paragraph.
        most_paragraphs: Maximum number of paragraphs of a document; the minimum is ``PARAGRAPHS``.
    """
    draw = random.Random(0)
    vocabulary = ["".join(draw.choice(SYLLABLES) for _ in range(draw.randint(1, 4))) for _ in range(60_000)]
    weights = list(itertools.accumulate(1 / rank for rank in range(2, len(vocabulary) + 2)))
    files: list[Path] = []
    written = 0
    while written < passages:
        number, paragraphs = len(files), draw.randint(PARAGRAPHS, most_paragraphs)
        path = folder / f"{number // 1_000:04}" / f"{number:07}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(_text(vocabulary, weights, paragraphs, words, draw))
        files.append(path)
        written += paragraphs
    return files


def _text(vocabulary: Sequence[str], weights: Sequence[float], paragraphs: int, words: int, draw: random.Random) -> str:
    """Paragraphs of one sentence each."""
    return "\n\n".join(
        " ".join(draw.choices(vocabulary, cum_weights=weights, k=words)).capitalize() + "." for _ in range(paragraphs)
    )
