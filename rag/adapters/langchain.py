"""LangChain: passages as a retriever, exact answers as a runnable and as a tool for agents.

from rag.adapters.langchain import RagAnswerer, RagRetriever

documents = RagRetriever.load("my-index", k=5).invoke("Who postponed the visit to Bishkek?")
result = RagAnswerer.load("my-index").invoke("How long is the border?")
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from ..assistant import Assistant
from ..errors import InputError
from ..export.json import Json, result_to_json
from ..index.filters import Where
from ..retrieval.retriever import Retriever
from ..types import Answer, Evidence, Hit, Result
from .extras import needs
from .quotes import passage_metadata, place_id, quotes, reply, sentences

with needs(__name__, "langchain_core", "langchain-core", "langchain"):
    from langchain_core.callbacks import AsyncCallbackManagerForRetrieverRun, CallbackManagerForRetrieverRun
    from langchain_core.documents import Document
    from langchain_core.retrievers import BaseRetriever
    from langchain_core.runnables import RunnableConfig, RunnableSerializable
    from langchain_core.tools import StructuredTool, ToolException

TOOL_DESCRIPTION = (
    "Find the exact words of the indexed documents that answer a question. Ask one complete question in plain English. "
    "Returns the words with their probability, sentence and source; whole sentences if the question asks why; or 'not "
    "found' if the documents do not answer."
)


class RagRetriever(BaseRetriever):
    """The best passages for a question, best first.

    Each ``Document`` holds a passage. Its metadata are the fields of ``rag search --json``: ``document`` (the id),
    ``title``, ``start`` and ``end`` (code points of the document's text), ``page``, ``heading``, ``score``, ``dense``,
    ``lexical`` and ``tokens``.

    ``invoke`` and its relatives also take ``k``, ``where`` and ``max_tokens``, which replace those of the retriever.
    They raise ``InputError`` as ``Retriever.search`` does.

    Attributes:
        retriever: Finds the passages.
        k: Maximum number of documents.
        where: Conditions on the documents; see ``Retriever.search``.
        max_tokens: Budget for all passages together, in tokens of the index's encoding.
    """

    retriever: Retriever
    k: int = 10
    where: Where | None = None
    max_tokens: int | None = None

    @classmethod
    def load(cls, folder: Path | str, **fields: Any) -> Self:
        """Open an index folder.

        Args:
            folder: Folder written by ``build_index``.
            **fields: ``k``, ``where``, ``max_tokens`` and the fields of LangChain's ``BaseRetriever``.

        Raises:
            IndexFolderError: See ``Retriever.load``.
        """
        return cls(retriever=Retriever.load(folder), **fields)

    def _get_relevant_documents(
        self,
        query: str,
        *,
        run_manager: CallbackManagerForRetrieverRun,
        k: int | None = None,
        where: Where | None = None,
        max_tokens: int | None = None,
    ) -> list[Document]:
        return self._search(query, k, where, max_tokens)

    # LangChain's own version passes no arguments on.
    async def _aget_relevant_documents(
        self,
        query: str,
        *,
        run_manager: AsyncCallbackManagerForRetrieverRun,
        k: int | None = None,
        where: Where | None = None,
        max_tokens: int | None = None,
    ) -> list[Document]:
        return await asyncio.to_thread(self._search, query, k, where, max_tokens)

    def _search(self, query: str, k: int | None, where: Where | None, max_tokens: int | None) -> list[Document]:
        hits = self.retriever.search(
            query,
            self.k if k is None else k,
            self.max_tokens if max_tokens is None else max_tokens,
            self.where if where is None else where,
        )
        return [_document(hit) for hit in hits]


class RagAnswerer(RunnableSerializable[str, Json], arbitrary_types_allowed=True):
    """The exact words that answer a question, or the reason why there are none.

    Returns the object of ``rag ask --json``: ``answered``, ``answer`` with ``text``, ``confidence``, ``document``,
    ``title``, ``start``, ``end`` and ``page`` (or None), ``answers``, ``hits``, ``reason`` and more. ``invoke`` also
    takes ``where`` and ``min_confidence``, which replace those of the runnable.

    It raises ``InputError`` as ``Assistant.ask`` does.

    Attributes:
        assistant: Answers the questions.
        where: Conditions on the documents; see ``Retriever.search``.
        min_confidence: Probability below which to abstain; the assistant's own threshold if None.
    """

    assistant: Assistant
    where: Where | None = None
    min_confidence: float | None = None

    @classmethod
    def load(cls, folder: Path | str, **fields: Any) -> Self:
        """Open an index folder.

        Args:
            folder: Folder written by ``build_index``.
            **fields: ``where`` and ``min_confidence``.

        Raises:
            IndexFolderError: See ``Assistant.load``.
        """
        return cls(assistant=Assistant.load(folder), **fields)

    def invoke(self, input: str, config: RunnableConfig | None = None, **kwargs: Any) -> Json:
        """Answer a question; ``kwargs`` are ``where`` and ``min_confidence``."""
        return self._call_with_config(self._ask, input, config, **kwargs)

    def _ask(self, question: str, where: Where | None = None, min_confidence: float | None = None) -> Json:
        return result_to_json(
            self.assistant.ask(
                question,
                self.where if where is None else where,
                self.min_confidence if min_confidence is None else min_confidence,
            )
        )


def quote_tool(
    assistant: Assistant,
    name: str = "quote_documents",
    description: str = TOOL_DESCRIPTION,
    where: Where | None = None,
    min_confidence: float | None = None,
) -> StructuredTool:
    """A tool with which an agent asks the documents.

    The model sees the words, their probability, sentence and source as text; where sentences answer, as in
    ``Result.answer_kind``, each with its probability and source. The tool message's ``artifact`` is the object of ``rag
    ask --json``. An invalid question raises ``ToolException``, which agents can hand to the model.

    Args:
        assistant: Answers the questions.
        name: Name of the tool, which the model sees.
        description: What the tool does, which the model sees.
        where: Conditions on the documents; see ``Retriever.search``.
        min_confidence: Probability below which to abstain; the assistant's own threshold if None.
    """

    def quote(question: str) -> tuple[str, Json]:
        try:
            result = assistant.ask(question, where, min_confidence)
        except InputError as error:
            raise ToolException(str(error)) from error
        found = quotes(assistant, result, min_confidence) or sentences(assistant, result, min_confidence)
        return _told(result, found), result_to_json(result)

    return StructuredTool.from_function(
        quote, name=name, description=description, response_format="content_and_artifact"
    )


def _document(hit: Hit) -> Document:
    return Document(hit.passage.text, id=place_id(hit.passage), metadata=passage_metadata(hit))


def _told(result: Result, found: Sequence[Answer | Evidence]) -> str:
    """A result as a model reads it: its answer, or its sentences, one after another."""
    if not found:
        return reply(result, found)
    return "\n\n".join(map(_quoted, found[:1] if isinstance(found[0], Answer) else found))


def _quoted(quote: Answer | Evidence) -> str:
    """A quote with its probability and its source."""
    if isinstance(quote, Answer):
        document, lines = quote.document, [f"Probability: {quote.confidence:.0%}", f"Sentence: {quote.sentence.text}"]
    else:
        document, lines = quote.document_id, [f"Probability: {quote.probability:.0%}"]
    page = "" if quote.page is None else f"page {quote.page}, "
    source = f"Source: {quote.title} ({document}, {page}characters {quote.start}-{quote.end})"
    return "\n".join([quote.text, *lines, source])
