"""Evidence as shown: by document, beside an answer, and as a note for the clipboard, each quote with its source."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..text.printable import one_line
from ..types import Answer, Document, Evidence
from .citation import citation, escaped, source_line

Quotes = Sequence[tuple[Evidence, Document]]


def by_document(evidence: Iterable[Evidence]) -> dict[str, list[Evidence]]:
    """The sentences of each document, in its order; the document with the most probable sentence comes first.

    Args:
        evidence: The sentences, most probable first.
    """
    found: dict[str, list[Evidence]] = {}
    for each in evidence:
        found.setdefault(each.document_id, []).append(each)
    return {document: sorted(some, key=lambda each: each.start) for document, some in found.items()}


def beside(evidence: Iterable[Evidence], answer: Answer) -> list[Evidence]:
    """The evidence that shares no words with the sentence of an answer, where that sentence is shown, too."""
    return [each for each in evidence if not overlaps(each, answer)]


def overlaps(evidence: Evidence, answer: Answer) -> bool:
    """True if evidence shares words with the sentence of an answer."""
    sentence = answer.sentence
    same = evidence.document_id == answer.document
    return same and evidence.start < sentence.end and sentence.start < evidence.end


def note_text(question: str, quotes: Quotes) -> str:
    """The note as plain text, a paragraph for each quote; see ``citation``.

    Args:
        question: The question.
        quotes: The quotes in order, each with its document.
    """
    return "\n\n".join([one_line(question), *(citation(*each) for each in quotes)]) + "\n"


def note_markdown(question: str, quotes: Quotes) -> str:
    """The note as Markdown, a block quote for each quote; text of documents is escaped.

    Args:
        question: The question.
        quotes: The quotes in order, each with its document.
    """
    blocks = [f"> {escaped(each.text)}\n>\n> — {escaped(source_line(each, document))}" for each, document in quotes]
    return "\n\n".join([f"## {escaped(question)}", *blocks]) + "\n"
