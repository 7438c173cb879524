"""Large collections made up for measuring: vectors about real embeddings, passages with the words of a language.

**Vectors.** Sentences are made from the shipped articles: every word of four letters and more is exchanged for one of
the 40 words of a topic, drawn from the embedder's own vocabulary, so that they spread over all of it and still stand
in clusters. The embedder embeds them; each vector of the collection is then one of these, moved part of the way
(evenly up to 60%) to one of its ten nearest others, and by Gaussian noise that has the covariance of them all, that is
the spectrum of real embeddings. How far the noise goes is the ``spread``. The queries are real embeddings of questions
made in the same manner, which are not in the collection.

**Passages.** Words are drawn by Zipf's law with Mandelbrot's shift and a steeper fall beyond the first ten thousand
(frequency of the word of rank ``r`` in proportion to ``1 / (r + 2.7) / (1 + r / 10,000)``, the two regimes of Ferrer i
Cancho & Solé 2001), with two stop words to every three others.
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

#: Length of the noise beside a vector of length 1.
SPREAD, HARDER_SPREAD = 0.6, 1.0

#: Vectors, and passages, made at a time.
BLOCK = 20_000

#: A vector is moved towards one of this many neighbours.
NEAR = 10

WORD = re.compile(r"[^\W\d_]{4,}")
QUESTIONS = ("What did the {} {} say about the {}?", "How many {} are there in the {}?", "Why was the {} of {} {}?",
             "Who led the {} {}?", "Which {} made the {} {} in {}?")  # fmt: skip


class Embeddings:
    """Vectors like those of a large collection of texts.

    Args:
        seeds: How many real embeddings to start from.
        queries: How many questions to embed.
        topics: How many clusters they stand in.
    """

    def __init__(self, seeds: int = 4_000, queries: int = 100, topics: int = 400) -> None:
        sentences = [each for file in sorted(shipped_corpus().glob("*.md")) for each in _sentences(file)]
        encoder = SentenceTransformerEncoder()
        random = np.random.default_rng(0)
        words = _vocabulary()
        about = [random.choice(words, 40, replace=False).tolist() for _ in range(topics)]
        made = [_exchange(sentences[i % len(sentences)], about[i % topics], random) for i in range(seeds)]
        asked = [_asked(i, about[random.integers(topics)], random) for i in range(queries)]
        self.queries: Vectors = encoder.encode(asked)
        self._seeds: Vectors = encoder.encode(made)
        cosines = self._seeds @ self._seeds.T
        self._near: Rows = np.argpartition(-cosines, NEAR, axis=1)[:, : NEAR + 1]
        # Noise times this has the covariance of the seeds, and length 1 on average.
        values, axes = np.linalg.eigh(np.cov(self._seeds, rowvar=False))
        self._root: Vectors = (axes * np.sqrt(values.clip(0) / values.sum())).T.astype(np.float32)

    def blocks(self, count: int, spread: float = SPREAD) -> Iterator[Vectors]:
        """``count`` vectors, ``BLOCK`` at a time."""
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
    """The whole words of the embedder's vocabulary, of four letters and more."""
    tokenizer = json.loads((Path(model_folder(DEFAULT_ENCODER)) / "tokenizer.json").read_text(encoding="utf-8"))
    return [word for word in tokenizer["model"]["vocab"] if WORD.fullmatch(word)]


def _sentences(file: Path) -> list[str]:
    return [each for each in re.split(r"(?<=[.!?])\s+", file.read_text(encoding="utf-8")) if len(each) > 30]


def _asked(number: int, words: Sequence[str], random: np.random.Generator) -> str:
    return QUESTIONS[number % len(QUESTIONS)].format(*random.choice(words, 4))


def _exchange(sentence: str, words: Sequence[str], random: np.random.Generator) -> str:
    """The sentence with each of its longer words exchanged for one of the words."""
    return WORD.sub(lambda _: str(random.choice(words)), sentence)


def passages(count: int, seed: int = 0, words: int = 1_000_000) -> Iterator[str]:
    """Texts of 30 to 150 words, the same ones for the same seed."""
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
    """The word of that rank, made of syllables; the common ones are the shorter ones."""
    letters = ""
    while rank >= 0:
        rank, at = divmod(rank, 100)
        letters += "bcdfghjklmnpqrstvwxz"[at // 5] + "aeiou"[at % 5]
        rank -= 1
    return letters
