"""The default reader: span models trained by the project."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, Self

from ..index.lexical import Rarity
from ..types import Hit, Passage, Signals, Span
from .contract import HitsRead
from .loading import load_predictors
from .overlaps import without_overlaps
from .predictor import Pair, ReadText, SpanPredictor
from .scoring import Ranking, prior_score
from .spans import spans_of

#: Passages read a second time, by the larger model, at most.
READ_AGAIN = 3

#: Passages whose best ``prior_score`` is further than this below the best of all are not read again: the larger model
#: hardly ever prefers them. Chosen with the weights of its second run: on the 979 questions of the fit, it read 1.5
#: passages on average, and 606 answers were right; without this limit it read 3 and 607 were right, with a limit of 4
#: 1.3 and 600, with one passage each 593.
MAX_GAP = 8.0


class _Reading(NamedTuple):
    """A question and what the first model read for it.

    Attributes:
        question: The question.
        hits: Its hits.
        pairs: What the models read, one for each hit.
        texts: What the first model made of each.
    """

    question: str
    hits: Sequence[Hit]
    pairs: Sequence[Pair]
    texts: Sequence[ReadText]


class SpanReader:
    """The default reader: a small span model, a larger one that reads the best passages again, and a fitted ranking.

    Each model scores a span from its own passage alone, so scores compare between passages. The ranking combines the
    scores of both models and of retrieval.

    Args:
        predictor: Predicts spans of all passages.
        rarity: Weights of terms that question and passage share.
        ranking: Orders the candidates.
        second: Predicts the spans of the best passages again, at most ``READ_AGAIN``; if None, those of ``predictor``
            are kept.

    Attributes:
        language: ISO 639 code of the language of the questions that the models were trained on; None if unknown.
        fingerprint: Identifies the models' weights.
        ranking: Orders the candidates.
    """

    def __init__(
        self, predictor: SpanPredictor, rarity: Rarity, ranking: Ranking, second: SpanPredictor | None = None
    ) -> None:
        models = [each.model.description for each in (predictor, second) if each]
        self.language = models[0].language or None
        self.fingerprint = "-".join(model.fingerprint for model in models)
        self._predictor, self._second = predictor, second
        self._rarity = rarity
        self.ranking = ranking

    @classmethod
    def load(cls, folder: Path, rarity: Rarity, device: str | None = None) -> Self:
        """Load a reader's folder; see ``load_predictors``.

        Args:
            folder: The reader's folder: one that ``rag train`` or ``rag eval --calibrate`` wrote, or that of a
                question-answering model of Hugging Face.
            rarity: Weights of terms that question and passage share.
            device: Torch device; a graphics card if None and there is one.

        Raises:
            InputError: The folder holds no weights or damaged ones, or an invalid ranking file.
        """
        first, second = load_predictors(folder, device)
        return cls(first, rarity, Ranking.load(folder), second)

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Candidate spans by descending ranking score.

        Raises:
            InputError: The question is too long to be read together with a passage.
        """
        return self.read_hits([(question, hits)])[0].spans

    def read_hits(self, requests: Sequence[tuple[str, Sequence[Hit]]]) -> list[HitsRead]:
        """``read`` for several questions, each with its hits, and what the models made of the passages.

        Each model reads the passages of all questions together.

        Raises:
            InputError: See ``read``.
        """
        return [read._replace(spans=self.ranking.ranked(read.spans)) for read in self._read_all(requests)]

    def candidates(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """The candidate spans by descending ``prior_score``, before they are ranked.

        Raises:
            InputError: See ``read``.
        """
        return self._read_all([(question, hits)])[0].spans

    def _read_all(self, requests: Sequence[tuple[str, Sequence[Hit]]]) -> list[HitsRead]:
        pairs = [[_pair(question, hit) for hit in hits] for question, hits in requests]
        readings = [
            _Reading(question, hits, each, texts)
            for (question, hits), each, texts in zip(
                requests, pairs, _read_together(self._predictor, pairs), strict=True
            )
        ]
        found = [
            _distinct(spans_of(reading.question, reading.hits, dict(enumerate(reading.texts)), self._rarity))
            for reading in readings
        ]
        again: list[dict[int, ReadText]] = [{} for _ in readings]
        if self._second:
            best = [_read_again(spans) for spans in found]
            chosen = [[each.pairs[number] for number in numbers] for each, numbers in zip(readings, best, strict=True)]
            read = _read_together(self._second, chosen)
            again = [dict(zip(numbers, texts, strict=True)) for numbers, texts in zip(best, read, strict=True)]
            found = [self._with_second(*each) for each in zip(readings, found, again, strict=True)]
        return [
            HitsRead(_with_margins(spans), each.texts, texts)
            for spans, each, texts in zip(found, readings, again, strict=True)
        ]

    def _with_second(self, reading: _Reading, spans: list[Span], texts: Mapping[int, ReadText]) -> list[Span]:
        """The second model's spans of the passages that it has read, then the first one's spans of the others.

        The others get the second model's lowest score.

        Args:
            reading: The first reading.
            spans: The first model's spans.
            texts: The second reading, by the number of the hit.
        """
        again = [
            replace(
                span,
                signals=replace(
                    span.signals, span=_score(reading.texts[span.hit], span, reading.hits[span.hit].passage)
                ),
            )
            for span in spans_of(reading.question, reading.hits, texts, self._rarity)
        ]
        if not again:
            return spans
        lowest = min(span.signals.second_pass_score for span in again)
        others = [
            _with_signals(span, replace(span.signals, second_pass_score=lowest))
            for span in spans
            if span.hit not in texts
        ]
        return _distinct([*again, *others])


def _read_together(predictor: SpanPredictor, requests: Sequence[Sequence[Pair]]) -> list[list[ReadText]]:
    """What a model makes of the pairs of each request, read together."""
    texts = iter(predictor.read([pair for pairs in requests for pair in pairs]))
    return [[next(texts) for _ in pairs] for pairs in requests]


def _read_again(spans: Sequence[Span]) -> list[int]:
    """Numbers of the hits that the second model reads, by the first one's spans, best first."""
    near = [span.hit for span in spans if span.score > spans[0].score - MAX_GAP]
    return list(dict.fromkeys(near))[:READ_AGAIN]


def _pair(question: str, hit: Hit) -> Pair:
    view = hit.passage.view
    cells = tuple((run.at, run.at + run.end - run.start) for run in view.runs if run.cell) if view else None
    return Pair(question, hit.title, hit.passage.read_text, cells)


def _score(text: ReadText, span: Span, passage: Passage) -> float:
    """Score of a span of a passage by the model that has read it."""
    if passage.view and (found := passage.view.locate(span.start, span.end)):
        return text.score(*found)
    return text.score(span.start - passage.start, span.end - passage.start)


def _with_signals(span: Span, signals: Signals) -> Span:
    return replace(span, signals=signals, score=prior_score(signals))


def _distinct(spans: Sequence[Span]) -> list[Span]:
    """The spans by score, without overlaps."""
    return without_overlaps(spans, lambda span: span.score)


def _with_margins(spans: list[Span]) -> list[Span]:
    """The spans with their margin over the best one that says something else, or over no answer."""
    return [
        replace(span, signals=replace(span.signals, margin=span.score - _rival_score(span, spans))) for span in spans
    ]


def _rival_score(span: Span, spans: list[Span]) -> float:
    others = (other.score for other in spans if other.text.casefold() != span.text.casefold())
    return max(next(others, 0.0), 0.0)
