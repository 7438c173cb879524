"""Synthetic collections of a million passages: realistic vectors, and texts with realistic word frequencies.

**Vectors.** In sentences of the shipped articles, every word of four or more letters is replaced by one of the 40
words of a topic, drawn from the embedder's vocabulary, so that the sentences cover the space and form clusters. Each
vector of the collection is the embedding of such a sentence, moved up to 60% (uniformly) towards one of its ten nearest
neighbours, plus Gaussian noise with the covariance of all embeddings; ``spread`` is the length of the noise. Queries
are embeddings of questions made in the same way.

**Passages.** Word frequencies follow Zipf-Mandelbrot's law with a steeper tail beyond rank 10,000: the frequency of
rank ``r`` is proportional to ``1 / (r + 2.7) / (1 + r / 10,000)`` (two regimes, Ferrer i Cancho & Solé 2001). Two of
five words are stop words.
"""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np

from rag.embedding.encoder import DEFAULT_ENCODER, SentenceTransformerEncoder, model_folder
from rag.index.lexical import STOP_WORDS
from rag.index.vectors import Rows, Vectors
from rag.paths import shipped_corpus

#: Length of the noise, relative to unit vectors.
SPREAD, HARDER_SPREAD = 0.6, 1.0

#: Vectors or passages generated at a time.
BLOCK = 20_000

#: Nearest neighbours that a vector may be moved towards.
NEAR = 10

WORD = re.compile(r"[^\W\d_]{4,}")
QUESTIONS = ("What did the {} {} say about the {}?", "How many {} are there in the {}?", "Why was the {} of {} {}?",
             "Who led the {} {}?", "Which {} made the {} {} in {}?")  # fmt: skip


class Embeddings:
    """Vectors like those of a large collection of texts.

    Args:
        seeds: Number of real embeddings to start from.
        queries: Number of questions to embed.
        topics: Number of clusters.
    """

    def __init__(self, seeds: int = 4_000, queries: int = 100, topics: int = 400) -> None:
        sentences = [each for file in sorted(shipped_corpus().glob("*.md")) for each in _sentences(file)]
        encoder = SentenceTransformerEncoder()
        random = np.random.default_rng(0)
        words = _vocabulary()
        topic_words = [random.choice(words, 40, replace=False).tolist() for _ in range(topics)]
        texts = [_replace_words(sentences[i % len(sentences)], topic_words[i % topics], random) for i in range(seeds)]
        questions = [_question(i, topic_words[random.integers(topics)], random) for i in range(queries)]
        self.queries: Vectors = encoder.encode(questions)
        self._seeds: Vectors = encoder.encode(texts)
        cosines = self._seeds @ self._seeds.T
        self._near: Rows = np.argpartition(-cosines, NEAR, axis=1)[:, : NEAR + 1]
        # Turns white noise into noise with the seeds' covariance, of length 1 on average.
        values, axes = np.linalg.eigh(np.cov(self._seeds, rowvar=False))
        self._root: Vectors = (axes * np.sqrt(values.clip(0) / values.sum())).T.astype(np.float32)

    def blocks(self, count: int, spread: float = SPREAD) -> Iterator[Vectors]:
        """Yield ``count`` vectors, ``BLOCK`` at a time: ``float32 [block, dimension]``, unit length."""
        for at in range(0, count, BLOCK):
            random = np.random.default_rng((1, at))
            size = min(BLOCK, count - at)
            seeds = random.integers(len(self._seeds), size=size)
            near = self._near[seeds, random.integers(NEAR + 1, size=size)]
            share = random.uniform(0, 0.6, (size, 1)).astype(np.float32)
            noise = random.standard_normal((size, self._seeds.shape[1]), dtype=np.float32) @ self._root
            vectors = (1 - share) * self._seeds[seeds] + share * self._seeds[near] + spread * noise
            yield vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def _vocabulary() -> list[str]:
    """The whole words of four or more letters in the embedder's vocabulary."""
    tokenizer = json.loads((Path(model_folder(DEFAULT_ENCODER)) / "tokenizer.json").read_text(encoding="utf-8"))
    return [word for word in tokenizer["model"]["vocab"] if WORD.fullmatch(word)]


def _sentences(file: Path) -> list[str]:
    return [each for each in re.split(r"(?<=[.!?])\s+", file.read_text(encoding="utf-8")) if len(each) > 30]


def _question(number: int, words: Sequence[str], random: np.random.Generator) -> str:
    return QUESTIONS[number % len(QUESTIONS)].format(*random.choice(words, 4))


def _replace_words(sentence: str, words: Sequence[str], random: np.random.Generator) -> str:
    """The sentence with each longer word replaced by a random one of the words."""
    return WORD.sub(lambda _: str(random.choice(words)), sentence)


def passages(count: int, seed: int = 0, words: int = 1_000_000) -> Iterator[str]:
    """Yield texts of 30 to 150 words, reproducible by seed."""
    ranks = np.arange(words)
    cumulated = np.cumsum(1 / (ranks + 2.7) / (1 + ranks / 10_000))
    cumulated /= cumulated[-1]
    stops = sorted(STOP_WORDS)
    for at in itertools.count(0, BLOCK):
        if at >= count:
            return
        random = np.random.default_rng((seed, at))
        lengths = random.integers(30, 151, min(BLOCK, count - at))
        drawn_ranks = np.searchsorted(cumulated, random.random(lengths.sum()))
        stop = random.random(lengths.sum()) < 0.4
        drawn = (
            stops[rank % len(stops)] if is_stop else _word(rank)
            for rank, is_stop in zip(drawn_ranks.tolist(), stop.tolist(), strict=True)
        )  # fmt: skip
        for length in lengths.tolist():
            yield " ".join(itertools.islice(drawn, length))


@lru_cache(maxsize=200_000)
def _word(rank: int) -> str:
    """A pronounceable word for a rank; common words are shorter."""
    letters = ""
    while rank >= 0:
        rank, at = divmod(rank, 100)
        letters += "bcdfghjklmnpqrstvwxz"[at // 5] + "aeiou"[at % 5]
        rank -= 1
    return letters
