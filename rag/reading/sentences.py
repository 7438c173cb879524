"""The sentences of a passage with the signals that say whether they bear on a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ..index.lexical import coverage, terms
from ..text.segmentation import Extent, paragraphs, sentences
from .predictor import ReadText, SentenceScores


@dataclass(frozen=True, slots=True)
class SentenceSignals:
    """Signals about a sentence; for each, higher is better. One that is not computed is 0.

    Attributes:
        evidence: Log-odds that the sentence is evidence: the mean of the model's evidence output over its tokens.
        strongest: The highest evidence output of its tokens.
        neighbour: The higher ``evidence`` of the sentences before and after it.
        span: Score of the best start and the best end in the sentence, against no answer.
        answerability: Log-odds that the passage answers the question at all.
        dense: Cosine similarity of question and sentence, in [-1, 1].
        coverage: Share of the question's terms in the sentence, in [0, 1].
        nearby: Share of the question's terms in the sentence or one beside it.
    """

    evidence: float = 0.0
    strongest: float = 0.0
    neighbour: float = 0.0
    span: float = 0.0
    answerability: float = 0.0
    dense: float = 0.0
    coverage: float = 0.0
    nearby: float = 0.0


def extents(text: str) -> list[Extent]:
    """The sentences of a passage, in order, as offsets in the passage."""
    return [extent for paragraph in paragraphs(text) for extent in sentences(text, *paragraph)]


def signals(question: str, text: str, parts: Sequence[Extent], read: ReadText | None) -> list[SentenceSignals]:
    """Signals of each sentence of a passage, without ``dense``.

    Args:
        question: The question.
        text: The passage.
        parts: Its sentences; see ``extents``.
        read: What a model with an evidence output made of the passage; None if none read it.
    """
    weights = dict.fromkeys(terms(question), 1.0)
    found = []
    for number, (start, end) in enumerate(parts):
        around = parts[max(0, number - 1) : number + 2]
        found.append(
            SentenceSignals(
                coverage=coverage(weights, text[start:end]),
                nearby=coverage(weights, text[around[0].start : around[-1].end]),
            )
        )
    if read is None:
        return found
    scores = [read.sentence(*part) for part in parts]
    return [
        replace(each, **score._asdict(), neighbour=_neighbour(scores, number)) if score else each
        for number, (each, score) in enumerate(zip(found, scores, strict=True))
    ]


def _neighbour(scores: Sequence[SentenceScores | None], number: int) -> float:
    """The higher evidence of the scores beside one; its own if there is none beside it."""
    around = [score for score in [*scores[max(0, number - 1) : number], *scores[number + 1 : number + 2]] if score]
    own = scores[number]
    return max((score.evidence for score in around), default=own.evidence if own else 0.0)
