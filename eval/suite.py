"""Runs an assistant over questions, and sums up what became of them."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from rag import Answer, Assistant, Hit

from .metrics import (
    bootstrap_interval,
    calibration_error,
    exact_match,
    mean_reciprocal_rank,
    precision_recall_f1,
    recall_at,
    token_f1,
)
from .questions import Gold, Question

CUTOFFS = (1, 3, 5, 10, 20)

#: Passages that an assistant under test has to retrieve, so that the last cutoff means something.
DEPTH = CUTOFFS[-1]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question.

    Attributes:
        question: Which one.
        rank: Rank of the first hit that overlaps a gold quote, from 1; None where there is none.
        given: The text that was answered, empty where the assistant abstained.
        best: The text of the best candidate, answered or withheld.
        confidence: Of the best candidate; 0 where there is none.
        sentence_hit: The best candidate's sentence overlaps a gold quote.
        seconds: To answer it.
    """

    question: Question
    rank: int | None
    given: str
    best: str
    confidence: float
    sentence_hit: bool
    seconds: float

    @property
    def golds(self) -> list[str]:
        """The texts that would be right."""
        return [gold.text for gold in self.question.golds]

    @property
    def right(self) -> bool:
        """Is the best candidate right: at least half its words (F1), or a sentence that holds a whole gold?"""
        return is_right(self.best, self.golds, self.sentence_hit)


@dataclass(frozen=True, slots=True)
class Figure:
    """A mean with its 95% bootstrap interval over ``count`` questions."""

    value: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """What the outcomes come to; retrieval and reading over the answerable questions only.

    Attributes:
        answerable, unanswerable: How many questions of each.
        recall: By cutoff.
        mrr: Mean reciprocal rank.
        exact_match, f1: Of what was answered; withheld counts as wrong.
        best_exact_match, best_f1: If the best candidate had always been answered.
        sentence_hit: The best candidate stands in the right sentence.
        abstention: Precision, recall and F1 of saying "not found", an unanswerable question being the positive case.
        calibration_error: Expected calibration error of the best candidates' confidence, all questions.
        seconds_median, seconds_p95: To answer one; the latter is the least that 95% of the questions do not exceed.
    """

    answerable: int
    unanswerable: int
    recall: dict[int, Figure]
    mrr: Figure
    exact_match: Figure
    f1: Figure
    best_exact_match: Figure
    best_f1: Figure
    sentence_hit: Figure
    abstention: tuple[float, float, float]
    calibration_error: float
    seconds_median: float
    seconds_p95: float


def run(
    assistant: Assistant, questions: Sequence[Question], progress: Callable[[int, int], None] | None = None
) -> Iterable[Outcome]:
    """The outcome of each question, in order, as it comes."""
    for done, question in enumerate(questions, start=1):
        result = assistant.ask(question.text)
        best = result.answers[0] if result.answers else None
        yield Outcome(
            question=question,
            rank=first_gold_rank(result.hits, question.golds),
            given=result.answer.text if result.answer else "",
            best=best.text if best else "",
            confidence=best.confidence if best else 0.0,
            sentence_hit=best is not None and in_gold_sentence(best, question.golds),
            seconds=result.seconds.total,
        )
        if progress:
            progress(done, len(questions))


def summarise(outcomes: Sequence[Outcome], seed: int = 0) -> Summary:
    """Sum up at least one outcome; where no question is answerable those figures are 0, with a count of 0."""
    answerable = [outcome for outcome in outcomes if outcome.golds]
    seconds = sorted(outcome.seconds for outcome in outcomes)

    def figure(measure: Callable[[Outcome], float]) -> Figure:
        return _figure([measure(outcome) for outcome in answerable], seed)

    return Summary(
        answerable=len(answerable),
        unanswerable=len(outcomes) - len(answerable),
        recall={k: figure(lambda o, k=k: recall_at(k, [o.rank])) for k in CUTOFFS},  # type: ignore[misc]
        mrr=figure(lambda o: mean_reciprocal_rank([o.rank])),
        exact_match=figure(lambda o: exact_match(o.given, o.golds)),
        f1=figure(lambda o: token_f1(o.given, o.golds)),
        best_exact_match=figure(lambda o: exact_match(o.best, o.golds)),
        best_f1=figure(lambda o: token_f1(o.best, o.golds)),
        sentence_hit=figure(lambda o: o.sentence_hit),
        abstention=precision_recall_f1([not o.given for o in outcomes], [not o.golds for o in outcomes]),
        calibration_error=calibration_error([o.confidence for o in outcomes], [o.right for o in outcomes]),
        seconds_median=statistics.median(seconds),
        seconds_p95=seconds[math.ceil(0.95 * len(seconds)) - 1],
    )


def first_gold_rank(hits: Sequence[Hit], golds: Sequence[Gold]) -> int | None:
    """Rank from 1 of the first hit that overlaps a gold quote."""
    for rank, hit in enumerate(hits, start=1):
        passage = hit.passage
        if any(_overlap(passage.document_id, passage.start, passage.end, gold) for gold in golds):
            return rank
    return None


def in_gold_sentence(answer: Answer, golds: Sequence[Gold]) -> bool:
    """Does the answer's sentence overlap a gold quote?"""
    return any(_overlap(answer.document, answer.sentence.start, answer.sentence.end, gold) for gold in golds)


def is_right(text: str, golds: Sequence[str], sentence_hit: bool) -> bool:
    """Half the words of a gold answer (F1), or the right sentence holding a whole gold answer."""
    return bool(golds) and (token_f1(text, golds) >= 0.5 or (sentence_hit and any(gold in text for gold in golds)))


def _overlap(document: str, start: int, end: int, gold: Gold) -> bool:
    return document == gold.document and max(start, gold.start) < min(end, gold.end)


def _figure(values: list[float], seed: int) -> Figure:
    if not values:
        return Figure(0.0, 0.0, 0.0, 0)
    low, high = bootstrap_interval(values, seed)
    return Figure(statistics.fmean(values), low, high, len(values))
