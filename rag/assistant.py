"""Question to answer: retrieve, read, weigh, and answer or say why not."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from .embedding.encoder import Encoder
from .index.filters import Where
from .paths import shipped_reader
from .reading.confidence import Confidence
from .reading.reader import Reader, SpanReader
from .retrieval.retriever import Retriever
from .types import Answer, Hit, Result, Seconds, Span, Support

#: A passage that shares no word with the question must be at least this near to it in meaning to be relevant.
#: Of 1,000 answerable questions of squad-dev-part none has a first hit without a shared word that is less near.
LEAST_SIMILARITY = 0.3

#: How many candidates a result holds.
ANSWERS = 5


class Assistant:
    """Answers questions with the exact words of the documents in an index.

    Args:
        retriever: Finds passages.
        reader: Finds words in them; a ``SpanReader`` with the weights that ship where it is None.
        confidence: Weighs the evidence; must know the reader's figures. Fitted for the weights that ship where None.
        passages: How many passages a result holds.
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
    def load(cls, folder: Path | str, encoder: Encoder | None = None, reader: Path | str | None = None) -> Self:
        """An assistant over an index folder.

        Args:
            folder: What ``build_index`` wrote.
            encoder: The one that the index was made with; the default one where it is None.
            reader: A folder that ``rag train`` wrote; the reader that ships where it is None.

        Raises:
            IndexFolderError: See ``Index.open``.
            InputError: The reader's folder holds no weights, or others than it says.
        """
        retriever = Retriever.load(folder, encoder)
        if reader is None:
            return cls(retriever)
        trained = SpanReader.load(Path(reader).expanduser(), retriever.index.lexical.rarity)
        return cls(retriever, trained, Confidence.load(Path(reader).expanduser()))

    def ask(self, question: str, where: Where | None = None, min_confidence: float | None = None) -> Result:
        """The best answer, the other candidates, the passages, and why there is no answer if there is none.

        Args:
            question: In plain words.
            where: Which documents may answer; see ``Retriever.search``.
            min_confidence: Answer only if at least so likely to be right; the threshold of the confidence where None.

        Raises:
            InputError: The question is empty or too long, or ``where`` asks for a field that no document has.
        """
        started = time.perf_counter()
        hits = self.retriever.search(question, self.passages, where=where)
        return self.read(question, hits, time.perf_counter() - started, min_confidence)

    def retrieve_and_read(self, question: str, depth: int) -> tuple[list[Hit], Result]:
        """``depth`` hits, and what ``ask`` makes of the first of them; for whoever measures the retriever as well.

        Raises:
            InputError: The question is empty or too long.
        """
        started = time.perf_counter()
        hits = self.retriever.search(question, max(depth, self.passages))
        return hits[:depth], self.read(question, hits[: self.passages], time.perf_counter() - started)

    def read(
        self, question: str, hits: Sequence[Hit], retrieve: float = 0.0, min_confidence: float | None = None
    ) -> Result:
        """What the passages answer, wherever they come from.

        Args:
            question: In plain words.
            hits: What to read.
            retrieve: How many seconds it took to get them.
            min_confidence: See ``ask``.

        Raises:
            InputError: The question is too long to be read beside a passage.
        """
        started = time.perf_counter()
        answers = [answer for answer, _ in self.candidates(question, hits)]
        read = time.perf_counter() - started
        found = Result(question, None, tuple(answers), tuple(hits), None, Seconds(retrieve, read, retrieve + read))
        return self.judge(found, min_confidence)

    def judge(self, result: Result, min_confidence: float | None = None) -> Result:
        """The result as it is with another minimum confidence: its best candidate, or none; nothing is read again.

        Args:
            result: Of ``ask`` or ``read``.
            min_confidence: See ``ask``.
        """
        min_confidence = self.confidence.threshold if min_confidence is None else min_confidence
        reason = self._reason(result.hits, result.answers, min_confidence)
        return replace(result, answer=None if reason else result.answers[0], reason=reason)

    def candidates(self, question: str, hits: Sequence[Hit]) -> list[tuple[Answer, Mapping[str, float]]]:
        """The answers that the hits give, best first, each with the evidence for it.

        The same words from several places are one answer, with the other places as its support.
        """
        if not _relevant(hits):
            return []
        merged: dict[str, list[Span]] = {}
        for span in self.reader.read(question, hits):
            merged.setdefault(_said(span.text), []).append(span)
        best = list(merged.values())[:ANSWERS]
        return [self._answer(spans, hits, _evidence(spans)) for spans in best]

    def _answer(
        self, spans: list[Span], hits: Sequence[Hit], evidence: Mapping[str, float]
    ) -> tuple[Answer, Mapping[str, float]]:
        span, others = spans[0], spans[1:]
        hit = hits[span.hit]
        place = self.retriever.index.place(span.document_id, span.start)
        answer = Answer(
            text=span.text,
            confidence=self.confidence.probability(evidence),
            document=span.document_id,
            title=hit.title,
            start=span.start,
            end=span.end,
            page=place.page,
            heading=place.heading,
            sentence=span.sentence,
            passage=hit.passage,
            support=tuple(Support(other.document_id, other.start, other.end) for other in others),
        )
        return answer, evidence

    @staticmethod
    def _reason(hits: Sequence[Hit], answers: Sequence[Answer], min_confidence: float) -> str | None:
        if not hits:
            return "nothing relevant: no document meets the conditions"
        if not _relevant(hits):
            return "nothing relevant: no passage is about this"
        if not answers:
            return "no span: the passages found hold no sentence that could answer"
        best = answers[0]
        if best.confidence < min_confidence:
            return (
                f"too unsure: the nearest words are {_short(best.text)!r}, "
                f"with a probability of {best.confidence:.0%} of being right"
            )
        return None


def _evidence(spans: list[Span]) -> dict[str, float]:
    """The evidence for words that were read in several places: each figure's best, and in how many documents."""
    documents = len({span.document_id for span in spans})
    return {
        **{name: max(span.evidence[name] for span in spans) for name in spans[0].evidence},
        "support": math.log(documents),
    }


def _relevant(hits: Sequence[Hit]) -> bool:
    return any(hit.lexical > 0 or hit.dense >= LEAST_SIMILARITY for hit in hits)


def _said(text: str) -> str:
    """The words without case and punctuation, by which two answers are the same."""
    return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _short(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
