"""The sentences of a passage with the signals that say whether they bear on a question."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from ..index.lexical import terms
from ..text.segmentation import Extent, paragraphs, sentences
from ..types import Hit, Passage
from .predictor import ReadText


@dataclass(frozen=True, slots=True)
class SentenceSignals:
    """Signals about a sentence; for each, higher is better. They cost no run of a model.

    Attributes:
        span: Score of the best start and the best end in the sentence by the first model, against no answer.
        retrieval: Score of the passage minus the score of the first one.
        dense: Cosine similarity of question and passage, in [-1, 1].
        coverage: Share of the question's terms in the sentence, by rarity, in [0, 1].
        titled: The same share in the sentence and the document's title.
        second_span: As ``span``, by the second model; 0 if it has not read the passage, as for the next three.
        evidence: Log-odds by the second model that the sentence is evidence: the mean over its tokens.
        strongest: The highest of its tokens.
        neighbour: The higher ``evidence`` of the sentences before and after it.
    """

    span: float = 0.0
    retrieval: float = 0.0
    dense: float = 0.0
    coverage: float = 0.0
    titled: float = 0.0
    second_span: float = 0.0
    evidence: float = 0.0
    strongest: float = 0.0
    neighbour: float = 0.0


class Part(NamedTuple):
    """A sentence of a passage, or a row of a table.

    Attributes:
        extent: Its offsets in the text of the passage.
        read: Its offsets in what is read, ``Passage.read_text``.
    """

    extent: Extent
    read: Extent


def parts_of(passage: Passage) -> list[Part]:
    """The sentences or rows of a passage, in order."""
    if passage.view:
        return [
            Part(Extent(row.start - passage.start, row.end - passage.start), Extent(row.at, row.stop))
            for row in passage.view.rows
        ]
    text = passage.text
    return [Part(extent, extent) for paragraph in paragraphs(text) for extent in sentences(text, *paragraph)]


def signals(
    hit: Hit,
    best_score: float,
    weights: Mapping[str, float],
    first: ReadText | None,
    second: ReadText | None,
) -> list[tuple[Part, SentenceSignals]]:
    """The sentences or rows of a passage, each with its signals; see ``parts_of``.

    Args:
        hit: The passage.
        best_score: Score of the first hit.
        weights: Weight of each term of the question.
        first, second: What each model made of the passage; None if it has not read it.
    """
    parts = parts_of(hit.passage)
    read = hit.passage.read_text
    shared = [{term for term in terms(read[slice(*part.read)]) if term in weights} for part in parts]
    title = {term for term in terms(hit.title) if term in weights}
    found = [
        SentenceSignals(
            retrieval=hit.score - best_score,
            dense=hit.dense,
            coverage=_share(weights, own),
            titled=_share(weights, own | title),
        )
        for own in shared
    ]
    if first:
        found = [_with_first(each, first, part.read) for each, part in zip(found, parts, strict=True)]
    if second:
        found = [_with_second(each, second, part.read) for each, part in zip(found, parts, strict=True)]
        found = [replace(each, neighbour=_neighbour(found, number)) for number, each in enumerate(found)]
    return list(zip(parts, found, strict=True))


def _share(weights: Mapping[str, float], present: set[str]) -> float:
    """Weighted share of terms, in [0, 1]; 0 if there are no weights."""
    total = sum(weights.values())
    return sum(weights[term] for term in present) / total if total else 0.0


def _with_first(sentence: SentenceSignals, read: ReadText, part: Extent) -> SentenceSignals:
    scores = read.sentence(*part)
    return replace(sentence, span=scores.span) if scores else sentence


def _with_second(sentence: SentenceSignals, read: ReadText, part: Extent) -> SentenceSignals:
    scores = read.sentence(*part)
    if scores is None:
        return sentence
    return replace(
        sentence,
        second_span=scores.span,
        evidence=scores.evidence,
        strongest=scores.strongest,
    )


def _neighbour(found: Sequence[SentenceSignals], number: int) -> float:
    """The higher evidence of the sentences beside one; its own if there is none beside it."""
    around = [*found[max(0, number - 1) : number], *found[number + 1 : number + 2]]
    return max((each.evidence for each in around), default=found[number].evidence)
