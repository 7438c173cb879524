"""Answers to keep and pass on, with everything needed to find the words again.

A *citation* is one line for the clipboard. An *export* holds whole answers, as Markdown for people and as JSON for
``rag verify``, which later checks that the quotes still match their files (``rag.export.check``)::

    {"format": "rag answers", "version": 1, "answers": [
        {"question", "asked": UTC, "collection", "found": true, "quote": {"text", "start", "end"},
         "sentence": {"text", "start", "end"}, "document", "title", "author", "date", "page", "heading",
         "file": {"path", "sha256"}, "confidence", "support": [{"document", "start", "end"}, ...]},
        {"question", "asked", "collection", "found": false, "reason"}]}

Each also has ``evidence``, the sentences that bear on the question: ``{"text", "confidence", "document", "title",
"start", "end", "page", "heading"}``.

Offsets are in code points of the document. What a document does not state is null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import InputError
from ..index import Index
from ..index.store import FileRecord
from ..reading.scoring import in_words
from ..text.printable import one_line
from ..types import Answer, Document, Evidence, Result, name_title
from .json import evidence_to_json

FORMAT, VERSION = "rag answers", 1

#: Markdown syntax anywhere in a line, including GitHub's: a bare ``://`` or ``www.`` makes a link.
MARKUP = re.compile(r"[\\`*_\[\]<>&~|$@#]|:(?=//)|(?<=www)\.", re.IGNORECASE)
#: Markdown syntax at the start of a line only: lists and rules.
LINE_MARKUP = re.compile(r"^(\d{1,9}(?=[.)])|(?=[+=:-]))")


@dataclass(frozen=True, slots=True)
class ExportEntry:
    """Outcome of a question with the document behind it; made by ``export_entry``.

    Attributes:
        question: The question as asked.
        asked: When it was asked, with a time zone.
        collection: Name of the collection that was asked.
        answer: The answer; None if there was none.
        reason: Why there was no answer, else empty.
        document, file: The answer's document and its file, as indexed; None if there was no answer.
        evidence: The sentences that bear on the question.
    """

    question: str
    asked: datetime
    collection: str
    answer: Answer | None
    reason: str
    document: Document | None
    file: FileRecord | None
    evidence: tuple[Evidence, ...] = ()


def export_entry(result: Result, index: Index, asked: datetime, collection: str) -> ExportEntry:
    """A result with the document and file of its answer.

    Args:
        result: A result of the assistant; ``replace(result, answer=result.answers[2])`` exports another candidate.
        index: The index that answered.
        asked: When the question was asked, with a time zone.
        collection: Name of the index, for people.

    Raises:
        InputError: The index does not hold the words: it is not the one that answered, or has changed since.
    """
    answer = result.answer
    if answer is None:
        reason = result.reason or ""
        return ExportEntry(result.question, asked, collection, None, reason, None, None, result.evidence)
    document = index.documents.get(answer.document)
    if document is None or document.text[answer.start : answer.end] != answer.text:
        raise InputError(f"{answer.document}: the index has changed since it answered; ask again")
    file = index.file_of(answer.document)
    return ExportEntry(result.question, asked, collection, answer, "", document, file, result.evidence)


def citation(quote: Answer | Evidence, document: Document) -> str:
    """One line for the clipboard: the words, their author, title and date, and their location.

    ``“7,644 km” — Anna Berg, “The long border”, 2022-10-22 (reports/border.pdf, page 3, under “Facts”, characters
    120-128)``. What the document does not state is left out; so is a title made from the file's name, and a heading
    that equals the title. Runs of whitespace in the words become one space.
    """
    return f"“{_line(quote.text)}” — {source_line(quote, document)}"


def source_line(quote: Answer | Evidence, document: Document) -> str:
    """Author, title, date and location of a quote, as in ``citation``."""
    stated = [author(document), f"“{_line(document.title)}”" * _has_title(document), date(document)]
    source = ", ".join(part for part in stated if part)
    place = f"({_place(quote, document)})"
    return f"{source} {place}" if source else place


def author(document: Document) -> str:
    """Authors that the document states, joined by commas; empty if none."""
    stated = document.metadata.get("author") or document.metadata.get("authors") or ""
    names = stated if isinstance(stated, list) else [stated]
    return ", ".join(_line(name) for name in names if isinstance(name, str) and name.strip())


def date(document: Document) -> str:
    """The date that the document states, as written; empty if none."""
    stated = document.metadata.get("date")
    return _line(stated) if isinstance(stated, str) else ""


def export_json(entries: Sequence[ExportEntry]) -> str:
    """The entries as JSON, in the format that the module describes."""
    exported = {"format": FORMAT, "version": VERSION, "answers": [_json(entry) for entry in entries]}
    return json.dumps(exported, indent=2, ensure_ascii=False) + "\n"


def export_markdown(entries: Sequence[ExportEntry]) -> str:
    """The entries as Markdown: the question, the sentence as a block quote with the answer in bold, the source.

    Text of documents is escaped: it makes no link, heading or HTML.
    """
    return "\n".join(["# Answers\n", *(_markdown(entry) for entry in entries)])


def _json(entry: ExportEntry) -> dict[str, Any]:
    asked = {
        "question": entry.question,
        "asked": _utc(entry.asked),
        "collection": entry.collection,
        "found": entry.answer is not None,
        "evidence": [evidence_to_json(each) for each in entry.evidence],
    }
    answer, document, file = entry.answer, entry.document, entry.file
    if not (answer and document and file):
        return {**asked, "reason": entry.reason}
    return {
        **asked,
        "quote": {"text": answer.text, "start": answer.start, "end": answer.end},
        "sentence": asdict(answer.sentence),
        "document": answer.document,
        "title": document.title if _has_title(document) else None,
        "author": author(document) or None,
        "date": date(document) or None,
        "page": answer.page,
        "heading": answer.heading,
        "file": {"path": file.path, "sha256": file.hash},
        "confidence": answer.confidence,
        "support": [asdict(support) for support in answer.support],
    }


def _markdown(entry: ExportEntry) -> str:
    lines = [f"## {escaped(entry.question)}", ""]
    answer, document, file = entry.answer, entry.document, entry.file
    if not (answer and document and file):
        lines += [f"Not found: {escaped(entry.reason)}", ""]
    else:
        stated = [author(document), document.title * _has_title(document), date(document)]
        source = ", ".join(escaped(part) for part in stated if part)
        lines += [f"> {_quoted(answer)}", "", *([source, ""] if source else [])]
        lines += [f"- {escaped(_place(answer, document))}"]
        lines += [f"- {escaped(_certainty(answer))}"]
        others = (f"{support.document}, characters {support.start}-{support.end}" for support in answer.support)
        lines += [f"- the same words in {escaped(other)}" for other in others]
        lines += [f"- SHA-256 of {escaped(file.path)}: {file.hash}"]
    lines += [
        f"- bears on it, {each.probability:.0%}: “{escaped(each.text)}” "
        f"({escaped(each.document_id)}, characters {each.start}-{each.end})"
        for each in entry.evidence
    ]
    return "\n".join([*lines, f"- asked {_utc(entry.asked)} in {escaped(entry.collection)}", ""])


def _certainty(answer: Answer) -> str:
    """The probability, or who marked the words right, and when."""
    if answer.feedback:
        return f"marked right {answer.feedback}".rstrip()
    return f"{in_words(answer.confidence)}, {answer.confidence:.0%}"


def _quoted(answer: Answer) -> str:
    """The sentence with the answer in bold."""
    sentence = answer.sentence
    before = sentence.text[: answer.start - sentence.start]
    after = sentence.text[answer.end - sentence.start :]
    words = _escaped_within(answer.text)
    # CommonMark does not read asterisks between a letter and punctuation as bold.
    loose = (not words[0].isalnum() and before[-1:].strip()) or (not words[-1].isalnum() and after[:1].strip())
    bold = f"<b>{words}</b>" if loose else f"**{words}**"
    left, right = " " * before[-1:].isspace(), " " * after[:1].isspace()
    return f"{escaped(before)}{left}{bold}{right}{_escaped_within(after)}"


def escaped(text: str) -> str:
    """Text as one line of Markdown that renders as that text; runs of whitespace become one space."""
    return LINE_MARKUP.sub(r"\1\\", _escaped_within(text))


def _escaped_within(text: str) -> str:
    """``escaped`` for text within a line."""
    return MARKUP.sub(lambda match: "\\" + match.group(), _line(text))


def _place(quote: Answer | Evidence, document: Document) -> str:
    """Document, page, heading and offsets, as far as the format has them."""
    parts = [_line(document.id)]
    if quote.page is not None:
        parts.append(f"page {quote.page}")
    if quote.heading not in (None, document.title):
        parts.append(f"under “{_line(str(quote.heading))}”")
    return ", ".join([*parts, f"characters {quote.start}-{quote.end}"])


def _has_title(document: Document) -> bool:
    """True if the document states a title; otherwise the title is made from its file's name."""
    return document.title != name_title(document.id)


def _line(text: str) -> str:
    """The text on one line, without control or bidirectional formatting characters."""
    return one_line(" ".join(text.split()))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
