"""Answers to keep and pass on, with everything needed to find the words again.

An export holds whole answers, as Markdown for people (``rag.export.markdown``) and as JSON for ``rag verify``, which
later checks that the quotes still match their files (``rag.export.check``)::

    {"format": "rag answers", "version": 1, "answers": [
        {"question", "asked": UTC, "collection", "answer_kind", "evidence": [...], "items": [...], "found": true,
         "quote": {"text", "start", "end"}, "sentence": {"text", "start", "end"}, "document", "title", "author", "date",
         "page", "heading", "file": {"path", "sha256"}, "confidence", "support": [{"document", "start", "end"}, ...]},
        {"question", "asked", "collection", "answer_kind", "evidence", "items", "found": false, "reason"}]}

``found`` says whether there is a short answer. If ``answer_kind`` is ``evidence``, the sentences of ``evidence`` with
``is_answer`` answer the question; with two ``items`` or more, these do. An entry of ``evidence`` is ``{"text",
"confidence", "document", "title", "start", "end", "page", "heading", "ocr", "is_answer", "file"}``; one of ``items`` is
``{"document", "start", "end", "text", "confidence", "file"}``.

Offsets are in code points of the document. What a document does not state is null.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from ..errors import InputError
from ..index import Index
from ..index.store import FileRecord
from ..types import Answer, AnswerKind, Document, Evidence, Item, Result
from .citation import Quote, author, date, document_of, has_title
from .json import evidence_to_json

FORMAT, VERSION = "rag answers", 1


@dataclass(frozen=True, slots=True)
class Source:
    """A document with its file, as indexed."""

    document: Document
    file: FileRecord


@dataclass(frozen=True, slots=True)
class ExportEntry:
    """Outcome of a question with the documents behind it; made by ``export_entry``.

    Attributes:
        question: The question as asked.
        asked: When it was asked, with a time zone.
        collection: Name of the collection that was asked.
        answer: The short answer; None if there is none.
        reason: Why there is no short answer, else empty.
        kind: What answers the question; see ``Result.answer_kind``.
        items: The items of a list; empty unless there are two or more and a short answer was given.
        evidence: The sentences that answer the question, most probable first; empty unless ``kind`` is ``EVIDENCE``.
        further_evidence: The other sentences that bear on it.
        sources: The documents of all of these by their ids.
    """

    question: str
    asked: datetime
    collection: str
    answer: Answer | None
    reason: str
    kind: AnswerKind | None = None
    items: tuple[Item, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    further_evidence: tuple[Evidence, ...] = ()
    sources: Mapping[str, Source] = field(default_factory=dict)

    @property
    def answering(self) -> tuple[Quote, ...]:
        """What answers the question, in the order in which it is shown."""
        return (*self.evidence, *self.items, *((self.answer,) if self.answer else ()))


def export_entry(result: Result, index: Index, asked: datetime, collection: str) -> ExportEntry:
    """A result with the documents and files of its quotes.

    Sentences that do not answer the question are left out if the index has changed since and no longer holds them.

    Args:
        result: A result of the assistant; ``replace(result, answer=result.answers[2])`` exports another candidate.
        index: The index that answered.
        asked: When the question was asked, with a time zone.
        collection: Name of the index, for people.

    Raises:
        InputError: The index does not hold the words: it is not the one that answered, or has changed since.
    """
    evidence = result.likely_evidence if result.answer_kind is AnswerKind.EVIDENCE else ()
    others = result.evidence[len(evidence) :]
    items = result.items if result.answer and len(result.items) > 1 else ()
    quotes: list[Quote] = [*result.evidence, *items, *([result.answer] if result.answer else [])]
    sources = _sources(map(document_of, quotes), index)
    entry = ExportEntry(
        result.question,
        asked,
        collection,
        result.answer,
        "" if result.answer else result.reason or "",
        result.answer_kind,
        items,
        evidence,
        tuple(each for each in others if _holds(sources, each)),
        sources,
    )
    for quote in entry.answering:
        if not _holds(sources, quote):
            raise InputError(f"{document_of(quote)}: the index has changed since it answered; ask again")
    return entry


def export_json(entries: Sequence[ExportEntry]) -> str:
    """The entries as JSON, in the format that the module describes."""
    exported = {"format": FORMAT, "version": VERSION, "answers": [_json(entry) for entry in entries]}
    return json.dumps(exported, indent=2, ensure_ascii=False) + "\n"


def utc(at: datetime) -> str:
    """A time with a time zone in UTC, ISO 8601 (``2026-11-28T09:30:00Z``)."""
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _sources(documents: Iterable[str], index: Index) -> dict[str, Source]:
    """Those of the documents that the index holds."""
    found = ((name, index.documents.get(name), index.file_of(name)) for name in set(documents))
    return {name: Source(document, file) for name, document, file in found if document and file}


def _holds(sources: Mapping[str, Source], quote: Quote) -> bool:
    """True if the words of a quote stand in its document."""
    source = sources.get(document_of(quote))
    return source is not None and source.document.text[quote.start : quote.end] == quote.text


def _json(entry: ExportEntry) -> dict[str, Any]:
    def file(quote: Quote) -> dict[str, str]:
        record = entry.sources[document_of(quote)].file
        return {"path": record.path, "sha256": record.hash}

    asked = {
        "question": entry.question,
        "asked": utc(entry.asked),
        "collection": entry.collection,
        "answer_kind": entry.kind,
        "evidence": [
            evidence_to_json(each) | {"is_answer": is_answer, "file": file(each)}
            for some, is_answer in ((entry.evidence, True), (entry.further_evidence, False))
            for each in some
        ],
        "items": [asdict(item) | {"file": file(item)} for item in entry.items],
        "found": entry.answer is not None,
    }
    answer = entry.answer
    if answer is None:
        return {**asked, "reason": entry.reason}
    document = entry.sources[answer.document].document
    return {
        **asked,
        "quote": {"text": answer.text, "start": answer.start, "end": answer.end},
        "sentence": asdict(answer.sentence),
        "document": answer.document,
        "title": document.title if has_title(document) else None,
        "author": author(document) or None,
        "date": date(document) or None,
        "page": answer.page,
        "heading": answer.heading,
        "file": file(answer),
        "confidence": answer.confidence,
        "support": [asdict(support) for support in answer.support],
    }
