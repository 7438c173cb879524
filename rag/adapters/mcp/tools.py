"""The tools of the server: their arguments, results and descriptions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import anyio
from anyio.from_thread import check_cancelled
from pydantic import BaseModel, Field

from ...errors import RagError
from ...service.models import EvidenceModel, QuoteModel, ReadModel, ResultModel, SearchModel
from ...service.operations import READ_TOKENS, Operations
from .sdk import ToolError

#: Tool calls computed at the same time; further ones wait.
AT_ONCE = 2

Scalar = str | int | float

Question = Annotated[str, Field(description="In plain English words, one question")]
Filter = Annotated[
    dict[str, Scalar | list[Scalar]] | list[str] | None,
    Field(
        description='Only documents that match, by metadata, title, path, page or heading: {"country": "Kazakhstan", '
        '"date": ">=2022-10"}, or ["country=Kazakhstan", "date>=2022-10"]; all conditions must hold'
    ),
]
Budget = Annotated[int | None, Field(description="Token budget for the text of all passages together; null: no limit")]
SentenceBudget = Annotated[int | None, Field(description="Token budget for all sentences together; null: no limit")]
DocumentId = Annotated[str, Field(description="Id of a document, as answers, passages and resources name it")]

T = TypeVar("T", bound=BaseModel)


class Tools:
    """The tools, each a coroutine that computes in a worker thread.

    A call that its client has given up ends at the next stage, and at once if it was still waiting its turn.

    Args:
        operations: What the tools call.
    """

    def __init__(self, operations: Operations) -> None:
        self._operations = operations
        self._limiter: anyio.CapacityLimiter | None = None

    async def ask(
        self,
        question: Question,
        where: Filter = None,
        min_confidence: Annotated[
            float | None,
            Field(description="Answer only if at least this likely to be right, 0 to 1; null: default"),
        ] = None,
        max_tokens: Budget = None,
    ) -> ResultModel:
        """Answer a question with the exact words of a document, or say that the documents do not answer it.

        Nothing is generated: an answer is a quote with its document, offsets, sentence and probability of being right.
        If answered is false, reason says why, and the candidates in answers are only where to look.
        """
        return await self._run(
            ResultModel,
            lambda: self._operations.ask(question, where, min_confidence, max_tokens, checkpoint=check_cancelled),
        )

    async def search(
        self,
        question: Question,
        k: Annotated[int, Field(description="Maximum number of passages, 1 to 100")] = 10,
        max_tokens: Budget = None,
        where: Filter = None,
    ) -> SearchModel:
        """Find the passages most likely to answer a question, by meaning and by words, best first.

        Passages are exact slices of documents with their offsets. There are always passages, relevant or not.
        """
        return await self._run(SearchModel, lambda: self._operations.search(question, k, max_tokens, where))

    async def evidence(
        self,
        question: Question,
        where: Filter = None,
        min_confidence: Annotated[float, Field(description="Leave out sentences less likely than this, 0 to 1")] = 0.0,
        max_tokens: SentenceBudget = None,
    ) -> EvidenceModel:
        """Quote the sentences of the passages found that bear on a question, most probable first.

        The confidence of a sentence is the probability that it bears on the question. Use it for questions that one
        short answer does not settle: why, how, or what the documents say about a subject.
        """
        return await self._run(
            EvidenceModel,
            lambda: self._operations.evidence(question, where, min_confidence, max_tokens, checkpoint=check_cancelled),
        )

    async def read(
        self,
        document: DocumentId,
        start: Annotated[int, Field(description="Offset of the first character")] = 0,
        end: Annotated[int | None, Field(description="Offset after the last character; null: end of document")] = None,
        max_tokens: Annotated[
            int, Field(description="Token budget; the text is cut there, next says where to go on")
        ] = READ_TOKENS,
    ) -> ReadModel:
        """Read a document, or the part between two offsets, as it is."""
        return await self._run(ReadModel, lambda: self._operations.read(document, start, end, max_tokens))

    async def verify_quote(
        self,
        quote: Annotated[str, Field(description="The words to look for")],
        document: DocumentId,
        max_tokens: Annotated[
            int | None, Field(description="Token budget for the words of all places together; null: no limit")
        ] = None,
    ) -> QuoteModel:
        """Check whether a quote stands in a document, character for character, and where.

        Use it before you quote. If only spaces or line breaks differ, stands is false, same_words is true, and places
        give the words as they stand there. more is true if there are further places, or they exceed the budget.
        """
        return await self._run(QuoteModel, lambda: self._operations.verify_quote(quote, document, max_tokens))

    def all(self) -> list[Callable[..., Any]]:
        """The tools in the order in which clients list them."""
        return [self.ask, self.search, self.evidence, self.read, self.verify_quote]

    async def _run(self, model: type[T], call: Callable[[], Any]) -> T:
        return model.model_validate(await self.in_thread(call))

    async def in_thread(self, call: Callable[[], Any]) -> Any:
        """The result of a call in a worker thread.

        Raises:
            ToolError: The call raises a ``RagError``; has its message.
        """
        if self._limiter is None:
            # Belongs to the event loop of the first call.
            self._limiter = anyio.CapacityLimiter(AT_ONCE)
        try:
            return await anyio.to_thread.run_sync(call, limiter=self._limiter)
        except RagError as error:
            raise ToolError(str(error)) from error
