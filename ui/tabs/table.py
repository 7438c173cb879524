"""The Table tab: the same questions of every document, cell by cell."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from rag import InputError, RagError

from ..events import CLEAR, PRIVATE
from ..script import component_script, event_script
from ..services.collections import Collections
from ..services.document_reader import DocumentReader
from ..services.table_service import PageTable, TableService, cell_at, exported
from ..views.messages import error_messages, sentence
from ..views.result import message_html
from ..views.table import cell_marks, table_html
from .source_pane import SourcePane

#: Tables that are filled at the same time; each takes about as much of the processor as one question after another.
AT_ONCE = 2


@dataclass(slots=True)
class _Session:
    """The table of one open page; changed in place by all its events.

    Attributes:
        filling: Identifies the table that is being filled; None when it is stopped.
        table: The table that is shown.
    """

    filling: object | None = None
    table: PageTable | None = None

    @property
    def shown(self) -> PageTable:
        """The table that is shown.

        Raises:
            InputError: There is none.
        """
        if self.table is None:
            raise InputError("there is no table; start one")
        return self.table


class TableTab:
    """The components of the tab and their events.

    Args:
        collections: The collections that can be asked.
        chosen: The dropdown of the chosen collection.
        reader: Opens the documents.
    """

    def __init__(self, collections: Collections, chosen: gr.Dropdown, reader: DocumentReader) -> None:
        self._service, self._chosen = TableService(collections), chosen
        self._session = gr.State(_Session())
        self._lay_out(reader)
        self._connect()

    def _lay_out(self, reader: DocumentReader) -> None:
        self._questions = gr.Textbox(
            label="Questions or names of fields, one per line", placeholder="contract date\nWho signed the contract?",
            lines=4, max_lines=12, elem_id="table-questions",
        )  # fmt: skip
        self._where = gr.Textbox(
            label="Only documents that match, one condition per line", placeholder="date>=2022-10", lines=1,
            max_lines=6, elem_id="table-where",
        )  # fmt: skip
        with gr.Row(elem_id="table-buttons"):
            self._start = gr.Button("Fill the table", variant="primary", scale=0, min_width=180, elem_id="table-start")
            self._stop = gr.Button("Stop", scale=0, min_width=100, visible=False, elem_id="table-stop")
        self._cells = gr.HTML(elem_id="table-cells", js_on_load=component_script("result", "open", "export"))
        self._pane = SourcePane(reader, "table-source")
        self._name, self._content = (gr.Textbox(visible="hidden") for _ in range(2))

    def _connect(self) -> None:
        self._start.click(
            self._fill,
            [self._questions, self._where, self._chosen, self._session],
            [self._cells, self._start, self._stop],
            **PRIVATE | {"concurrency_limit": AT_ONCE},
        )
        self._stop.click(self._end, self._session, None, **PRIVATE | {"concurrency_limit": None})
        # What is shown belongs to the collection chosen before.
        cleared = self._chosen.change(None, None, self._cells, js=CLEAR, **PRIVATE)
        cleared.then(self._clear, self._session, None, **PRIVATE | {"concurrency_limit": None})
        self._cells.open(self._open, self._session, self._pane.html, **PRIVATE)
        file = [self._name, self._content]
        saved = self._cells.export(self._export, self._session, file, **PRIVATE)
        saved.then(None, file, None, js=event_script("saveFile"), **PRIVATE)

    def _fill(self, questions: str, where: str, collection: str, session: _Session) -> Iterator[tuple[Any, Any, Any]]:
        session.filling = filling = object()
        session.table = None
        conditions = [line.strip() for line in where.splitlines() if line.strip()]
        shown: Any = ""
        try:
            for table in self._service.fill(questions, collection, conditions):
                if session.filling is not filling:
                    break
                session.table = table
                yield table_html(table), gr.update(visible=False), gr.update(visible=True)
            if session.table:
                session.table.ended = True
                shown = table_html(session.table)
        except RagError as error:
            shown = message_html(sentence(error))
        yield shown, gr.update(visible=True), gr.update(visible=False)

    @staticmethod
    def _end(session: _Session) -> None:
        """Stop after the row that is being read."""
        session.filling = None

    @staticmethod
    def _clear(session: _Session) -> None:
        """Stop, and forget the table."""
        session.filling = session.table = None

    def _open(self, session: _Session, event: gr.EventData) -> str:
        with error_messages():
            table, document = session.shown, str(event.document)
            cell = cell_at(table, document, int(event.start), int(event.end))
            return self._pane.show(table.collection, document, cell_marks(cell), file_hash=table.files[document])

    @staticmethod
    def _export(session: _Session, event: gr.EventData) -> tuple[str, str]:
        with error_messages():
            return exported(session.shown, str(event.kind))
