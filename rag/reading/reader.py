"""Passages to spans: the ``Reader`` contract, and the default reader, a span model trained by the project."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Protocol, Self

from ..embedding.engines.choice import OPENVINO, chosen_engine
from ..embedding.engines.torch_engine import torch_device
from ..formats import is_markdown
from ..index.lexical import Rarity, coverage, terms
from ..text.links import without_link_marks
from ..text.segmentation import paragraphs, sentences
from ..text.values import with_unit
from ..types import Hit, Passage, Sentence, Signals, Span
from .folder import network_folder
from .model import SpanModel
from .predictor import Pair, Prediction, SpanPredictor
from .scoring import Ranking, prior_score
from .second_pass import Candidate, shortlist_text
from .weights import model_files

#: Spans taken from one passage.
SPANS_PER_PASSAGE = 3

#: Spans read a second time. Chosen among 3, 4, 5, 6, 8, 10, 12 and 16 on the questions that the ranking is fitted on;
#: with more in one text the model tells them apart less well.
SHORTLIST = 5

PRONOUNS = frozenset("he she it they him her them his hers its their theirs who which that this these those".split())


class Reader(Protocol):
    """Finds candidate answers in passages."""

    @property
    def language(self) -> str | None:
        """ISO 639 code of the language of questions that it understands; None if it is not limited to one."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Candidate spans of the hits' passages, best first; no two of one document overlap."""


