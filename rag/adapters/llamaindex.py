"""LlamaIndex: passages as a retriever, exact answers as a query engine.

from rag.adapters.llamaindex import RagQueryEngine, RagRetriever

nodes = RagRetriever.load("my-index", k=5).retrieve("Who postponed the visit to Bishkek?")
response = RagQueryEngine.load("my-index").query("How long is the border?")
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Self

from ..assistant import Assistant
from ..export.json import Json
from ..index.filters import Where
from ..retrieval.retriever import Retriever
from .extras import needs
from .quotes import evidence_metadata, passage_metadata, place_id, quote_metadata, quotes, reply, sentences

with needs(__name__, "llama_index", "llama-index-core", "llamaindex"):
    from llama_index.core.base.base_query_engine import BaseQueryEngine
    from llama_index.core.base.base_retriever import BaseRetriever
    from llama_index.core.base.response.schema import Response
    from llama_index.core.callbacks import CallbackManager
    from llama_index.core.prompts.mixin import PromptMixinType
    from llama_index.core.schema import NodeRelationship, NodeWithScore, QueryBundle, RelatedNodeInfo, TextNode

#: Metadata that help a language model; the others are for programs.
SHOWN = {"title", "page", "heading"}


class RagRetriever(BaseRetriever):
    """The best passages for a question, best first.

    Each node's ``start_char_idx`` and ``end_char_idx`` are code points of its document's text, ``ref_doc_id`` is the
    document's id, and the metadata are the fields of ``rag search --json``. A language model is shown ``title``,
    ``page`` and ``heading`` of them.

    ``retrieve`` raises ``InputError`` as ``Retriever.search`` does.

    Args:
        retriever: Finds the passages.
        k: Maximum number of nodes.
        where: Conditions on the documents; see ``Retriever.search``.
        max_tokens: Budget for all passages together, in tokens of the index's encoding.
        callback_manager: See LlamaIndex.
    """

    def __init__(
        self,
        retriever: Retriever,
        k: int = 10,
        where: Where | None = None,
        max_tokens: int | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        self.retriever = retriever
        self.k = k
        self.where = where
        self.max_tokens = max_tokens

    @classmethod
    def load(cls, folder: Path | str, k: int = 10, where: Where | None = None, max_tokens: int | None = None) -> Self:
        """Open an index folder.

        Raises:
            IndexFolderError: See ``Retriever.load``.
        """
        return cls(Retriever.load(folder), k, where, max_tokens)

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        hits = self.retriever.search(query_bundle.query_str, self.k, self.max_tokens, self.where)
        return [
            _scored(_node(place_id(hit.passage), hit.passage.text, passage_metadata(hit)), hit.score) for hit in hits
        ]

    async def _aretrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return await asyncio.to_thread(self._retrieve, query_bundle)


class RagQueryEngine(BaseQueryEngine):
    """The exact words that answer a question; no language model is involved.

    The response's text is the answer, or ``not found`` with the reason. Its ``source_nodes`` are the quotes, best
    first: the answer, and the other candidates that are likely enough. A node's text is the quote, its score the
    probability that it is right. Where sentences answer, as in ``Result.answer_kind``, the text is these sentences, one
    a line, and they are the quotes. The response's metadata are ``answered``, ``reason`` and ``reason_code``.

    ``query`` raises ``InputError`` as ``Assistant.ask`` does.

    Args:
        assistant: Answers the questions.
        where: Conditions on the documents; see ``Retriever.search``.
        min_confidence: Probability below which to abstain; the assistant's own threshold if None.
        callback_manager: See LlamaIndex.
    """

    def __init__(
        self,
        assistant: Assistant,
        where: Where | None = None,
        min_confidence: float | None = None,
        callback_manager: CallbackManager | None = None,
    ) -> None:
        super().__init__(callback_manager)
        self.assistant = assistant
        self.where = where
        self.min_confidence = min_confidence

    @classmethod
    def load(cls, folder: Path | str, where: Where | None = None, min_confidence: float | None = None) -> Self:
        """Open an index folder.

        Raises:
            IndexFolderError: See ``Assistant.load``.
        """
        return cls(Assistant.load(folder), where, min_confidence)

    def _get_prompt_modules(self) -> PromptMixinType:
        return {}

    def _query(self, query_bundle: QueryBundle) -> Response:
        result = self.assistant.ask(query_bundle.query_str, self.where, self.min_confidence)
        answers = quotes(self.assistant, result, self.min_confidence)
        evidence = sentences(self.assistant, result, self.min_confidence)
        nodes = [
            *(_scored(_node(place_id(each), each.text, quote_metadata(each)), each.confidence) for each in answers),
            *(
                _scored(_node(place_id(each), each.text, evidence_metadata(each)), each.probability)
                for each in evidence
            ),
        ]
        metadata = {
            "answered": bool(nodes),
            "reason": None if nodes else result.reason,
            "reason_code": None if nodes else result.reason_code and str(result.reason_code),
        }
        return Response(reply(result, answers or evidence), nodes, metadata)

    async def _aquery(self, query_bundle: QueryBundle) -> Response:
        return await asyncio.to_thread(self._query, query_bundle)


def _scored(node: TextNode, score: float) -> NodeWithScore:
    return NodeWithScore(node=node, score=score)


def _node(node_id: str, text: str, metadata: Json) -> TextNode:
    hidden = [name for name, value in metadata.items() if name not in SHOWN or value is None]
    return TextNode(
        id_=node_id,
        text=text,
        start_char_idx=metadata["start"],
        end_char_idx=metadata["end"],
        metadata=metadata,
        excluded_llm_metadata_keys=hidden,
        excluded_embed_metadata_keys=hidden,
        relationships={NodeRelationship.SOURCE: RelatedNodeInfo(node_id=metadata["document"])},
    )
