"""The pane in which a document is read; its parts are fetched as they are scrolled to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import gradio as gr

from rag import InputError, RagError
from rag.errors import DocumentError

from ..script import component_script
from ..services.document_reader import MAX_MATCHES, DocumentReader, OpenDocument, no_pages
from ..views.highlight import Mark, shallow
from ..views.messages import sentence
from ..views.source import contents_html, marks_on, numbered, page_html, source_html, text_html

#: The marks that ``reader.js`` sends: matches of its search, and the marks of ``views.source.numbered``.
KIND = re.compile(r"(?:answer|answer focus|other)(?: stop-\d{1,6})?|sentence|match match-\d{1,6}")

#: How many marks may lie on each other: an answer, others that overlap it, and the sentence.
MAX_NESTED = 8

#: What a request raises that ``reader.js`` would not send.
MALFORMED = (KeyError, TypeError, ValueError, OverflowError)


class SourcePane:
    """A component that shows one document at a time.

    Args:
        reader: Opens the documents.
        elem_id: Id of the component.

    Attributes:
        html: The component; its events are ``open`` and ``feedback``.
    """

    def __init__(self, reader: DocumentReader, elem_id: str) -> None:
        self._reader = reader

        def read_part(given: Any) -> dict[str, Any]:
            """One part as HTML: its picture or its text, with the marks in it."""
            try:
                opened, part, marks = _open(reader, given), int(given["part"]), _marks(given["marks"])
                if not 0 <= part < len(opened.extents):
                    raise InputError("the document has no such part; close it and open it again")
                if given["view"] != "page":
                    return {"html": text_html(opened, part, marks)}
                marks = marks_on(opened, part, marks)
                extents = [(mark.start, mark.end) for mark in marks]
                return {
                    "html": page_html(part + 1, marks, reader.picture(opened, part + 1, extents, int(given["width"])))
                }
            except (*MALFORMED, RagError) as error:
                return _failure(error)

        def find_text(given: Any) -> dict[str, Any]:
            """The places of a text, and their number."""
            try:
                matches = reader.find(_open(reader, given), str(given["text"]))
                return {"places": matches.places, "total": matches.total}
            except (*MALFORMED, RagError) as error:
                return _failure(error)

        clicks = component_script("result", "open", "feedback")
        self.html = gr.HTML("", elem_id=elem_id, js_on_load=clicks, server_functions=[read_part, find_text])

    def show(
        self,
        collection: str,
        document_id: str,
        marks: Sequence[Mark] = (),
        *,
        file_hash: str | None = None,
        beside: bool = False,
        with_feedback: bool = False,
        may_be_wrong: bool = False,
    ) -> str:
        """A document, opened at the first mark, as HTML.

        Args:
            collection: Id of its collection.
            document_id: Its id.
            marks: Where it is opened, then what else is highlighted.
            file_hash: Hash that its file must still have, because the marks are offsets in that content; None if any.
            beside: Whether it is shown beside the rest of the page, not over it.
            with_feedback: Whether words can be selected as the right answer.
            may_be_wrong: Whether the words at the first mark can be marked wrong.

        Raises:
            RagError: The collection cannot be opened, or the document is gone or has changed.
        """
        opened = self._reader.open(collection, document_id, file_hash)
        picture = None
        if opened.sizes:
            part = opened.part_at(marks[0].start) if marks else 0
            shown = marks_on(opened, part, numbered(marks))
            try:
                picture = self._reader.picture(opened, part + 1, [(mark.start, mark.end) for mark in shown])
            except DocumentError as error:
                # The template shows a document without page sizes as text.
                opened = replace(opened, sizes=(), note=no_pages(error))
        return source_html(
            opened, marks, picture, beside=beside, with_feedback=with_feedback, may_be_wrong=may_be_wrong
        )

    def show_file(self, collection: str, file: str) -> str:
        """The document in a file, or the list of its documents, as HTML.

        Raises:
            RagError: The collection cannot be opened, or the file is not in it.
        """
        documents, total = self._reader.documents_in(collection, file)
        return self.show(collection, documents[0][0]) if total == 1 else contents_html(file, documents, total)


def _open(reader: DocumentReader, given: Mapping[str, Any]) -> OpenDocument:
    return reader.open(str(given["collection"]), str(given["document"]), str(given["hash"]))


def _marks(given: Sequence[Sequence[Any]]) -> list[Mark]:
    """The marks of a request.

    Raises:
        ValueError: A mark has another form than those of ``reader.js``.
    """
    marks = [Mark(int(start), int(end), str(kind)) for start, end, kind in given[:MAX_MATCHES]]
    if not all(KIND.fullmatch(mark.kind) for mark in marks):
        raise ValueError("unknown kind of mark")
    return shallow(marks, MAX_NESTED)


def _failure(error: Exception) -> dict[str, Any]:
    return {"error": sentence(error if isinstance(error, RagError) else InputError("invalid request; reload the page"))}