class SpanReader:
    """The default reader: a span model, a second pass over the best spans, and a fitted ranking.

    The first pass scores a span from its own passage and the first hit alone, so scores compare between passages. The
    second pass compares the ``SHORTLIST`` best, and the ranking combines both.

    Args:
        predictor: Predicts spans of texts.
        rarity: Weights of terms that question and passage share.
        ranking: Orders the candidates.

    Attributes:
        language: ISO 639 code of the language of the questions that the model was trained on; None if unknown.
        fingerprint: Identifies the model's weights.
    """

    def __init__(self, predictor: SpanPredictor, rarity: Rarity, ranking: Ranking) -> None:
        self.language = predictor.model.description.language or None
        self.fingerprint = predictor.model.description.fingerprint
        self._predictor = predictor
        self._rarity = rarity
        self._ranking = ranking

    @classmethod
    def load(cls, folder: Path, rarity: Rarity, device: str | None = None) -> Self:
        """Load a reader's folder; models are cached by path and modification time.

        Args:
            folder: The reader's folder: one that ``rag train`` or ``rag eval --calibrate`` wrote, or that of a
                question-answering model of Hugging Face.
            rarity: Weights of terms that question and passage share.
            device: Torch device; a graphics card if None and there is one.

        Raises:
            InputError: The folder holds no weights or damaged ones, or an invalid ranking file.
        """
        engine = chosen_engine(device)
        resolved = "cpu" if engine == OPENVINO else torch_device(device)
        network = network_folder(folder)
        modified = tuple(path.stat().st_mtime_ns for path in model_files(network))
        return cls(_predictor(network, modified, engine, resolved), rarity, Ranking.load(folder))

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Candidate spans by descending ranking value, which is their score.

        Raises:
            InputError: The question is too long to be read together with a passage.
        """
        spans = _with_margins(_without_overlaps(self._first_pass(question, hits)))
        if not spans:
            return []
        spans = self._second_pass(question, hits, spans)
        ranked = [replace(span, score=self._ranking.value(span.signals)) for span in spans]
        return sorted(ranked, key=lambda span: -span.score)

    def _first_pass(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """The best spans of each passage."""
        pairs = [Pair(question, hit.title, hit.passage.text) for hit in hits]
        question_terms = list(set(terms(question)))
        weights = dict(zip(question_terms, self._rarity(question_terms), strict=True))
        spans = []
        for number, (hit, predictions) in enumerate(
            zip(hits, self._predictor.predict(pairs, SPANS_PER_PASSAGE), strict=True)
        ):
            for prediction in predictions:
                start, end = prediction.start, prediction.end
                if is_markdown(hit.passage.document_id):
                    start, end = without_link_marks(hit.passage.text, start, end)
                start, end = with_unit(hit.passage.text, start, end, question)
                words = hit.passage.text[start:end]
                if _is_answer(words) and not repeats_question(words, question):
                    signals = Signals(
                        span=prediction.score,
                        answerability=prediction.answerability,
                        retrieval=hit.score - hits[0].score,
                        dense=hit.dense,
                        coverage=coverage(weights, hit.passage.text),
                    )
                    spans.append(_span(hit.passage, number, prediction._replace(start=start, end=end), signals))
        return spans

    def _second_pass(self, question: str, hits: Sequence[Hit], spans: list[Span]) -> list[Span]:
        """Score the shortlist in one text; every other span gets the lowest of these scores."""
        joined = shortlist_text([_candidate(span, hits[span.hit].passage) for span in spans[:SHORTLIST]])
        scores = self._predictor.score(Pair(question, "", joined.text), joined.spans)
        scores += [min(scores)] * (len(spans) - len(scores))
        return [
            replace(span, signals=replace(span.signals, second_pass_score=score))
            for span, score in zip(spans, scores, strict=True)
        ]


@lru_cache(maxsize=2)
def _predictor(folder: Path, modified: tuple[int, ...], engine: str, device: str) -> SpanPredictor:
    return SpanPredictor.of(SpanModel.load(folder, device))


def _span(passage: Passage, hit: int, prediction: Prediction, signals: Signals) -> Span:
    start, end = passage.start + prediction.start, passage.start + prediction.end
    text = passage.text[prediction.start : prediction.end]
    sentence = _sentence(passage, prediction) or Sentence(start, end, text)
    return Span(passage.document_id, start, end, text, sentence, hit, prior_score(signals), signals)


def _is_answer(text: str) -> bool:
    """True if the text holds a letter or digit and is not a bare pronoun."""
    return any(character.isalnum() for character in text) and text.casefold() not in PRONOUNS


def repeats_question(text: str, question: str) -> bool:
    """True if all content words of a text stand in the question, unless the question offers a choice with "or".

    Of 542 questions that the fits use, one has only answers of this kind.
    """
    content = set(terms(text))
    return bool(content) and content <= set(terms(question)) and " or " not in question.casefold()


def _sentence(passage: Passage, prediction: Prediction) -> Sentence | None:
    """The sentence around a span; from its first to its last one if it crosses boundaries."""
    text = passage.text
    inside = [
        extent
        for paragraph in paragraphs(text)
        if paragraph.start < prediction.end and prediction.start < paragraph.end
        for extent in sentences(text, *paragraph)
        if extent.start < prediction.end and prediction.start < extent.end
    ]
    if not inside:
        return None
    start, end = inside[0].start, inside[-1].end
    return Sentence(passage.start + start, passage.start + end, text[start:end])


def _without_overlaps(spans: list[Span]) -> list[Span]:
    """The spans by score, without those that overlap a better one of their document (passages overlap)."""
    kept: dict[str, list[Span]] = {}
    for span in sorted(spans, key=lambda span: -span.score):
        others = kept.setdefault(span.document_id, [])
        if not any(span.start < other.end and other.start < span.end for other in others):
            others.append(span)
    return sorted((span for others in kept.values() for span in others), key=lambda span: -span.score)


def _with_margins(spans: list[Span]) -> list[Span]:
    """The spans with their margin over the best one that says something else, or over no answer."""
    return [
        replace(span, signals=replace(span.signals, margin=span.score - _rival_score(span, spans))) for span in spans
    ]


def _rival_score(span: Span, spans: list[Span]) -> float:
    others = (other.score for other in spans if other.text.casefold() != span.text.casefold())
    return max(next(others, 0.0), 0.0)


def _candidate(span: Span, passage: Passage) -> Candidate:
    return Candidate(passage, span.start - passage.start, span.end - passage.start)
