"""Evidence: the sentences of passages that bear on a question, each with a probability.

A logistic regression (Platt 1999) on the signals of a sentence gives the probability. There are two, since passages
that the second model has not read lack its signals. ``rag.eval.fitting.evidence`` fits both, and the threshold, into
the reader's folder.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, NamedTuple, Self

from ..index.lexical import Rarity, terms
from ..questions.list_items import asks_for_list
from ..questions.question_type import asks_about, asks_for_sentences
from ..text.segmentation import FENCE, HEADING, Extent
from ..types import Evidence, Hit
from .contract import HitsRead
from .overlaps import without_overlaps
from .scoring import EVIDENCE, fitted
from .sentences import SentenceSignals, signals

#: Probability of the sentence after one that bears on a question about a subject, as a share of that one's: what is
#: said of a subject goes on. Of .6 to 1 in steps of .1, the lowest with the best F1 on the 4 such questions of the
#: calibration parts (.31; .13 without). On the 19 other questions for sentences it lowers F1.
AFTER = 0.8

NAMES = frozenset(field.name for field in fields(SentenceSignals))


@dataclass(frozen=True, slots=True)
class Regression:
    """Turns the signals of a sentence into a probability.

    Attributes:
        weights: Weight of each signal in logits, by its name in ``SentenceSignals``.
        bias: Logits if all signals are 0.
    """

    weights: Mapping[str, float]
    bias: float

    @classmethod
    def of(cls, content: Any) -> Self:
        """The regression in a part of the file."""
        weights = {str(name): float(weight) for name, weight in content["weights"].items()}
        if unknown := sorted(weights.keys() - NAMES):
            raise ValueError(f"unknown signal {unknown[0]!r}")
        found = cls(weights, float(content["bias"]))
        if not all(map(math.isfinite, [found.bias, *weights.values()])):
            raise ValueError("a weight is not finite")
        return found

    def probability(self, sentence: SentenceSignals) -> float:
        """Probability in [0, 1] that a sentence bears on the question."""
        logits = self.bias + sum(weight * float(getattr(sentence, name)) for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, logits))))


@dataclass(frozen=True, slots=True)
class EvidenceFinder:
    """Finds evidence in passages.

    Attributes:
        read: For sentences of passages that the second model has read.
        unread: For other sentences.
        threshold: Probability below which a sentence is no evidence.
        further_threshold: The same for the other sentences, if the question asks for several; see ``asks_for_several``.
    """

    read: Regression
    unread: Regression
    threshold: float
    further_threshold: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The finder in a reader's folder; the shipped one if the folder has none.

        Raises:
            InputError: The file is not one that ``rag.eval.fitting.evidence`` writes.
        """
        with fitted(folder, EVIDENCE, "rag.eval.fitting.evidence") as content:
            threshold = float(content["threshold"])
            # Files of earlier versions have one threshold for all sentences.
            further = float(content.get("further_threshold", threshold))
            if not 0 <= further <= threshold <= 1:
                raise ValueError("the thresholds are not 0 <= further_threshold <= threshold <= 1")
            return cls(Regression.of(content["read"]), Regression.of(content["unread"]), threshold, further)

    def find(self, question: str, hits: Sequence[Hit], read: HitsRead, rarity: Rarity) -> tuple[Evidence, ...]:
        """The evidence, most probable first; of sentences that overlap, the most probable one.

        Args:
            question: The question.
            hits: The passages found.
            read: What the models made of them.
            rarity: Weights of the question's terms.
        """
        sentences = list(candidates(question, hits, read, rarity))
        own = [(self.read if each.is_read_again else self.unread).probability(each.signals) for each in sentences]
        probabilities = _with_following(sentences, own) if asks_about(question) else own
        if max(probabilities, default=0) < self.threshold:
            return ()
        least = self.further_threshold if asks_for_several(question) else self.threshold
        found = [
            _evidence(each, hits[each.hit], probability)
            for each, probability in zip(sentences, probabilities, strict=True)
            if probability >= least
        ]
        return tuple(without_overlaps(found, lambda each: each.probability))


def asks_for_several(question: str) -> bool:
    """True if several sentences answer better than one: the question asks for sentences or for a list."""
    return asks_for_sentences(question) or asks_for_list(question)


class Candidate(NamedTuple):
    """A sentence of a passage.

    Attributes:
        hit: Index of the passage's hit, from 0.
        part: Its offsets in the passage.
        signals: Its signals.
        is_read_again: Has the second model read the passage, and has it an output for evidence?
    """

    hit: int
    part: Extent
    signals: SentenceSignals
    is_read_again: bool


def candidates(question: str, hits: Sequence[Hit], read: HitsRead, rarity: Rarity) -> Iterator[Candidate]:
    """The sentences of the passages that have words and are no headings or marks of code; see ``find``."""
    asked = list(set(terms(question)))
    weights = dict(zip(asked, rarity(asked), strict=True))
    for number, hit in enumerate(hits):
        first = read.texts[number] if read.texts else None
        second = read.again.get(number)
        second = second if second and second.has_evidence else None
        for part, found in signals(hit, hits[0].score, weights, first, second):
            sentence = hit.passage.text[slice(*part.extent)]
            is_mark = HEADING.match(sentence) or FENCE.fullmatch(sentence)
            if any(map(str.isalnum, sentence)) and not is_mark:
                yield Candidate(number, part.extent, found, second is not None)


def _with_following(sentences: Sequence[Candidate], own: Sequence[float]) -> list[float]:
    """The probabilities; that of a sentence is at least ``AFTER`` times that of the one before it in its passage."""
    return [
        max(own[number], AFTER * own[number - 1]) if number and sentences[number - 1].hit == each.hit else own[number]
        for number, each in enumerate(sentences)
    ]


def _evidence(candidate: Candidate, hit: Hit, probability: float) -> Evidence:
    passage, (start, end) = hit.passage, candidate.part
    return Evidence(
        passage.document_id,
        passage.start + start,
        passage.start + end,
        passage.text[start:end],
        probability,
        candidate.hit,
        hit.title,
    )
