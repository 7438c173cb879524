"""Answers as they are kept and passed on: with all that leads back to the words, and nothing that nobody stated.

A *citation* is a line for the clipboard. An *export* holds whole answers, as Markdown for people and as JSON for
``rag verify``, which tells later whether the words still stand (``quote_check``)::

    {"format": "rag answers", "version": 1, "answers": [
        {"question", "asked": UTC, "collection", "found": true, "quote": {"text", "start", "end"},
         "sentence": {"text", "start", "end"}, "document", "title", "author", "date", "page", "heading",
         "file": {"path", "sha256"}, "confidence", "support": [{"document", "start", "end"}, ...]},
        {"question", "asked", "collection", "found": false, "reason"}]}

Offsets are code points of the document. What a document does not state is null.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

from ..errors import InputError
from ..index.store import DocumentStore, FileRecord
from ..reading.confidence import in_words
from ..text.printable import one_line
from ..types import Answer, Document, Result, name_title

FORMAT, VERSION = "rag answers", 1

#: What follows the path of a table in the id of a row.

#: What means something wherever it stands in Markdown, in GitHub's as well: ``://`` and ``www.`` alone make a link.
MARKUP = re.compile(r"[\\`*_\[\]<>&~|$@#]|:(?=//)|(?<=www)\.", re.IGNORECASE)
#: What means something only where it begins a line: lists, numbered ones as well, and rules.
LINE_MARKUP = re.compile(r"^(\d{1,9}(?=[.)])|(?=[+=:-]))")


@dataclass(frozen=True, slots=True)
class Kept:
    """What became of a question, with what leads back to the words; ``keep`` makes it.

    Attributes:
        question: As it was asked.
        asked: When, with its time zone.
        collection: Name of the collection that was asked, for people.
        answer: The answer; None where there was none.
        reason: Why there was none, else empty.
        document, file: What the answer stands in, as it was indexed; None where there was no answer.
    """

    question: str
    asked: datetime
    collection: str
    answer: Answer | None
    reason: str
    document: Document | None
    file: FileRecord | None


def keep(result: Result, store: DocumentStore, asked: datetime, collection: str) -> Kept:
    """A result with the file behind it.

    Args:
        result: Of the assistant; ``replace(result, answer=result.answers[2])`` keeps another candidate.
        store: Of the index that answered.
        asked: When, with its time zone.
        collection: Name of the index, for people.

    Raises:
        InputError: The words do not stand in the store: it is not the one that answered.
    """
    answer = result.answer
    if answer is None:
        return Kept(result.question, asked, collection, None, result.reason or "", None, None)
    document = store.documents.get(answer.document)
    if document is None or document.text[answer.start : answer.end] != answer.text:
        raise InputError(f"{answer.document}: the index has changed since it answered; ask again")
    return Kept(result.question, asked, collection, answer, "", document, store.file_of(answer.document))


def citation(answer: Answer, document: Document) -> str:
    """One line for the clipboard: the words, who wrote them where and when, and how they are found again.

    ``“7,644 km” — Anna Berg, “The long border”, 2022-10-22 (reports/border.pdf, page 3, under “Facts”, characters
    120-128)``. What the document does not state is left out, its file's name is no title, and its heading is not said
    again where it is the title. Line breaks and other runs of blanks in the words become one space.
    """
    stated = [author(document), f"“{_line(document.title)}”" * _has_title(document), date(document)]
    said = ", ".join(part for part in stated if part)
    place = f"({_place(answer, document)})"
    return f"“{_line(answer.text)}” — {f'{said} {place}' if said else place}"


def author(document: Document) -> str:
    """Who wrote the document, as far as it says; several are joined by commas."""
    stated = document.metadata.get("author") or document.metadata.get("authors") or ""
    names = stated if isinstance(stated, list) else [stated]
    return ", ".join(_line(name) for name in names if isinstance(name, str) and name.strip())


def date(document: Document) -> str:
    """The date that the document gives itself, as it writes it; empty where it has none."""
    stated = document.metadata.get("date")
    return _line(stated) if isinstance(stated, str) else ""


def export_json(kept: Sequence[Kept]) -> str:
    """The answers as JSON, the shape of which the module describes."""
    exported = {"format": FORMAT, "version": VERSION, "answers": [_json(each) for each in kept]}
    return json.dumps(exported, indent=2, ensure_ascii=False) + "\n"


def export_markdown(kept: Sequence[Kept]) -> str:
    """The answers as Markdown: question, sentence as a block quote with the answer in bold, and where it stands.

    No text of a document becomes markup: not a link, not a heading, no HTML.
    """
    return "\n".join(["# Answers\n", *(_markdown(each) for each in kept)])


def _json(kept: Kept) -> dict[str, Any]:
    asked = {
        "question": kept.question,
        "asked": _utc(kept.asked),
        "collection": kept.collection,
        "found": kept.answer is not None,
    }
    answer, document, file = kept.answer, kept.document, kept.file
    if not (answer and document and file):
        return {**asked, "reason": kept.reason}
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


def _markdown(kept: Kept) -> str:
    lines = [f"## {escaped(kept.question)}", ""]
    answer, document, file = kept.answer, kept.document, kept.file
    if not (answer and document and file):
        lines += [f"Not found: {escaped(kept.reason)}", ""]
    else:
        stated = [author(document), document.title * _has_title(document), date(document)]
        source = ", ".join(escaped(part) for part in stated if part)
        lines += [f"> {_quoted(answer)}", "", *([source, ""] if source else [])]
        lines += [f"- {escaped(_place(answer, document))}"]
        lines += [f"- {in_words(answer.confidence)}, {answer.confidence:.0%}"]
        others = (f"{support.document}, characters {support.start}-{support.end}" for support in answer.support)
        lines += [f"- the same words in {escaped(other)}" for other in others]
        lines += [f"- SHA-256 of {escaped(file.path)}: {file.hash}"]
    return "\n".join([*lines, f"- asked {_utc(kept.asked)} in {escaped(kept.collection)}", ""])


def _quoted(answer: Answer) -> str:
    """The sentence with the answer in bold."""
    sentence = answer.sentence
    before = sentence.text[: answer.start - sentence.start]
    after = sentence.text[answer.end - sentence.start :]
    words = _escaped_within(answer.text)
    # Asterisks between a letter and a mark are no bold.
    loose = (not words[0].isalnum() and before[-1:].strip()) or (not words[-1].isalnum() and after[:1].strip())
    bold = f"<b>{words}</b>" if loose else f"**{words}**"
    left, right = " " * before[-1:].isspace(), " " * after[:1].isspace()
    return f"{escaped(before)}{left}{bold}{right}{_escaped_within(after)}"


def escaped(text: str) -> str:
    """A text as one line of Markdown that shows it and nothing else; runs of blanks become one space."""
    return LINE_MARKUP.sub(r"\1\\", _escaped_within(text))


def _escaped_within(text: str) -> str:
    """``escaped`` for what does not begin a line."""
    return MARKUP.sub(lambda match: "\\" + match.group(), _line(text))


def _place(answer: Answer, document: Document) -> str:
    """File, page, heading and offsets, as far as the format has them."""
    parts = [_line(answer.document)]
    if answer.page is not None:
        parts.append(f"page {answer.page}")
    if answer.heading not in (None, document.title):
        parts.append(f"under “{_line(str(answer.heading))}”")
    return ", ".join([*parts, f"characters {answer.start}-{answer.end}"])


def _has_title(document: Document) -> bool:
    """Does the document name a title, or is it the file's name?"""
    return document.title != name_title(document.id)


def _line(text: str) -> str:
    """The text on one line, with nothing in it that steers a terminal or turns the direction of writing."""
    return one_line(" ".join(text.split()))


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
