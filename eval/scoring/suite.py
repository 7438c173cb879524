"""Runs an assistant over questions, and judges what became of each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from rag import Answer, Assistant, Hit, Index, Passage, Result
from rag.questions.schema import Gold, Question
from rag.text.segmentation import paragraphs

from .metrics import exact_match, ndcg_at, overlap, relevance, token_f1

CUTOFFS = (1, 3, 5, 10, 20)

#: Passages that are retrieved, so that the last cutoff means something; the reader is given no more than ever.
DEPTH = CUTOFFS[-1]

#: What a failed question is put down to, in the order in which the stages come; the first that failed is to blame.
CAUSES = {
    "retrieval": "no gold words in the passages that the reader was given",
    "reading": "the passages held the gold words, the best candidate was another one",
    "abstaining": "the best candidate was right, and withheld as too unsure",
    "answering": "no document answers, and an answer was given",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A question, and what the assistant made of it.

    Attributes:
        question: What was asked.
        found: The hits, at least ``DEPTH`` where there are so many; empty where the gold paragraph was given.
        result: What the assistant made of the first of them.
        ceiling: What it made of the gold paragraphs alone; None for a question without gold.
        attainable: Relevance of each passage that overlaps a gold quote.
    """

    question: Question
    found: tuple[Hit, ...]
    result: Result
    ceiling: Result | None
    attainable: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one question, in values that JSON can hold.

    Attributes:
        id, text, kind, tags, document: Of the question.
        golds: The texts that would be right.
        rank: Rank from 1 of the first hit that overlaps a gold quote; None where there is none.
        ndcg: nDCG@10 of the hits.
        best: The text of the best candidate, empty where there is none.
        answered: Was it given, or withheld?
        confidence: Of the best candidate; 0 where there is none.
        exact_match, f1, overlap: Of the best candidate against the golds; 0 where there are none.
        sentence_hit: Its sentence overlaps a gold quote.
        right: See ``is_right``.
        ceiling_f1, ceiling_right: The same of the best candidate with the gold paragraphs given; 0 without gold.
        cause: One of ``CAUSES``, or None where the question was handled right.
        retrieve, read, total: Seconds.
    """

    id: str
    text: str
    kind: str
    tags: tuple[str, ...]
    document: str
    golds: tuple[str, ...]
    rank: int | None
    ndcg: float
    best: str
    answered: bool
    confidence: float
    exact_match: float
    f1: float
    overlap: float
    sentence_hit: bool
    right: bool
    ceiling_f1: float
    ceiling_right: bool
    cause: str | None
    retrieve: float
    read: float
    total: float

    @property
    def given(self) -> str:
        """The text that was answered, empty where it was withheld."""
        return self.best if self.answered else ""

    @property
    def withheld(self) -> bool:
        """Was "not found" said?"""
        return not self.answered

    @property
    def unanswerable(self) -> bool:
        """Does no document answer?"""
        return not self.golds

    @property
    def handled(self) -> bool:
        """Was a right answer given, or rightly none?"""
        return self.cause is None

    @property
    def exact_match_answered(self) -> float:
        """``exact_match`` of what was given; withheld is wrong."""
        return self.exact_match * self.answered

    @property
    def f1_answered(self) -> float:
        """``f1`` of what was given; withheld is wrong."""
        return self.f1 * self.answered

    @property
    def exact_match_all(self) -> float:
        """As SQuAD 2.0 counts: withholding is right where no document answers."""
        return self.exact_match_answered if self.golds else float(self.withheld)

    @property
    def f1_all(self) -> float:
        """As SQuAD 2.0 counts: withholding is right where no document answers."""
        return self.f1_answered if self.golds else float(self.withheld)


def run(
    assistant: Assistant,
    questions: Sequence[Question],
    gold_given: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Trial]:
    """The trial of each question, in order, as it comes.

    Args:
        assistant: Who is asked.
        questions: What.
        gold_given: Reading comprehension: the reader gets the gold paragraphs and nothing else; for a question
            without gold the document that it was written for.
        progress: Told how many are done.
    """
    places = Places(assistant.index)
    for done, question in enumerate(questions, start=1):
        golds = places.gold_paragraphs(question)
        given = Result.of_hits(question.text, assistant.retriever.rank(question.text, golds) if golds else [])
        if gold_given:
            hits: tuple[Hit, ...] = ()
            result = assistant.judge(assistant.read(given))
            ceiling = result if question.golds else None
        else:
            found = assistant.retrieve(question.text, k=max(DEPTH, assistant.passages))
            hits = found.hits[:DEPTH]
            result = assistant.judge(assistant.read(replace(found, hits=found.hits[: assistant.passages])))
            ceiling = assistant.judge(assistant.read(given)) if question.golds else None
        yield Trial(question, hits, result, ceiling, places.attainable(question.golds))
        if progress:
            progress(done, len(questions))


class Places:
    """Which passages of an index hold what."""

    def __init__(self, index: Index) -> None:
        self._documents = index.documents
        self._passages = index.passages
        self._rows: dict[str, list[int]] = defaultdict(list)
        for row, passage in enumerate(index.passages):
            self._rows[passage.document_id].append(row)

    def gold_paragraphs(self, question: Question) -> list[int]:
        """Rows of the passages that overlap the paragraphs of the golds; without gold, those of its document."""
        if not question.golds:
            return self._rows[question.document]
        extents = [(gold.document, *self._paragraph(gold)) for gold in question.golds]
        rows = {
            row
            for document, start, end in extents
            for row in self._rows[document]
            if self._passages[row].start < end and start < self._passages[row].end
        }
        return sorted(rows)

    def attainable(self, golds: Sequence[Gold]) -> tuple[float, ...]:
        """Relevance of every passage that holds any of a gold quote."""
        rows = {row for gold in golds for row in self._rows[gold.document]}
        found = (passage_relevance(self._passages[row], golds) for row in sorted(rows))
        return tuple(value for value in found if value)

    def _paragraph(self, gold: Gold) -> tuple[int, int]:
        document = self._documents[gold.document]
        inside = [e for e in paragraphs(document.text, document.body) if e.start < gold.end and gold.start < e.end]
        return (inside[0].start, inside[-1].end) if inside else (gold.start, gold.end)


def judge(trial: Trial) -> Outcome:
    """What became of the question, and if it failed, at which stage."""
    question, result = trial.question, trial.result
    golds = tuple(gold.text for gold in question.golds)
    best = result.answers[0] if result.answers else None
    right = best is not None and is_right(best, question.golds)
    ceiling = trial.ceiling.answers[0] if trial.ceiling and trial.ceiling.answers else None
    gains = [passage_relevance(hit.passage, question.golds) for hit in trial.found]
    return Outcome(
        id=question.id,
        text=question.text,
        kind=question.kind,
        tags=question.tags,
        document=question.document,
        golds=golds,
        rank=next((rank for rank, gain in enumerate(gains, start=1) if gain), None),
        ndcg=ndcg_at(10, gains, trial.attainable),
        best=best.text if best else "",
        answered=result.answer is not None,
        confidence=best.confidence if best else 0.0,
        exact_match=exact_match(best.text, golds) if best and golds else 0.0,
        f1=token_f1(best.text, golds) if best and golds else 0.0,
        overlap=_overlap(best, question.golds) if best else 0.0,
        sentence_hit=best is not None and in_gold_sentence(best, question.golds),
        right=right,
        ceiling_f1=token_f1(ceiling.text, golds) if ceiling else 0.0,
        ceiling_right=ceiling is not None and is_right(ceiling, question.golds),
        cause=_cause(trial, right),
        retrieve=result.seconds.retrieve,
        read=result.seconds.read,
        total=result.seconds.total,
    )


def is_right(answer: Answer, golds: Sequence[Gold]) -> bool:
    """Half the words of a gold answer (F1), or the right sentence holding a whole gold answer."""
    texts = [gold.text for gold in golds]
    if not texts:
        return False
    holds = in_gold_sentence(answer, golds) and any(text in answer.text for text in texts)
    return token_f1(answer.text, texts) >= 0.5 or holds


def in_gold_sentence(answer: Answer, golds: Sequence[Gold]) -> bool:
    """Does the answer's sentence overlap a gold quote?"""
    start, end = answer.sentence.start, answer.sentence.end
    return any(gold.document == answer.document and start < gold.end and gold.start < end for gold in golds)


def passage_relevance(passage: Passage, golds: Sequence[Gold]) -> float:
    """Which share of a gold quote the passage holds."""
    return relevance((passage.start, passage.end), _extents(passage.document_id, golds))


def _overlap(answer: Answer, golds: Sequence[Gold]) -> float:
    return overlap((answer.start, answer.end), _extents(answer.document, golds))


def _extents(document: str, golds: Sequence[Gold]) -> list[tuple[int, int]]:
    return [(gold.start, gold.end) for gold in golds if gold.document == document]


def _cause(trial: Trial, right: bool) -> str | None:
    golds, result = trial.question.golds, trial.result
    if not golds:
        return "answering" if result.answer else None
    if right:
        return None if result.answer else "abstaining"
    held = any(passage_relevance(hit.passage, golds) for hit in result.hits)
    return "reading" if held else "retrieval"
