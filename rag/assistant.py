"""Question to answer, in three stages: retrieve passages, read them, judge the candidates."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Self

from .agreement import agreement_of
from .embedding.encoder import Encoder, SentenceTransformerEncoder
from .index import Index
from .index.filters import Where
from .paths import shipped_reader
from .reading.reader import Reader, SpanReader
from .reading.scoring import Confidence
from .retrieval.retriever import Retriever
from .types import Agreement, Answer, Hit, Reason, Result, Seconds, Signals, Span, Support

#: Lowest cosine similarity at which a passage that shares no term with the question is relevant. Of 1,000 answerable
#: questions of squad-dev-part, none has a first hit without a shared term below it.
MIN_SIMILARITY = 0.3

#: Candidates kept in a result.
MAX_ANSWERS = 5


class Assistant:
    """Answers questions with the exact words of the documents in an index.

    ``ask`` runs the three public stages: ``judge(read(retrieve(question)))``.

    Args:
        retriever: Finds passages.
        reader: Finds candidate spans in them; the shipped ``SpanReader`` by default.
        confidence: Turns the reader's signals into a probability; the one fitted for the shipped reader by default.
        passages: Passages to retrieve and read.
    """

    def __init__(
        self,
        retriever: Retriever,
        reader: Reader | None = None,
        confidence: Confidence | None = None,
        passages: int = 10,
    ) -> None:
        self.retriever = retriever
        self.reader = reader or SpanReader.load(shipped_reader(), retriever.index.lexical.rarity)
        self.confidence = confidence or Confidence.load(shipped_reader())
        self.passages = passages

    @classmethod
    def load(
        cls,
        folder: Path | str,
        encoder: Encoder | None = None,
        reader: Path | str | None = None,
        device: str | None = None,
    ) -> Self:
        """Open an index folder.

        Args:
            folder: Folder written by ``build_index``.
            encoder: The embedder of the index; the default one if None.
            reader: Folder written by ``rag train``; the shipped reader if None.
            device: Torch device of reader and default embedder; a graphics card if None and there is one.

        Raises:
            IndexFolderError: See ``Index.open``.
            InputError: The reader's folder holds no weights, or damaged ones, or this machine has no such device.
        """
        retriever = Retriever.load(folder, encoder or SentenceTransformerEncoder(device=device))
        path = shipped_reader() if reader is None else Path(reader).expanduser()
        return cls(retriever, SpanReader.load(path, retriever.index.lexical.rarity, device), Confidence.load(path))

    @property
    def index(self) -> Index:
        """The index that is asked."""
        return self.retriever.index

    def ask(self, question: str, where: Where | None = None, min_confidence: float | None = None) -> Result:
        """Answer a question, or say why it is not answered.

        Args:
            question: In plain words.
            where: Conditions on the documents; see ``Retriever.search``.
            min_confidence: Probability below which to abstain; the confidence's threshold if None.

        Raises:
            InputError: The question is empty or too long, or ``where`` names an unknown field.
        """
        return self.judge(self.read(self.retrieve(question, where)), min_confidence)

    def retrieve(self, question: str, where: Where | None = None, k: int | None = None) -> Result:
        """First stage: a result with hits and no candidates.

        Args:
            question: In plain words.
            where: See ``ask``.
            k: Number of hits; ``passages`` if None.

        Raises:
            InputError: See ``ask``.
        """
        started = time.perf_counter()
        hits = self.retriever.search(question, self.passages if k is None else k, where=where)
        return Result.of_hits(question, hits, time.perf_counter() - started)

    def read(self, result: Result) -> Result:
        """Second stage: the result with the candidates found in its hits, best first.

        Places with the same words are one candidate, with the other places as its support. For passages from
        elsewhere, pass ``Result.of_hits(question, hits)``.

        Raises:
            InputError: The question is too long to be read together with a passage.
        """
        started = time.perf_counter()
        answers = self._candidates(result.question, result.hits) if _is_relevant(result.hits) else ()
        seconds = time.perf_counter() - started
        retrieved = Result.of_hits(result.question, result.hits, result.seconds.retrieve)
        retrieve = result.seconds.retrieve
        return replace(retrieved, answers=answers, seconds=Seconds(retrieve, seconds, retrieve + seconds))

    def judge(self, result: Result, min_confidence: float | None = None) -> Result:
        """Third stage: the result with its best candidate as the answer, or with the reason why there is none.

        A judged result can be judged again with another minimum; nothing is read again.

        Args:
            result: A result of ``read`` or ``ask``.
            min_confidence: See ``ask``.
        """
        minimum = self.confidence.threshold if min_confidence is None else min_confidence
        code, reason = _reason(result, minimum)
        return replace(
            result,
            answer=None if code else result.answers[0],
            reason=reason,
            reason_code=code,
            agreement=Agreement() if code else agreement_of(result.answers),
        )

    def _candidates(self, question: str, hits: Sequence[Hit]) -> tuple[Answer, ...]:
        merged: dict[str, list[Span]] = {}
        for span in self.reader.read(question, hits):
            merged.setdefault(_normalized(span.text), []).append(span)
        return tuple(self._answer(spans, hits) for spans in list(merged.values())[:MAX_ANSWERS])

    def _answer(self, spans: Sequence[Span], hits: Sequence[Hit]) -> Answer:
        """One candidate of spans with the same words, best first."""
        span, *others = spans
        hit = hits[span.hit]
        place = self.index.place(span.document_id, span.start)
        signals = _joint_signals(spans)
        return Answer(
            text=span.text,
            confidence=self.confidence.probability(signals),
            document=span.document_id,
            title=hit.title,
            start=span.start,
            end=span.end,
            page=place.page,
            heading=place.heading,
            sentence=span.sentence,
            passage=hit.passage,
            support=tuple(Support(other.document_id, other.start, other.end) for other in others),
            signals=signals,
        )


def _joint_signals(spans: Sequence[Span]) -> Signals:
    """The best of each signal over spans with the same words, and the number of their documents."""
    best = {field.name: max(getattr(span.signals, field.name) for span in spans) for field in fields(Signals)}
    return Signals(**{**best, "support": math.log(len({span.document_id for span in spans}))})


def _is_relevant(hits: Sequence[Hit]) -> bool:
    return any(hit.lexical > 0 or hit.dense >= MIN_SIMILARITY for hit in hits)


def _reason(result: Result, min_confidence: float) -> tuple[Reason | None, str | None]:
    """Why the result has no answer, for programs and for people; None if it has one."""
    if not result.hits:
        return Reason.NOTHING_RELEVANT, "nothing relevant: no document matches the conditions"
    if not _is_relevant(result.hits):
        return Reason.NOTHING_RELEVANT, "nothing relevant: no passage is about this"
    if not result.answers:
        return Reason.NO_SPAN, "no span: no sentence of the passages found could be the answer"
    best = result.answers[0]
    if best.confidence < min_confidence:
        return Reason.TOO_UNSURE, (
            f"too unsure: the nearest words are {_shortened(best.text)!r}, "
            f"with a probability of {best.confidence:.0%} of being right"
        )
    return None, None


def _normalized(text: str) -> str:
    """The words without case and punctuation; answers with equal ones are merged."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _shortened(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
