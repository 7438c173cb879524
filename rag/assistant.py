"""Question to answer, in three stages: retrieve passages, read them, judge the candidates."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from .answering.candidates import MAX_ANSWERS
from .answering.judging import judged
from .answering.reading import read_results
from .embedding.encoder import Encoder
from .index import Index, Report, embedder_of
from .index.filters import Where
from .index.vectors import Rows
from .paths import shipped_reader
from .questions.columns import as_columns
from .questions.feedback import FeedbackFile
from .questions.follow_up import is_follow_up, spelt_out
from .questions.recall import apply_feedback
from .questions.scope import unsupported
from .reading.contract import Reader
from .reading.evidence import EvidenceFinder
from .reading.folder import reader_folder
from .reading.loading import load_beside
from .reading.reader import SpanReader
from .reading.scoring import Confidence
from .retrieval.retriever import Retriever
from .retrieval.within import DocumentSearch
from .tables import PASSAGES, KeptCells, TableRow, table_rows
from .types import Notice, NoticeCode, Passage, Result


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
        document_confidence: As ``confidence``, for answers from one document alone (``table``, ``ask_within``).
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
        document_confidence: Confidence | None = None,
    ) -> None:
        self.retriever = retriever
        self.reader = reader or SpanReader.load(shipped_reader(), retriever.index.lexical.rarity)
        self.confidence = confidence or Confidence.load(shipped_reader())
        self.passages = passages
        self.feedback = feedback
        self.evidence = evidence or EvidenceFinder.load(shipped_reader())
        self.document_confidence = document_confidence or Confidence.load_for_documents(shipped_reader())

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
        retriever = load_beside(
            reader_folder(reader), device, lambda: Retriever.load(folder, encoder or embedder_of(folder, device))
        )
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
        return cls(
            retriever,
            reader,
            Confidence.load(path),
            passages,
            feedback,
            evidence=EvidenceFinder.load(path),
            document_confidence=Confidence.load_for_documents(path),
        )

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
        return read_results(results, self.reader, self.index, self.confidence, self.evidence)

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
            min_confidence: Probability below which a cell is not found; that of ``document_confidence`` if None.
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
        """Answer each question of a search from one document alone, however unsure; see ``document_confidence``.

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
        read = read_results(found, self.reader, self.index, self.document_confidence, self.evidence)
        return [self.judge(result, 0.0) for result in read]

    @property
    def fingerprint(self) -> str | None:
        """Identifies what answers from one document; None if the reader has no fingerprint."""
        reader = getattr(self.reader, "fingerprint", None)
        ranking = getattr(self.reader, "ranking", None)
        if not reader:
            return None
        # Imported here because it takes a tenth of the time of ``import rag``.
        from importlib.metadata import version

        parts = (version("rag"), reader, ranking, self.document_confidence, self.retriever.fusion)
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

        def passage_at(document: str, start: int, end: int) -> Passage | None:
            rows = self.index.store.rows_at(document, start, end)
            allowed = self.index.matching(rows, where) if where else rows
            return self.index.passages[allowed[0]] if allowed else None

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
        return judged(result, minimum)

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
