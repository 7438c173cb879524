"""Asking in the page: the answer in stages, its document open at the words, what is taught about it, what is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from rag import Assistant, Document, InputError, RagError, Result
from rag.errors import DocumentError
from rag.export.answers import ExportEntry, export_entry, export_json, export_markdown
from rag.formats import suffix_of
from rag.formats.pdf.render import page_picture
from rag.index.originals import Originals
from rag.questions.anchors import Selection
from rag.questions.feedback import Taught

from ..services.collections import Collection, Collections
from ..views.highlight import Mark
from ..views.messages import sentence
from ..views.result import message_html, reading_html, result_html
from ..views.source import Page, marks_of, source_html

#: Pages of a PDF that are shown for one question at most.
PICTURES = 4

#: What answers are saved as, by the end of the file's name.
EXPORTS = {"md": export_markdown, "json": export_json}


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of the last question of a page.

    Attributes:
        collection: The id of the collection that was asked.
        result: What was found there.
        at: When.
        where: The conditions that it was asked under.
        ended: Has everything that was found been read?
        files: The hash that the file of each document had, so that no words are shown at places of another content.
    """

    collection: str
    result: Result
    at: datetime
    where: tuple[str, ...]
    files: Mapping[str, str]
    ended: bool = False


class Desk:
    """What the page does for the one who asks; every method takes a collection's id as the page sent it.

    Args:
        collections: Which there are.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def ask(
        self, question: str, collection: str, where: str = "", min_confidence: float | None = None
    ) -> Iterator[tuple[str, Asked | None]]:
        """The result in stages: the passages as soon as they are found, then the answer.

        Yields:
            HTML, and what is known of the question.

        Args:
            question: As it was typed.
            collection: Whom to ask.
            where: Conditions, one a line.
            min_confidence: Answer only if at least so likely to be right, in [0, 1].
        """
        if not question.strip():
            yield message_html("Type a question, and press Enter."), None
            return
        wanted = [line.strip() for line in where.splitlines() if line.strip()]
        try:
            assistant = self._collections.assistant(collection)
            # The passages can be opened while they are read.
            found = assistant.retrieve(question, wanted)
            files = _files(assistant, {hit.passage.document_id for hit in found.hits})
            asked = Asked(collection, found, datetime.now(UTC), tuple(wanted), files)
            yield reading_html(found.hits, wanted), asked
            asked = replace(asked, result=assistant.judge(assistant.read(found), min_confidence), ended=True)
        except RagError as error:
            yield message_html(sentence(error)), None
            return
        yield result_html(asked.result, assistant.retriever.document, wanted), asked

    def judge(self, asked: Asked, min_confidence: float) -> tuple[str, Asked]:
        """The same result where an answer must be so likely to be right, as HTML, and what is known of it then.

        Raises:
            InputError: A document has changed since.
        """
        assistant = self._collections.assistant(asked.collection)
        for document in asked.files:
            _document(assistant, asked, document)
        asked = replace(asked, result=assistant.judge(asked.result, min_confidence))
        return result_html(asked.result, assistant.retriever.document, asked.where), asked

    def source(self, asked: Asked | None, document: str, start: int, end: int) -> str:
        """A document that the last question found something in, open at some words, as HTML.

        Raises:
            InputError: Nothing was asked, the document has changed since, or it holds no such words.
        """
        asked = _given(asked)
        found = _document(self._collections.assistant(asked.collection), asked, document)
        if not 0 <= start <= end <= len(found.text):
            raise InputError("the document holds no such words; ask again")
        marks = marks_of(asked.result, document, start, end)
        pages, note = _pages(self._collections.get(asked.collection), found, marks)
        return source_html(found, marks, pages, note)

    def teach(self, asked: Asked | None, verdict: str, candidate: int = 0, words: Selection | None = None) -> str:
        """Keep what somebody says of an answer; returns what to tell them.

        Args:
            asked: The last question.
            verdict: ``right``, ``wrong``, ``none`` (no document answers) or ``words`` (these are the right ones).
            candidate: Which of the answers is right or wrong, counted from 0.
            words: The right ones.

        Raises:
            InputError: Nothing was asked, the document has changed since, or there is no such candidate or verdict, or
                no such words.
        """
        asked = _given(asked)
        result, assistant = asked.result, self._collections.assistant(asked.collection)
        documents = assistant.index.documents
        taught = Taught(self._collections.get(asked.collection).taught)
        if verdict == "none":
            taught.add(result.question, documents, none=True)
            return "Saved: no document answers this."
        if verdict == "words" and words is not None:
            _document(assistant, asked, words.document)
            taught.add(result.question, documents, right=[words])
            return "Saved: these are the right words."
        if not 0 <= candidate < len(result.answers) or verdict not in ("right", "wrong"):
            raise InputError("there is no such answer to teach about; ask again")
        answer = result.answers[candidate]
        _document(assistant, asked, answer.document)
        place = Selection(answer.document, answer.start, answer.end)
        if verdict == "right":
            taught.add(result.question, documents, right=[place])
            return f"Saved: “{_short(answer.text)}” is right."
        taught.add(result.question, documents, wrong=[place])
        return f"Saved: “{_short(answer.text)}” is wrong. If you know the right words, select them in the document."

    def export(self, kept: Sequence[Asked], kind: str) -> tuple[str, str, int]:
        """Name and text of a file with some answers, and how many are left out as their documents have changed since.

        Args:
            kept: The questions.
            kind: ``md`` or ``json``.

        Raises:
            InputError: There is nothing to export, or no such kind.
        """
        if kind not in EXPORTS:
            raise InputError(f"answers are saved as {' or '.join(EXPORTS)}, not as {kind[:20]!r}")
        if not kept:
            raise InputError("there is nothing to save; ask first, and save before the page is left")
        answers = [answer for each in kept for answer in self._kept(each)]
        if not answers:
            raise InputError("the documents have changed since they were asked; ask again")
        return f"answers.{kind}", EXPORTS[kind](answers), len(kept) - len(answers)

    def _kept(self, asked: Asked) -> Iterator[ExportEntry]:
        """An answer as it is kept, if it still stands."""
        with suppress(RagError):
            collection = self._collections.get(asked.collection)
            assistant = self._collections.assistant(asked.collection)
            if asked.result.answer:
                _document(assistant, asked, asked.result.answer.document)
            yield export_entry(asked.result, assistant.index, asked.at, collection.name)


def _given(asked: Asked | None) -> Asked:
    if asked is None:
        raise InputError("ask first; then there is a document to open, and an answer to teach about")
    return asked


def _files(assistant: Assistant, documents: Iterable[str]) -> dict[str, str]:
    """The hash of each document's file, as it is indexed now."""
    return {each: file.hash for each in documents if (file := assistant.index.file_of(each))}


