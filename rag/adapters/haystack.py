"""Haystack: passages and exact answers as components of a pipeline.

from rag.adapters.haystack import RagAnswerer, RagRetriever

documents = RagRetriever("my-index", top_k=5).run("Who postponed the visit to Bishkek?")["documents"]
answers = RagAnswerer("my-index").run("How long is the border?")["answers"]

Haystack allows a saved pipeline to name classes of other packages only where it is told so:
``Pipeline.loads(text, allowed_modules=["rag.adapters.haystack"])``.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from ..assistant import Assistant
from ..errors import InputError
from ..index.filters import Where
from ..retrieval.retriever import Retriever
from ..types import Answer, Evidence, Hit, Result
from .extras import needs
from .quotes import evidence_metadata, passage_metadata, place_id, quote_metadata, quotes, sentences

# Haystack reports each run of a pipeline unless this is false when it is imported.
os.environ.setdefault("HAYSTACK_TELEMETRY_ENABLED", "false")

with needs(__name__, "haystack", "haystack-ai", "haystack"):
    from haystack import Document, ExtractedAnswer, component, default_from_dict, default_to_dict


@component
class RagRetriever:
    """The best passages for a question, best first.

    A document's ``content`` is a passage, its ``meta`` the fields of ``rag search --json``: ``document`` (the id),
    ``title``, ``start`` and ``end`` (code points of the document's text), ``page``, ``heading`` and more.

    Args:
        index: Folder written by ``build_index``; opened on the first run, or by ``warm_up``.
        top_k: Maximum number of documents.
        where: Conditions on the documents; see ``Retriever.search``.
        max_tokens: Budget for all passages together, in tokens of the index's encoding.
    """

    def __init__(
        self,
        index: Path | str,
        top_k: int = 10,
        where: Where | None = None,
        max_tokens: int | None = None,
    ) -> None:
        self.index = str(index)
        self.top_k = top_k
        self.where = where
        self.max_tokens = max_tokens
        self._retriever: Retriever | None = None

    def warm_up(self) -> None:
        """Open the index and load its embedder.

        Raises:
            IndexFolderError: See ``Retriever.load``.
        """
        self._opened()

    def _opened(self) -> Retriever:
        if self._retriever is None:
            self._retriever = Retriever.load(self.index)
        return self._retriever

    @component.output_types(documents=list[Document])
    def run(
        self,
        query: str,
        top_k: int | None = None,
        where: Where | None = None,
        max_tokens: int | None = None,
    ) -> dict[str, list[Document]]:
        """Find passages; arguments other than ``query`` replace those of the component.

        Raises:
            InputError: See ``Retriever.search``.
        """
        hits = self._opened().search(
            query,
            self.top_k if top_k is None else top_k,
            self.max_tokens if max_tokens is None else max_tokens,
            self.where if where is None else where,
        )
        return {"documents": [_document(hit) for hit in hits]}

    def to_dict(self) -> dict[str, Any]:
        """The component as a dictionary, for ``Pipeline.dumps``."""
        return default_to_dict(self, index=self.index, top_k=self.top_k, where=self.where, max_tokens=self.max_tokens)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RagRetriever:
        """The component of a dictionary that ``to_dict`` made."""
        return default_from_dict(cls, data)


@component
class RagAnswerer:
    """The exact words that answer a question, as an extractive reader returns them.

    It retrieves, too, so it needs no retriever before it.

    - ``answers``: The answer and the other candidates that are likely enough, best first. ``score`` is the probability
      that ``data`` is right. ``document`` is the passage, and ``document_offset`` the place of the words in it;
      ``context`` is the sentence, and ``context_offset`` their place in it. ``meta`` has their place in the whole
      document (``document``, ``start``, ``end``, ``page``, ``heading``) and other places with the same words
      (``support``). Where sentences answer, as in ``Result.answer_kind``, they are the answers. A question that is not
      answered has one answer whose ``data`` is None, as Haystack's reader gives it: ``score`` is the probability that
      the best candidate is wrong; ``meta`` has ``reason`` and ``reason_code``.
    - ``documents``: The passages that were read, best first.

    Args:
        index: Folder written by ``build_index``; opened on the first run, or by ``warm_up``.
        top_k: Maximum number of answers.
        where: Conditions on the documents; see ``Retriever.search``.
        min_confidence: Probability below which to abstain; the assistant's own threshold if None.
        reader: Folder or name of another reader; see ``Assistant.load``.
    """

    def __init__(
        self,
        index: Path | str,
        top_k: int = 5,
        where: Where | None = None,
        min_confidence: float | None = None,
        reader: Path | str | None = None,
    ) -> None:
        self.index = str(index)
        self.top_k = top_k
        self.where = where
        self.min_confidence = min_confidence
        self.reader = None if reader is None else str(reader)
        self._assistant: Assistant | None = None

    def warm_up(self) -> None:
        """Open the index and load its embedder and the reader.

        Raises:
            IndexFolderError: See ``Assistant.load``.
            InputError: See ``Assistant.load``.
        """
        self._opened()

    def _opened(self) -> Assistant:
        if self._assistant is None:
            self._assistant = Assistant.load(self.index, reader=self.reader)
        return self._assistant

    @component.output_types(answers=list[ExtractedAnswer], documents=list[Document])
    def run(
        self,
        query: str,
        top_k: int | None = None,
        where: Where | None = None,
        min_confidence: float | None = None,
    ) -> dict[str, Any]:
        """Answer a question; arguments other than ``query`` replace those of the component.

        Raises:
            InputError: ``top_k`` is below 1, or see ``Assistant.ask``.
        """
        count = self.top_k if top_k is None else top_k
        if count < 1:
            raise InputError(f"top_k is {count}; it must be at least 1")
        assistant = self._opened()
        minimum = self.min_confidence if min_confidence is None else min_confidence
        result = assistant.ask(query, self.where if where is None else where, minimum)
        documents = {hit.passage: _document(hit) for hit in result.hits}
        answers = [_answer(query, quote, documents[quote.passage]) for quote in quotes(assistant, result, minimum)]
        for each in sentences(assistant, result, minimum):
            passage = result.hits[each.hit].passage
            answers.append(_sentence(query, each, documents[passage], passage.start))
        return {"answers": answers[:count] or [_no_answer(query, result)], "documents": list(documents.values())}

    def to_dict(self) -> dict[str, Any]:
        """The component as a dictionary, for ``Pipeline.dumps``."""
        return default_to_dict(
            self,
            index=self.index,
            top_k=self.top_k,
            where=self.where,
            min_confidence=self.min_confidence,
            reader=self.reader,
        )

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> RagAnswerer:
        """The component of a dictionary that ``to_dict`` made."""
        return default_from_dict(cls, data)


def _document(hit: Hit) -> Document:
    return Document(id=place_id(hit.passage), content=hit.passage.text, meta=passage_metadata(hit), score=hit.score)


def _answer(query: str, quote: Answer, document: Document) -> ExtractedAnswer:
    return ExtractedAnswer(
        query=query,
        score=quote.confidence,
        data=quote.text,
        document=document,
        context=quote.sentence.text,
        document_offset=_offset(quote, quote.passage.start),
        context_offset=_offset(quote, quote.sentence.start),
        meta=quote_metadata(quote),
    )


def _sentence(query: str, quote: Evidence, document: Document, start: int) -> ExtractedAnswer:
    """A sentence of a passage that begins at ``start``; it is its own context."""
    return ExtractedAnswer(
        query=query,
        score=quote.probability,
        data=quote.text,
        document=document,
        context=quote.text,
        document_offset=ExtractedAnswer.Span(quote.start - start, quote.end - start),
        context_offset=ExtractedAnswer.Span(0, len(quote.text)),
        meta=evidence_metadata(quote),
    )


def _offset(quote: Answer, start: int) -> ExtractedAnswer.Span:
    """Place of the words in a part of the document that begins at ``start``."""
    return ExtractedAnswer.Span(quote.start - start, quote.end - start)


def _no_answer(query: str, result: Result) -> ExtractedAnswer:
    miss = result.near_miss
    meta = {"reason": result.reason, "reason_code": result.reason_code and str(result.reason_code)}
    return ExtractedAnswer(query=query, score=1.0 - (miss.confidence if miss else 0.0), meta=meta)
