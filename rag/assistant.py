"""Question to answer, in three stages: retrieve passages, read them, judge the candidates."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from itertools import compress
from pathlib import Path
from typing import Self

from .agreement import agreement_of
from .embedding.encoder import Encoder
from .index import Index, Report, embedder_of
from .index.filters import Where
from .index.vectors import Rows
from .paths import shipped_reader
from .questions.columns import as_columns
from .questions.feedback import FeedbackFile
from .questions.follow_up import is_follow_up, spelt_out
from .questions.list_items import asks_for_list, items_of
from .questions.question_type import asks_for_sentences
from .questions.recall import apply_feedback
from .questions.scope import unsupported
from .reading.evidence import EvidenceFinder
from .reading.folder import reader_folder
from .reading.reader import HitsRead, Reader, SpanReader
from .reading.scoring import Confidence
from .retrieval.retriever import Retriever
from .retrieval.within import DocumentSearch
from .tables import PASSAGES, KeptCells, TableRow, table_rows
from .text.words import normalized_words
from .types import (
    Agreement,
    Answer,
    AnswerKind,
    Evidence,
    Hit,
    Item,
    Notice,
    NoticeCode,
    Passage,
    Reason,
    Result,
    Seconds,
    Signals,
    Span,
    Support,
)

#: Lowest cosine similarity at which a passage that shares no term with the question is relevant. Of 1,000 answerable
#: questions of squad-dev-part, none has a first hit without a shared term below it.
MIN_SIMILARITY = 0.3

#: Candidates kept in a result.
MAX_ANSWERS = 5


class Assistant:
    """Answers questions with the exact words of the documents in an index.

    ``ask`` runs the public stages: ``judge(recall(read(retrieve(question))))``.

    Args:
        retriever: Finds passages.
        reader: Finds candidate spans in them; the shipped ``SpanReader`` by default.
        confidence: Turns the reader's signals into a probability; the one fitted for the shipped reader by default.
        passages: Passages to retrieve and read.
        feedback: What people marked right and wrong, which ``recall`` applies; none if None.
        evidence: Finds the sentences that bear on a question; the one fitted for the shipped reader by default.
    """

    def __init__(
        self,
        retriever: Retriever,
        reader: Reader | None = None,
        confidence: Confidence | None = None,
        passages: int = 10,
        feedback: FeedbackFile | None = None,
        *,
        evidence: EvidenceFinder | None = None,
    ) -> None:
        self.retriever = retriever
        self.reader = reader or SpanReader.load(shipped_reader(), retriever.index.lexical.rarity)
        self.confidence = confidence or Confidence.load(shipped_reader())
        self.passages = passages
        self.feedback = feedback
        self.evidence = evidence or EvidenceFinder.load(shipped_reader())

    @classmethod
    def load(
        cls,
        folder: Path | str,
        encoder: Encoder | None = None,
        reader: Path | str | None = None,
        device: str | None = None,
        feedback: FeedbackFile | None = None,
    ) -> Self:
        """Open an index folder.

        Args:
            folder: Folder written by ``build_index``.
            encoder: The embedder of the index; the one that the manifest names if None.
            reader: Folder that ``rag train`` or ``rag eval --calibrate`` wrote, or folder or name of a Hugging Face
                question-answering model; the shipped reader if None.
            device: Torch device of reader and embedder; a graphics card if None and there is one.
            feedback: See ``Assistant``.

        Raises:
            IndexFolderError: See ``Index.open``.
            InputError: The reader's folder holds no weights, or damaged ones, or this machine has no such device.
        """
        retriever = Retriever.load(folder, encoder or embedder_of(folder, device))
        return cls.with_reader(retriever, reader, device, feedback=feedback)

    @classmethod
    def with_reader(
        cls,
        retriever: Retriever,
        folder: Path | str | None = None,
        device: str | None = None,
        passages: int = 10,
        feedback: FeedbackFile | None = None,
    ) -> Self:
        """An assistant with the reader and the confidence in a folder.

        Args:
            retriever: See ``Assistant``.
            folder: See ``load``.
            device: Torch device of the reader; a graphics card if None and there is one.
            passages: See ``Assistant``.
            feedback: See ``Assistant``.

        Raises:
            InputError: See ``load``.
        """
        path = reader_folder(folder)
        reader = SpanReader.load(path, retriever.index.lexical.rarity, device)
        return cls(retriever, reader, Confidence.load(path), passages, feedback, evidence=EvidenceFinder.load(path))

    @property
    def index(self) -> Index:
        """The index that is asked."""
        return self.retriever.index

    def ask(
        self,
        question: str,
        where: Where | None = None,
        min_confidence: float | None = None,
        previous: str | None = None,
    ) -> Result:
        """Answer a question, or say why it is not answered.

        Args:
            question: In plain words.
            where: Conditions on the documents; see ``Retriever.search``.
            min_confidence: Probability below which to abstain; the confidence's threshold if None.
            previous: The question before, which a follow-up such as "And in Kyrgyzstan?" continues.

        Raises:
            InputError: The question is empty or too long, or ``where`` names an unknown field.
        """
        found = self.retrieve(question, where, previous=previous)
        return self.judge(self.recall(self.read(found), where), min_confidence)

    def retrieve(
        self, question: str, where: Where | None = None, k: int | None = None, previous: str | None = None
    ) -> Result:
        """First stage: a result with hits and no candidates, and a notice if the question cannot be served as it is.

        Args:
            question: In plain words.
            where: See ``ask``.
            k: Number of hits; ``passages`` if None.
            previous: See ``ask``.

        Raises:
            InputError: See ``ask``.
        """
        started = time.perf_counter()
        question, notice = self._understood(question, previous)
        hits = self.retriever.search(question, self.passages if k is None else k, where=where)
        return replace(Result.of_hits(question, hits, time.perf_counter() - started), notice=notice)

    def read(self, result: Result) -> Result:
        """Second stage: the result with the candidates found in its hits, best first, and the evidence.

        Places with the same words are one candidate, with the other places as its support. For passages from
        elsewhere, pass ``Result.of_hits(question, hits)``.

        Raises:
            InputError: The question is too long to be read together with a passage.
        """
        return self.read_many([result])[0]

    def read_many(self, results: Sequence[Result]) -> list[Result]:
        """``read`` for several results; a reader that can reads them together, and each gets its share of the time.

        Raises:
            InputError: See ``read``.
        """
        started = time.perf_counter()
        relevant = [_is_relevant(result.hits) for result in results]
        read = iter(self._read_hits(list(compress(results, relevant))))
        found = [
            self._found(result, next(read)) if is_relevant else ((), ())
            for result, is_relevant in zip(results, relevant, strict=True)
        ]
        seconds = (time.perf_counter() - started) / max(len(results), 1)
        return [_read(result, *each, seconds) for result, each in zip(results, found, strict=True)]

    def table(
        self,
        questions: Sequence[str],
        documents: Sequence[str] | None = None,
        where: Where | None = None,
        *,
        min_confidence: float | None = None,
        kept: Path | str | None = None,
        report: Report | None = None,
    ) -> Iterator[TableRow]:
        """Ask the same questions of every document, and yield a row of exact quotes as soon as it is computed.

        Args:
            questions: In plain words, or names of fields: "contract date" is asked as "What is the contract date?"; see
                ``rag.questions.columns``. Each row has their cells in this order.
            documents: Ids of the documents, in order; all that match ``where`` if None.
            where: Conditions on the passages that may answer; see ``Retriever.search``.
            min_confidence: Probability below which a cell is not found; the confidence's threshold if None.
            kept: File in which cells are kept: those of unchanged documents are taken from it, new ones added.
            report: Called with ``documents``, the number of rows done, and their number in total.

        Raises:
            InputError: A question is empty, repeated or too long, or there are more than 100; ``where`` is malformed or
                names an unknown field; or ``kept`` is another kind of file.
        """
        asked = [column.question for column in as_columns(questions)]
        cells = KeptCells(Path(kept)) if kept else None
        return table_rows(
            lambda: self, asked, documents, where, min_confidence=min_confidence, kept=cells, report=report
        )

    def ask_within(self, search: DocumentSearch, rows: Rows, passages: int = PASSAGES) -> list[Result]:
        """Answer each question of a search from one document alone, however unsure.

        Args:
            search: Questions that are embedded.
            rows: Rows of the document's passages, ascending and unique.
            passages: Passages to read for each question.

        Raises:
            InputError: A question is too long to be read together with a passage.
        """
        language = getattr(self.reader, "language", None)
        found = [
            replace(Result.of_hits(question, hits), notice=unsupported(question, language))
            for question, hits in zip(search.questions, search.hits(rows, passages), strict=True)
        ]
        return [self.judge(result, 0.0) for result in self.read_many(found)]

    @property
    def fingerprint(self) -> str | None:
        """Identifies what finds, reads and judges; None if the reader has no fingerprint."""
        reader = getattr(self.reader, "fingerprint", None)
        ranking = getattr(self.reader, "ranking", None)
        if not reader:
            return None
        # Imported here because it takes a tenth of the time of ``import rag``.
        from importlib.metadata import version

        parts = (version("rag"), reader, ranking, self.confidence, self.retriever.fusion)
        return "; ".join([*map(str, parts), self.retriever.encoder.fingerprint])

    def recall(self, result: Result, where: Where | None = None) -> Result:
        """Third stage: the result with what people marked right first, and without what they marked wrong.

        Args:
            result: A result of ``read``.
            where: The conditions that ``retrieve`` was given; what does not meet them does not answer.

        Raises:
            InputError: The feedback file cannot be read.
        """
        documents = self.index.documents
        feedback = self.feedback.about(result.question) if self.feedback else None
        if feedback is None:
            return result
        allowed = frozenset(self.index.rows(where).tolist()) if where else None

        def passage_at(document: str, start: int, end: int) -> Passage | None:
            rows = self.index.store.rows_at(document, start, end)
            return next((self.index.passages[row] for row in rows if allowed is None or row in allowed), None)

        recalled = apply_feedback(result, feedback, documents, passage_at)
        marked = sum(answer.feedback is not None for answer in recalled.answers)
        return replace(recalled, answers=recalled.answers[: max(MAX_ANSWERS, marked)])

    def judge(self, result: Result, min_confidence: float | None = None) -> Result:
        """Last stage: the result with its best candidate as the answer, or with the reason why there is none.

        A judged result can be judged again with another minimum; nothing is read again.

        Args:
            result: A result of ``read``, ``recall`` or ``ask``.
            min_confidence: See ``ask``.
        """
        minimum = self.confidence.threshold if min_confidence is None else min_confidence
        code, reason = _reason(result, minimum)
        return replace(
            result,
            answer=None if code else result.answers[0],
            reason=reason,
            reason_code=code,
            agreement=Agreement() if code else agreement_of(result.answers, result.question),
            answer_kind=_answer_kind(result, minimum, has_answer=code is None),
        )

    def _understood(self, question: str, previous: str | None) -> tuple[str, Notice | None]:
        """The question spelt out if it is a follow-up, and what to say about it."""
        if not is_follow_up(question):
            # Readers written for version 0.2 do not have the attribute.
            return question, unsupported(question, getattr(self.reader, "language", None))
        full = spelt_out(question, previous) if previous else None
        if full is None:
            text = "If this continues another question, it is not clear how; then ask it in full."
            return question, Notice(NoticeCode.UNCLEAR_FOLLOW_UP, text)
        return full, Notice(NoticeCode.FOLLOW_UP, f"Understood as: “{full}”")

    def _read_hits(self, results: Sequence[Result]) -> list[HitsRead]:
        """What the reader found in the hits of each result."""
        requests = [(result.question, result.hits) for result in results]
        if isinstance(self.reader, SpanReader):
            return self.reader.read_hits(requests)
        # Other readers give no scores of sentences.
        return [HitsRead(self.reader.read(question, hits)) for question, hits in requests]

    def _found(self, result: Result, read: HitsRead) -> tuple[tuple[Answer, ...], tuple[Evidence, ...]]:
        """The candidates and the evidence in the hits of a result."""
        question, hits = result.question, result.hits
        evidence = self.evidence.find(question, hits, read, self.index.lexical.rarity)
        placed = sorted(map(self._placed, evidence), key=lambda each: -each.probability)
        return self._candidates(question, read.spans, hits), tuple(placed)

    def _placed(self, evidence: Evidence) -> Evidence:
        place = self.index.place(evidence.document_id, evidence.start)
        ocr = self.index.store.ocr_score(evidence.document_id, evidence.start, evidence.end)
        probability = evidence.probability * (1.0 if ocr is None else ocr)
        return replace(evidence, page=place.page, heading=place.heading, probability=probability, ocr=ocr)

    def _candidates(self, question: str, spans: Sequence[Span], hits: Sequence[Hit]) -> tuple[Answer, ...]:
        """The best candidates of a reader's spans, best first."""
        merged: dict[str, list[Span]] = {}
        for span in sorted(spans, key=lambda span: -span.score):
            merged.setdefault(normalized_words(span.text), []).append(span)
        groups = list(merged.values())[:MAX_ANSWERS]
        if not groups:
            return ()
        best = _joint_signals(groups[0])
        candidates = (self._answer(spans, hits, best, spans[0].score - groups[0][0].score) for spans in groups)
        # What OCR read may be less likely than the candidates after it.
        found = sorted(candidates, key=lambda answer: -answer.confidence)
        return tuple(map(_with_items, found) if asks_for_list(question) else found)

    def _answer(self, spans: Sequence[Span], hits: Sequence[Hit], best: Signals, lead: float) -> Answer:
        """One candidate of spans with the same words, best first.

        Args:
            spans: The spans.
            hits: The hits that were read.
            best: Signals of the best candidate.
            lead: See ``Signals.lead``.
        """
        span, *others = spans
        hit = hits[span.hit]
        place = self.index.place(span.document_id, span.start)
        ocr = self.index.store.ocr_score(span.document_id, span.start, span.end)
        return Answer(
            text=span.text,
            confidence=self.confidence.probability(replace(best, lead=lead)) * (1.0 if ocr is None else ocr),
            document=span.document_id,
            title=hit.title,
            start=span.start,
            end=span.end,
            page=place.page,
            heading=place.heading,
            sentence=span.sentence,
            passage=hit.passage,
            support=tuple(
                Support(other.document_id, other.start, other.end) for other in others if other.signals.is_answer
            ),
            signals=replace(_joint_signals(spans), lead=lead),
            ocr=ocr,
        )


