"""What an index consists of, whichever store holds it: vectors (``VectorStore``), words, documents and passages.

The folder of an index is one store, with FAISS, ``bm25s`` and SQLite behind these protocols; Milvus is another
(``rag.index.milvus``). ``tests/index/test_stores.py`` runs the same tests on each.

A row identifies a passage within one version of an index. In a folder rows count from 0; elsewhere they are any numbers
from 0 to 2**63 - 1. All parts of an index show the same version for as long as it is open.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from ..types import Document, Passage, Place
from .filters import Conditions
from .store import FileRecord
from .vectors.base import Rows, Scores, Subset, VectorStore

__all__ = ["DocumentStore", "LexicalStore", "Passages", "Rows", "Scores", "Subset", "VectorStore"]


class LexicalStore(Protocol):
    """BM25 scores of passages, and the inverse document frequency of terms."""

    def __len__(self) -> int:
        """Number of passages."""

    def search(self, question: str, k: int, subset: Subset | None = None) -> tuple[Scores, Rows]:
        """The best rows for a question, of those that share a term with it.

        Args:
            question: In plain words.
            k: Maximum number of rows.
            subset: Rows to search; None searches all.

        Returns:
            Scores, all positive, and rows, both of the same length, at most ``k``, in no particular order.
        """

    def scores(self, question: str, rows: Rows) -> Scores:
        """BM25 score of each of the rows, ascending and unique; 0 where it shares no term with the question."""

    def rarity(self, words: Sequence[str]) -> list[float]:
        """Inverse document frequency of each term, ``ln(1 + (N - n + 0.5) / (n + 0.5))``; at least 0."""


class Passages(Protocol):
    """Passages by row."""

    def __len__(self) -> int:
        """Number of passages."""

    def __getitem__(self, row: int) -> Passage:
        """The passage of a row."""

    def __iter__(self) -> Iterator[Passage]:
        """All passages."""

    def items(self) -> Iterator[tuple[int, Passage]]:
        """All passages with their rows."""


class DocumentStore(Protocol):
    """Documents, passages and files."""

    @property
    def documents(self) -> Mapping[str, Document]:
        """Documents by id, in index order."""

    @property
    def passages(self) -> Passages:
        """Passages by row."""

    def files(self) -> dict[str, FileRecord]:
        """All files by path, sorted by path."""

    def file_of(self, document_id: str) -> FileRecord | None:
        """The file that holds a document; None for an unknown document."""

    def refused(self) -> dict[str, tuple[str, str]]:
        """Unreadable files by path: the hash of their content, and the reason."""

    def document_counts(self) -> dict[str, int]:
        """Number of documents of each file that has any, by path."""

    def remarks(self, file: int | None = None) -> Iterator[tuple[str, str, str]]:
        """Remarks on one file, by its number, or on all: document id, kind (such as ``SKIPPED``), and text."""

    def unread(self) -> Iterator[tuple[str, str, str]]:
        """What the index does not hold of its files: path, id of the file or a part of it, what is missing or why."""

    def near_duplicates(self) -> list[tuple[str, str, float]]:
        """Documents whose text is nearly the same as that of another one: their ids, and the similarity."""

    def content_keys(self, most: int) -> list[tuple[str, str]]:
        """Id of each document, and what identifies its content; without those of files with more than ``most``."""

    def documents_of(self, file: int) -> list[Document]:
        """The documents of a file, by the file's number."""

    def titles_of(self, file: int, limit: int) -> list[tuple[str, str]]:
        """Id and title of a file's first documents, by the file's number."""

    def rows_at(self, document_id: str, start: int, end: int) -> list[int]:
        """Rows of the passages that overlap ``[start, end)`` of a document, the one that holds the most first."""

    def title(self, document_id: str) -> str:
        """The title of a document."""

    def place(self, document_id: str, at: int) -> Place:
        """Page and heading at a code point of a document."""

    def ocr_score(self, document_id: str, start: int, end: int) -> float | None:
        """Lowest score of the words in ``[start, end)`` of a document that OCR read; None if it read none of them."""

    def fields(self) -> list[str]:
        """Names of all fields that filters can use, sorted."""

    def field_values(self, name: str, limit: int) -> list[tuple[str, int]]:
        """The first distinct values of a field, casefolded and sorted, each with its number of documents."""

    def metadata_with(self, name: str, value: str) -> dict[str, object]:
        """The metadata of a document whose field has a casefolded value; empty if there is none."""

    def rows(self, conditions: Conditions) -> Subset:
        """The passages that meet all conditions.

        Raises:
            InputError: No document has a field that a condition names, or a value does not fit its field.
        """

    def matching(self, rows: list[int], conditions: Conditions) -> list[int]:
        """Those of the rows that meet all conditions, in their order.

        Raises:
            InputError: See ``rows``.
        """

    def rows_by_document(self, conditions: Conditions) -> dict[str, Rows]:
        """Rows of the passages that meet all conditions, ``int64``, ascending, by document in index order.

        Without conditions, documents without passages are included.

        Raises:
            InputError: See ``rows``.
        """

    def check(self) -> Iterator[str]:
        """Yield a line for each inconsistency; reads everything."""
