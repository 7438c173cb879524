"""Ask the collections: results in stages, their documents, feedback and export."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from rag import Assistant, Document, InputError, RagError
from rag.export.answers import ExportEntry, export_entry, export_json
from rag.export.citation import document_of
from rag.export.markdown import export_markdown
from rag.questions.anchors import Selection
from rag.questions.feedback import FeedbackFile

from .ask_session import AskedQuestion
from .collections import Collections

#: How answers are exported, by file extension.
EXPORTS = {"md": export_markdown, "json": export_json}


#: Finds a document by its id.
FindDocument = Callable[[str], Document]


class AskService:
    """Asks the collections on behalf of the page.

    Args:
        collections: The collections that can be asked.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections

    def ask(
        self,
        question: str,
        collection: str,
        where: Sequence[str] = (),
        min_confidence: float | None = None,
        previous: str | None = None,
    ) -> Iterator[tuple[AskedQuestion, FindDocument]]:
        """Ask a question; yields the passages as soon as they are found, then the whole result.

        Each comes with the function that finds the documents of the index that was asked.

        Args:
            question: The question as typed.
            collection: Id of the collection to ask.
            where: Filter conditions.
            min_confidence: Minimum confidence of an answer, in [0, 1]; the fitted threshold if None.
            previous: The question before, which a follow-up continues.

        Raises:
            RagError: The collection cannot be opened, the question is empty or too long, or a condition is invalid.
        """
        assistant = self._collections.assistant(collection)
        found = assistant.retrieve(question, where, previous=previous)
        files = _file_hashes(assistant, {hit.passage.document_id for hit in found.hits})
        asked = AskedQuestion(collection, found, datetime.now(UTC), tuple(where), files)
        find = assistant.retriever.document
        yield asked, find
        result = assistant.judge(assistant.recall(assistant.read(found), where), min_confidence)
        # Words that were taught may stand in a document that was not found.
        files |= _file_hashes(assistant, {answer.document for answer in result.answers})
        yield replace(asked, result=result, files=files, is_read=True), find

    def judge(self, asked: AskedQuestion, min_confidence: float) -> tuple[AskedQuestion, FindDocument]:
        """Apply another minimum confidence to a result, without reading the passages again; returned as by ``ask``.

        Raises:
            InputError: A document has changed since.
        """
        assistant = self._collections.assistant(asked.collection)
        for document in asked.files:
            _document(assistant, asked, document)
        return replace(asked, result=assistant.judge(asked.result, min_confidence)), assistant.retriever.document

    def document(self, asked: AskedQuestion, document: str, start: int, end: int) -> Document:
        """A document found for a question, if it has not changed since and contains ``[start, end)``.

        Raises:
            InputError: The document has changed since, or it is shorter.
        """
        found = _document(self._collections.assistant(asked.collection), asked, document)
        if not 0 <= start <= end <= len(found.text):
            raise InputError("the document has no such text; ask again")
        return found

    def save_feedback(
        self, asked: AskedQuestion, verdict: str, candidate: int = 0, words: Selection | None = None, by: str = ""
    ) -> str:
        """Save feedback on a question; returns a confirmation.

        Args:
            asked: The question.
            verdict: ``right``, ``wrong``, ``none`` (no document answers) or ``words`` (the selected words are right).
            candidate: The candidate answer that is right or wrong, counted from 0.
            words: The selected words.
            by: Name of the account that gives it; empty if there are no accounts.

        Raises:
            InputError: The document has changed since, or there is no such candidate, verdict or selection.
        """
        question, answers = asked.result.question, asked.result.answers
        assistant = self._collections.assistant(asked.collection)
        documents = assistant.index.documents
        feedback = FeedbackFile(self._collections.teachable(asked.collection).taught)
        if verdict == "none":
            feedback.add(question, documents, unanswerable=True, by=by)
            return "Saved: no document answers this."
        if verdict == "words" and words is not None:
            _document(assistant, asked, words.document)
            feedback.add(question, documents, right=[words], by=by)
            return "Saved: these are the right words."
        if not 0 <= candidate < len(answers) or verdict not in ("right", "wrong"):
            raise InputError("there is no such answer to give feedback on; ask again")
        answer = answers[candidate]
        _document(assistant, asked, answer.document)
        place = Selection(answer.document, answer.start, answer.end)
        if verdict == "right":
            feedback.add(question, documents, right=[place], by=by)
            return f"Saved: “{_short(answer.text)}” is right."
        feedback.add(question, documents, wrong=[place], by=by)
        return f"Saved: “{_short(answer.text)}” is wrong. If you know the right words, select them in the document."

    def export(self, questions: Sequence[AskedQuestion], kind: str) -> tuple[str, str, int]:
        """Write answers to a file; those whose documents have changed since are left out.

        Args:
            questions: The questions.
            kind: ``md`` or ``json``.

        Returns:
            The name of the file, its text, and the number of answers left out.

        Raises:
            InputError: There is nothing to export, or no such kind.
        """
        if kind not in EXPORTS:
            raise InputError(f"answers are saved as {' or '.join(EXPORTS)}, not as {kind[:20]!r}")
        if not questions:
            raise InputError("there is nothing to save; ask first, and save before you leave the page")
        answers = [answer for each in questions for answer in self._exportable(each)]
        if not answers:
            raise InputError("the documents have changed since you asked; ask again")
        return f"answers.{kind}", EXPORTS[kind](answers), len(questions) - len(answers)

    def _exportable(self, asked: AskedQuestion) -> Iterator[ExportEntry]:
        """The answer with its files, unless a document that answers has changed."""
        with suppress(RagError):
            collection = self._collections.get(asked.collection)
            assistant = self._collections.assistant(asked.collection)
            entry = export_entry(asked.result, assistant.index, asked.at, collection.name)
            for quote in entry.answering:
                _document(assistant, asked, document_of(quote))
            yield entry


def _file_hashes(assistant: Assistant, documents: Iterable[str]) -> dict[str, str]:
    """The current hash in the index of each document's file."""
    return {each: file.hash for each in documents if (file := assistant.index.file_of(each))}


def _document(assistant: Assistant, asked: AskedQuestion, document_id: str) -> Document:
    """A document found for a question, if its file has not changed since.

    Raises:
        InputError: The document has changed or is gone, or was not found for this question.
    """
    now = _file_hashes(assistant, [document_id])
    if not now or document_id not in asked.files:
        raise InputError("the document is no longer in the collection; ask again")
    if now[document_id] != asked.files[document_id]:
        raise InputError("the document has changed since you asked; ask again")
    return assistant.index.documents[document_id]


def _short(text: str, length: int = 60) -> str:
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"
