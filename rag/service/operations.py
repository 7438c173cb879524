"""Ask, fill tables, search, gather evidence, read and verify quotes, with results as JSON objects.

The objects have the shapes of ``models``. ``ask`` and ``search`` give those of ``rag ask --json`` and ``rag search
--json``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import islice

from ..assistant import Assistant
from ..errors import InputError
from ..export.json import Json, evidence_to_json, hit_to_json, result_to_json
from ..export.tables.jsonl import row_to_json
from ..index.filters import Where
from ..questions.columns import as_columns
from ..retrieval.retriever import within_budget
from ..text.tokens import encoding
from ..types import Document, Result
from .quotes import exact_places, places_of_words

#: Places of one quote that are listed.
MAX_PLACES = 20

#: Maximum number of passages of one search, as each of them is loaded.
MAX_PASSAGES = 100

#: Maximum number of rows of one table, as each of them is read.
MAX_ROWS = 20

#: Maximum length of a quote, in code points.
MAX_QUOTE = 20_000

#: Tokens of one reading if no budget is given.
READ_TOKENS = 2_000

#: More than any token has; those of the shipped encoding have at most 21.
_CODE_POINTS_PER_TOKEN = 128

#: Called between the stages of a question; raises if nobody waits for the answer any more.
Checkpoint = Callable[[], None]


def _go_on() -> None:
    """The checkpoint of a question that is always finished."""


class Operations:
    """The operations on one index folder. Thread-safe.

    Args:
        get_assistant: Returns the assistant over the current version of the index; called by every operation.

    Every operation raises ``InputError`` for input that is invalid, and ``IndexFolderError`` if the index cannot be
    opened.
    """

    def __init__(self, get_assistant: Callable[[], Assistant]) -> None:
        self._get_assistant = get_assistant

    def ask(
        self,
        question: str,
        where: Where | None = None,
        min_confidence: float | None = None,
        max_tokens: int | None = None,
        *,
        checkpoint: Checkpoint = _go_on,
    ) -> Json:
        """Answer a question.

        Args:
            question: In plain words.
            where: Conditions on the documents; see ``Retriever.search``.
            min_confidence: Probability below which to abstain; the reader's threshold if None.
            max_tokens: Budget for the text of all ``hits``; those that do not fit are read but not returned.
            checkpoint: See ``Checkpoint``.
        """
        _check_range("min_confidence", min_confidence)
        _check_budget(max_tokens)
        assistant = self._get_assistant()
        result = assistant.judge(_read(assistant, question, where, checkpoint), min_confidence)
        hits = within_budget(iter(result.hits), len(result.hits), max_tokens)
        return result_to_json(replace(result, hits=tuple(hits)))

    def table(
        self,
        questions: Sequence[str],
        where: Where | None = None,
        min_confidence: float | None = None,
        offset: int = 0,
        limit: int = 10,
        *,
        checkpoint: Checkpoint = _go_on,
    ) -> Json:
        """Ask the same questions of some documents, each on its own; see ``Assistant.table``.

        Args:
            questions: Questions or names of fields; see ``rag.questions.columns``.
            where: Conditions on the passages that may answer; see ``Retriever.search``.
            min_confidence: Probability below which a cell is not found; the reader's threshold if None.
            offset: Number of matching documents to skip, in index order.
            limit: Maximum number of rows, 1 to ``MAX_ROWS``.
            checkpoint: See ``Checkpoint``; called before each row.
        """
        _check_range("min_confidence", min_confidence)
        if offset < 0 or not 1 <= limit <= MAX_ROWS:
            raise InputError(
                f"offset is {offset} and limit {limit}; give an offset from 0 and a limit from 1 to {MAX_ROWS}"
            )
        assistant = self._get_assistant()
        columns = as_columns(questions)
        names = list(assistant.index.rows_by_document(where))
        chosen = names[offset : offset + limit]
        rows = assistant.table(questions, chosen, where, min_confidence=min_confidence) if chosen else iter(())
        found = []
        for _ in chosen:
            checkpoint()
            row = next(rows)
            cells = list(row_to_json(row, columns))
            found.append({"document": row.document, "title": row.title, "reason": row.reason, "cells": cells})
        return {"rows": found, "total": len(names)}

    def search(self, question: str, k: int = 10, max_tokens: int | None = None, where: Where | None = None) -> Json:
        """The passages most likely to answer a question; see ``Retriever.search``."""
        if k > MAX_PASSAGES:
            raise InputError(f"k is {k}; at most {MAX_PASSAGES} passages are returned")
        hits = self._get_assistant().retriever.search(question, k, max_tokens, where)
        return {"question": question, "hits": [hit_to_json(hit) for hit in hits]}

    def evidence(
        self,
        question: str,
        where: Where | None = None,
        min_confidence: float = 0.0,
        max_tokens: int | None = None,
        *,
        checkpoint: Checkpoint = _go_on,
    ) -> Json:
        """The sentences of the passages found that bear on a question, each with the probability that it does.

        Args:
            question: In plain words.
            where: See ``ask``.
            min_confidence: Probability below which a sentence is left out.
            max_tokens: Budget for all sentences together; one that does not fit is left out.
            checkpoint: See ``Checkpoint``.
        """
        _check_range("min_confidence", min_confidence)
        _check_budget(max_tokens)
        assistant = self._get_assistant()
        result = _read(assistant, question, where, checkpoint)
        likely = (evidence_to_json(each) for each in result.evidence if each.probability >= min_confidence)
        return {"question": result.question, "evidence": _within_tokens(likely, max_tokens)}

    def read(self, document: str, start: int = 0, end: int | None = None, max_tokens: int = READ_TOKENS) -> Json:
        """A document's text from ``start`` to ``end`` (its end if None), cut where the budget is used up.

        Args:
            document: Id of the document.
            start, end: Offsets in code points; an ``end`` beyond the document is its end.
            max_tokens: Budget in tokens of the shipped encoding.
        """
        _check_budget(max_tokens)
        found = self._get_assistant().retriever.document(document)
        length = len(found.text)
        end = length if end is None else min(end, length)
        if not 0 <= start <= end:
            raise InputError(f"start {start} and end {end} do not fit {document!r}, which has {length:,} characters")
        text = _first_tokens(found.text[start:end], max_tokens)
        end = start + len(text)
        place = found.place(start)
        return {
            "document": document,
            "title": found.title,
            "text": text,
            "start": start,
            "end": end,
            "length": length,
            "page": place.page,
            "heading": place.heading,
            "next": end if end < length else None,
        }

    def verify_quote(self, quote: str, document: str, max_tokens: int | None = None) -> Json:
        """Whether a quote stands in a document, and where.

        If it does not stand there character for character, places with other white space are looked for.

        Args:
            quote: The words.
            document: Id of the document.
            max_tokens: Budget for the words of all places together; those that do not fit are left out.
        """
        _check_budget(max_tokens)
        if not quote.strip():
            raise InputError("the quote is empty; give the words to look for")
        if len(quote) > MAX_QUOTE:
            raise InputError(f"the quote has {len(quote):,} characters; at most {MAX_QUOTE:,} are looked for")
        found = self._get_assistant().retriever.document(document)
        exact = list(islice(exact_places(found.text, quote), MAX_PLACES + 1))
        places = exact or list(islice(places_of_words(found.text, quote), MAX_PLACES + 1))
        listed = _within_tokens((_quote_place(found, *each) for each in places[:MAX_PLACES]), max_tokens)
        return {
            "document": document,
            "quote": quote,
            "stands": bool(exact),
            "same_words": bool(places),
            "places": listed,
            "more": len(places) > len(listed),
        }

    def documents(self, offset: int = 0, limit: int | None = None) -> Json:
        """Ids and titles of the documents, in index order.

        Args:
            offset: Number of documents to skip.
            limit: Maximum number of documents; all if None.
        """
        if offset < 0 or (limit is not None and limit < 1):
            raise InputError(f"offset is {offset} and limit {limit}; give an offset from 0 and a limit from 1")
        index = self._get_assistant().index
        names = islice(index.documents, offset, None if limit is None else offset + limit)
        return {
            "documents": [{"document": name, "title": index.title(name)} for name in names],
            "total": len(index.documents),
        }

    def check(self) -> None:
        """Open the index, if it is not open."""
        self._get_assistant()

    def document(self, document: str) -> Document:
        """The document with an id."""
        return self._get_assistant().retriever.document(document)


def _read(assistant: Assistant, question: str, where: Where | None, checkpoint: Checkpoint) -> Result:
    """The stages of ``Assistant.ask`` before the last, with a checkpoint between any two."""
    found = assistant.retrieve(question, where)
    checkpoint()
    return assistant.recall(assistant.read(found), where)


def _within_tokens(found: Iterable[Json], max_tokens: int | None) -> list[Json]:
    """The texts in their order that fit a budget; one that does not fit is left out."""
    if max_tokens is None:
        return list(found)
    count, left, kept = encoding().encode_ordinary, max_tokens, []
    for each in found:
        tokens = len(count(each["text"]))
        if tokens <= left:
            left -= tokens
            kept.append(each)
    return kept


def _first_tokens(text: str, max_tokens: int) -> str:
    """The longest beginning of a text that has at most so many tokens, but one code point at least."""
    # Encoding more than can fit would take time for nothing.
    text = text[: max_tokens * _CODE_POINTS_PER_TOKEN]
    tokens = encoding().encode_ordinary(text)
    if len(tokens) <= max_tokens:
        return text
    kept = encoding().decode_bytes(tokens[:max_tokens]).decode("utf-8", errors="ignore")
    return text[: max(1, len(kept))]


def _quote_place(document: Document, start: int, end: int) -> Json:
    place = document.place(start)
    return {
        "text": document.text[start:end],
        "start": start,
        "end": end,
        "page": place.page,
        "heading": place.heading,
    }


def _check_range(name: str, value: float | None) -> None:
    if value is not None and not 0 <= value <= 1:
        raise InputError(f"{name} is {value}; give a probability from 0 to 1")


def _check_budget(max_tokens: int | None) -> None:
    if max_tokens is not None and max_tokens < 1:
        raise InputError(f"max_tokens is {max_tokens}; it must be at least 1")
