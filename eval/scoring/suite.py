"""Run an assistant over questions and judge each result."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from rag import Answer, Assistant, Document, Hit, Index, Passage, Result
from rag.index.vectors import Rows
from rag.questions.places import Gold
from rag.questions.schema import Question
from rag.retrieval.within import DocumentSearch
from rag.text.segmentation import Extent, paragraphs

from .evidence import Counts, count_items, count_words, gold_places
from .metrics import exact_match, ndcg_at, overlap, relevance, token_f1

CUTOFFS = (1, 3, 5, 10, 20)

#: Passages retrieved, for the last cutoff; the reader still gets only the first ``Assistant.passages``.
DEPTH = CUTOFFS[-1]

#: Causes of failure, in pipeline order; a failed question gets the first that applies.
CAUSES = {
    "retrieval": "the passages given to the reader do not contain the gold answer",
    "reading": "the passages contain the gold answer, but the best candidate is wrong",
    "abstaining": "the best candidate is right, but was withheld for low confidence",
    "answering": "an unanswerable question was answered",
}


@dataclass(frozen=True, slots=True)
class Trial:
    """A question and the assistant's results.

    Attributes:
        question: The question.
        hits: Up to ``DEPTH`` hits; empty if the gold paragraph was given.
        result: The result of reading the first hits.
        ceiling: The result of reading only the gold paragraphs; None for an unanswerable question.
        attainable: Relevance of each passage that overlaps a gold quote.
        evidence: Words of the evidence, given and gold; None if the question has no gold evidence.
    """

    question: Question
    hits: tuple[Hit, ...]
    result: Result
    ceiling: Result | None
    attainable: tuple[float, ...]
    evidence: Counts | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """Outcome of a question, as JSON values.

    Attributes:
        id, text, kind, tags, document: From the question.
        golds: Texts of the gold answers.
        rank: Rank from 1 of the first hit that overlaps a gold quote; None if no hit does.
        ndcg: nDCG@10 of the hits.
        best: Text of the best candidate; empty if there is none.
        answered: True if the best candidate was given as the answer, False if "not found".
        confidence: Confidence of the best candidate; 0 if there is none.
        exact_match, f1, overlap: The best candidate against the golds; 0 without either.
        sentence_hit: The candidate's sentence overlaps a gold quote.
        right: See ``is_right``.
        ceiling_f1, ceiling_right: Same as ``f1`` and ``right``, with only the gold paragraphs read.
        cause: One of ``CAUSES``; None if the question was handled right.
        retrieve, read, total: Seconds.
        evidence_shared, evidence_predicted, evidence_gold: Words of the evidence: in both, given, gold; None if the
            question has no gold evidence.
        evidence_given: Was there any evidence?
        items_shared, items_predicted, items_gold: Items of a list: in both, in the result, gold; None if the
            question has no gold items.
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
    evidence_shared: int | None = None
    evidence_predicted: int | None = None
    evidence_gold: int | None = None
    evidence_given: bool = False
    items_shared: int | None = None
    items_predicted: int | None = None
    items_gold: int | None = None

    @property
    def given(self) -> str:
        """The answer text; empty for "not found"."""
        return self.best if self.answered else ""

    @property
    def withheld(self) -> bool:
        """Was the result "not found"?"""
        return not self.answered

    @property
    def unanswerable(self) -> bool:
        """Is the question unanswerable?"""
        return not self.golds

    @property
    def handled(self) -> bool:
        """Was it answered right, or rightly not answered?"""
        return self.cause is None

    @property
    def right_answered(self) -> bool:
        """``right``, if it was given; "not found" counts as wrong."""
        return self.right and self.answered

    @property
    def exact_match_answered(self) -> float:
        """``exact_match`` of the given answer; "not found" scores 0."""
        return self.exact_match * self.answered

    @property
    def f1_answered(self) -> float:
        """``f1`` of the given answer; "not found" scores 0."""
        return self.f1 * self.answered

    @property
    def exact_match_all(self) -> float:
        """As in SQuAD 2.0: "not found" scores 1 on an unanswerable question."""
        return self.exact_match_answered if self.golds else float(self.withheld)

    @property
    def f1_all(self) -> float:
        """As in SQuAD 2.0: "not found" scores 1 on an unanswerable question."""
        return self.f1_answered if self.golds else float(self.withheld)