def _document(assistant: Assistant, asked: Asked, document_id: str) -> Document:
    """A document in which something was found, if it is as it was then."""
    now = _files(assistant, [document_id])
    if not now or document_id not in asked.files:
        raise InputError("the collection holds no such document any more; ask again")
    if now[document_id] != asked.files[document_id]:
        raise InputError("the document has changed since it was asked; ask again")
    return assistant.index.documents[document_id]


def _pages(collection: Collection, document: Document, marks: Sequence[Mark]) -> tuple[list[Page], str]:
    """The pages of a PDF that hold marks, the first mark's first; or a note that says why there are none."""
    if suffix_of(document.id) != ".pdf":
        return [], ""
    numbers = dict.fromkeys(page for mark in marks if (page := document.place(mark.start).page) is not None)
    shown = [mark for mark in marks if mark.start < mark.end]
    extents = [(mark.start, mark.end) for mark in shown]
    try:
        raw = Originals.open(collection.index).read(document.id)
        pictures = [(number, page_picture(raw, document, number, extents)) for number in list(numbers)[:PICTURES]]
    except DocumentError as error:
        return [], f"The page cannot be shown: {error}."
    note = "" if all(picture.exact for _, picture in pictures) else "On this page the words cannot be marked exactly."
    return [Page(number, shown, picture) for number, picture in pictures], note


def _short(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
