"""Search within single documents."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Self

from ..embedding.encoder import Vectors
from ..index.vectors import Rows
from ..types import Hit
from .retriever import Retriever, check_question


class DocumentSearch:
    """Searches one document after another for the same questions, which are embedded once.

    Args:
        retriever: Ranks the passages, as if the document were all that is searched.
        questions: In plain words, each once.
        vectors: Their embeddings, ``float32 [len(questions), dimension]``.
    """

    def __init__(self, retriever: Retriever, questions: Sequence[str], vectors: Vectors) -> None:
        self.questions = tuple(questions)
        self._retriever, self._vectors = retriever, vectors

    @classmethod
    def embed(cls, retriever: Retriever, questions: Sequence[str]) -> Self:
        """A search for questions that are not embedded yet.

        Raises:
            InputError: A question cannot be asked; see ``check_question``.
        """
        for question in questions:
            check_question(question, retriever.encoder)
        return cls(retriever, questions, retriever.encoder.encode(list(questions)))

    def of(self, questions: Sequence[str]) -> Self:
        """The same search for some of the questions."""
        at = [self.questions.index(question) for question in questions]
        return type(self)(self._retriever, questions, self._vectors[at])

    def hits(self, rows: Rows, k: int) -> list[list[Hit]]:
        """The best passages for each question, best first.

        Args:
            rows: Rows of the document's passages, ascending and unique.
            k: Maximum number of hits of each question.
        """
        return self._retriever.search_rows(self.questions, self._vectors, rows, k)