def _with_items(answer: Answer) -> Answer:
    """The answer with its items, if its words are several."""
    parts = items_of(answer.text)
    items = (Item(answer.start + start, answer.start + end, answer.text[start:end]) for start, end in parts)
    return replace(answer, items=tuple(items)) if len(parts) > 1 else answer


def _read(result: Result, answers: tuple[Answer, ...], evidence: tuple[Evidence, ...], seconds: float) -> Result:
    """A result as it was retrieved, with what was found in its hits."""
    retrieve = result.seconds.retrieve
    total = Seconds(retrieve, seconds, retrieve + seconds)
    retrieved = Result.of_hits(result.question, result.hits, retrieve)
    return replace(retrieved, answers=answers, seconds=total, notice=result.notice, evidence=evidence)


def _joint_signals(spans: Sequence[Span]) -> Signals:
    """The best of each signal over spans with the same words, and the number of their documents."""
    best = {field.name: max(getattr(span.signals, field.name) for span in spans) for field in fields(Signals)}
    return Signals(**{**best, "support": math.log(len({span.document_id for span in spans}))})


def _is_relevant(hits: Sequence[Hit]) -> bool:
    return any(hit.lexical > 0 or hit.dense >= MIN_SIMILARITY for hit in hits)


def _answer_kind(result: Result, min_confidence: float, *, has_answer: bool) -> AnswerKind | None:
    """What answers the question; None if nothing does. Words that a person marked right come before sentences."""
    refused = result.notice and result.notice.reason
    marked = result.answers and result.answers[0].feedback
    likely = result.evidence and result.evidence[0].probability >= min_confidence
    if likely and not refused and not marked and asks_for_sentences(result.question):
        return AnswerKind.EVIDENCE
    return AnswerKind.SPAN if has_answer else None


def _reason(result: Result, min_confidence: float) -> tuple[Reason | None, str | None]:
    """Why the result has no answer, for programs and for people; None if it has one."""
    if result.notice and result.notice.reason:
        return result.notice.reason, result.notice.text
    if not result.answers:
        if not result.hits:
            return Reason.NOTHING_RELEVANT, "nothing relevant: no document matches the conditions"
        if not _is_relevant(result.hits):
            return Reason.NOTHING_RELEVANT, "nothing relevant: no passage is about this"
        return Reason.NO_SPAN, "no span: no sentence of the passages found could be the answer"
    best = result.answers[0]
    if best.confidence < min_confidence:
        return Reason.TOO_UNSURE, (
            f"too unsure: no candidate is at least {min_confidence:.0%} likely to be right "
            f"(the best one: {math.floor(best.confidence * 100)}%); the closest passages may help"
        )
    return None, None