def run(
    assistant: Assistant,
    questions: Sequence[Question],
    gold_given: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Iterator[Trial]:
    """Yield a trial per question, in order.

    Args:
        assistant: The assistant to measure.
        questions: The questions.
        gold_given: Give the reader only the gold paragraphs; for an unanswerable question, the document that it was
            written about.
        progress: Called with questions done and in total.
    """
    passages = GoldPassages(assistant.index)
    for done, question in enumerate(questions, start=1):
        rows = passages.rows(question)
        gold = Result.of_hits(question.text, assistant.retriever.rank(question.text, rows) if rows else [])
        if gold_given:
            hits: tuple[Hit, ...] = ()
            result = assistant.judge(assistant.read(gold))
            ceiling = result if question.golds else None
        else:
            found = assistant.retrieve(question.text, k=max(DEPTH, assistant.passages))
            hits = found.hits[:DEPTH]
            result = assistant.judge(assistant.read(replace(found, hits=found.hits[: assistant.passages])))
            ceiling = assistant.judge(assistant.read(gold)) if question.golds else None
        words = _evidence_words(question, result, assistant.index.documents)
        yield Trial(question, hits, result, ceiling, passages.attainable(question.golds), words)
        if progress:
            progress(done, len(questions))


def run_table(
    assistant: Assistant, cells: Sequence[Question], progress: Callable[[int, int], None] | None = None
) -> Iterator[Trial]:
    """Yield a trial per cell of a table, document by document, each answered from the question's document alone.

    Args:
        assistant: The assistant to measure.
        cells: A question for each cell.
        progress: Called with cells done and in total.
    """
    passages = GoldPassages(assistant.index)
    search = DocumentSearch.embed(assistant.retriever, list(dict.fromkeys(cell.text for cell in cells)))
    by_document: dict[str, list[Question]] = defaultdict(list)
    for cell in cells:
        by_document[cell.document].append(cell)
    done = 0
    for document, questions in by_document.items():
        rows = passages.rows_of(document)
        asked = search.of(list(dict.fromkeys(question.text for question in questions)))
        results = dict(zip(asked.questions, assistant.ask_within(asked, rows), strict=True))
        hits = dict(zip(asked.questions, asked.hits(rows, DEPTH), strict=True))
        for question in questions:
            gold = passages.rows(question) if question.golds else []
            given = Result.of_hits(question.text, assistant.retriever.rank(question.text, gold) if gold else [])
            yield Trial(
                question,
                tuple(hits[question.text]),
                assistant.judge(results[question.text], assistant.document_confidence.threshold),
                assistant.judge(assistant.read(given)) if question.golds else None,
                passages.attainable(question.golds),
            )
            done += 1
            if progress:
                progress(done, len(cells))


class GoldPassages:
    """The passages of an index that contain gold answers."""

    def __init__(self, index: Index) -> None:
        self._documents = index.documents
        self._passages = index.passages
        self._rows: dict[str, list[int]] = defaultdict(list)
        for row, passage in index.passages.items():
            self._rows[passage.document_id].append(row)

    def rows_of(self, document: str) -> Rows:
        """All passages of a document, ascending."""
        return np.array(self._rows[document], dtype=np.int64)

    def rows(self, question: Question) -> list[int]:
        """Passages that overlap the gold paragraphs; for an unanswerable question, all of its document."""
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
        """Relevance of every passage that overlaps a gold quote."""
        rows = {row for gold in golds for row in self._rows[gold.document]}
        values = (passage_relevance(self._passages[row], golds) for row in sorted(rows))
        return tuple(value for value in values if value)

    def _paragraph(self, gold: Gold) -> tuple[int, int]:
        document = self._documents[gold.document]
        inside = [e for e in paragraphs(document.text, document.body) if e.start < gold.end and gold.start < e.end]
        return (inside[0].start, inside[-1].end) if inside else (gold.start, gold.end)


def judge(trial: Trial) -> Outcome:
    """Score a trial and find the cause of a failure."""
    question, result = trial.question, trial.result
    golds = tuple(gold.text for gold in question.golds)
    best = result.answers[0] if result.answers else None
    right = best is not None and is_right(best, question.golds)
    ceiling = trial.ceiling.answers[0] if trial.ceiling and trial.ceiling.answers else None
    gains = [passage_relevance(hit.passage, question.golds) for hit in trial.hits]
    counts = trial.evidence
    items = count_items(_items(result), question.items) if question.items else None
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
        evidence_shared=counts.shared if counts else None,
        evidence_predicted=counts.predicted if counts else None,
        evidence_gold=counts.gold if counts else None,
        evidence_given=bool(result.evidence),
        items_shared=items.shared if items else None,
        items_predicted=items.predicted if items else None,
        items_gold=items.gold if items else None,
    )


def is_right(answer: Answer, golds: Sequence[Gold]) -> bool:
    """Is the F1 at least .5, or does the answer contain a whole gold answer in its sentence?"""
    texts = [gold.text for gold in golds]
    if not texts:
        return False
    contains = in_gold_sentence(answer, golds) and any(text in answer.text for text in texts)
    return token_f1(answer.text, texts) >= 0.5 or contains


def in_gold_sentence(answer: Answer, golds: Sequence[Gold]) -> bool:
    """Does the answer's sentence overlap a gold quote?"""
    start, end = answer.sentence.start, answer.sentence.end
    return any(gold.document == answer.document and start < gold.end and gold.start < end for gold in golds)


def passage_relevance(passage: Passage, golds: Sequence[Gold]) -> float:
    """Share of a gold quote inside the passage; the best of several."""
    return relevance((passage.start, passage.end), _extents(passage.document_id, golds))


def _items(result: Result) -> list[str]:
    """Texts of the result's items; that of the best candidate if the question asks for no list."""
    return [item.text for item in result.items] or [best.text for best in result.answers[:1]]


def _evidence_words(question: Question, result: Result, documents: Mapping[str, Document]) -> Counts | None:
    if question.evidence is None:
        return None
    given = [(each.document_id, Extent(each.start, each.end)) for each in result.evidence]
    return count_words(given, gold_places(question.evidence), documents)


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
    retrieved = any(passage_relevance(hit.passage, golds) for hit in result.hits)
    return "reading" if retrieved else "retrieval"
