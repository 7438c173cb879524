"""Evidence: the sentences of passages that bear on a question, each with a probability.

A logistic regression (Platt 1999) on the signals of a sentence gives the probability. There are two, since passages
that the large model has not read lack most signals. ``rag.eval.fitting.evidence`` fits both, and the thresholds, into
the reader's folder.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from ..text.segmentation import HEADING, Extent
from ..types import Evidence, Hit
from .predictor import ReadText
from .scoring import fitted
from .sentences import SentenceSignals, extents, signals

#: Sentences whose meaning is compared with the question's, at most; each of them costs a run of the embedder.
MAX_COMPARED = 30

#: Passages whose sentences are looked at if no large model has chosen any.
PASSAGES = 3

NAMES = frozenset(field.name for field in fields(SentenceSignals))

#: Cosine similarities of a question and sentences.
Similarities = Callable[[str, Sequence[str]], Sequence[float]]


@dataclass(frozen=True, slots=True)
class Regression:
    """Turns the signals of a sentence into a probability.

    Attributes:
        weights: Weight of each signal in logits, by its name in ``SentenceSignals``.
        bias: Logits if all signals are 0.
        threshold: Probability below which a sentence is no evidence.
    """

    weights: Mapping[str, float]
    bias: float
    threshold: float

    @classmethod
    def of(cls, content: Any) -> Self:
        """The regression in a part of the file."""
        weights = {str(name): float(weight) for name, weight in content["weights"].items()}
        if unknown := sorted(weights.keys() - NAMES):
            raise ValueError(f"unknown signal {unknown[0]!r}")
        found = cls(weights, float(content["bias"]), float(content["threshold"]))
        if not 0 <= found.threshold <= 1 or not all(map(math.isfinite, [found.bias, *weights.values()])):
            raise ValueError("a weight or the threshold is out of range")
        return found

    def probability(self, sentence: SentenceSignals) -> float:
        """Probability in [0, 1] that a sentence bears on the question."""
        logits = self.bias + sum(weight * float(getattr(sentence, name)) for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, logits))))


@dataclass(frozen=True, slots=True)
class EvidenceFinder:
    """Finds evidence in passages.

    Attributes:
        read: For sentences of passages that a model with an evidence output has read.
        unread: For other sentences.
    """

    read: Regression
    unread: Regression

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The finder in a reader's folder; the shipped one if the folder has none.

        Raises:
            InputError: The file is not one that ``rag.eval.fitting.evidence`` writes.
        """
        with fitted(folder, "evidence", "rag.eval.fitting.evidence") as content:
            return cls(Regression.of(content["read"]), Regression.of(content["unread"]))

    def find(
        self, question: str, hits: Sequence[Hit], texts: Mapping[int, ReadText], similarities: Similarities
    ) -> tuple[Evidence, ...]:
        """The evidence, most probable first; of sentences that overlap, the most probable one.

        Args:
            question: The question.
            hits: The passages found.
            texts: What the large model made of passages, by the number of their hit; if empty, the first
                ``PASSAGES`` hits are looked at without it.
            similarities: Gives the cosine similarities.
        """
        found = [
            each
            for number in texts or range(min(PASSAGES, len(hits)))
            for each in self._sentences(question, number, hits[number], texts.get(number))
        ]
        found = _distinct(found)[:MAX_COMPARED]
        if found and any(each.model.weights.get("dense") for each in found):
            cosines = similarities(question, [each.text for each in found])
            found = [each.compared(cosine) for each, cosine in zip(found, cosines, strict=True)]
        likely = sorted((each for each in found if each.is_likely), key=lambda each: -each.probability)
        return tuple(each.evidence for each in likely)

    def _sentences(self, question: str, number: int, hit: Hit, read: ReadText | None) -> Iterator[_Sentence]:
        """The sentences of a passage that have words and are no headings."""
        read = read if read and read.has_evidence else None
        passage = hit.passage
        parts = extents(passage.text)
        for part, found in zip(parts, signals(question, passage.text, parts, read), strict=True):
            text = passage.text[part.start : part.end]
            if any(map(str.isalnum, text)) and not HEADING.match(text):
                yield _Sentence(hit, part, number, found, self.read if read else self.unread)


@dataclass(frozen=True, slots=True)
class _Sentence:
    """A sentence of a passage, the number of its hit, its signals, and the regression that judges it."""

    hit: Hit
    part: Extent
    number: int
    signals: SentenceSignals
    model: Regression

    @property
    def text(self) -> str:
        return self.hit.passage.text[self.part.start : self.part.end]

    @property
    def probability(self) -> float:
        return self.model.probability(self.signals)

    @property
    def is_likely(self) -> bool:
        return self.probability >= self.model.threshold

    @property
    def evidence(self) -> Evidence:
        passage = self.hit.passage
        start, end = (passage.start + at for at in self.part)
        return Evidence(passage.document_id, start, end, self.text, self.probability, self.number, self.hit.title)

    def compared(self, cosine: float) -> _Sentence:
        """The sentence with its similarity to the question."""
        return replace(self, signals=replace(self.signals, dense=float(cosine)))

    def overlaps(self, other: _Sentence) -> bool:
        """True if both share a part of a document."""
        mine, others = self.evidence, other.evidence
        return mine.document_id == others.document_id and mine.start < others.end and others.start < mine.end


def _distinct(sentences: Sequence[_Sentence]) -> list[_Sentence]:
    """The sentences, most probable first, without those that overlap a more probable one (passages overlap)."""
    kept: list[_Sentence] = []
    for sentence in sorted(sentences, key=lambda each: -each.probability):
        if not any(map(sentence.overlaps, kept)):
            kept.append(sentence)
    return kept
