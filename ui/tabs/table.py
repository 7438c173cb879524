"""The Table tab: the same questions of every document, row by row."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import gradio as gr

from rag import InputError, RagError
from rag.questions.anchors import Selection

from ..events import CLEAR, PRIVATE
from ..script import component_script, event_script
from ..services.collections import Collections
from ..services.document_reader import DocumentReader
from ..services.table_service import PageTable, TableService, exported
from ..services.table_view import ALL, FOUND, NOT_FOUND, TableView, next_order
from ..views.messages import error_messages, sentence
from ..views.result import message_html
from ..views.table import cell_marks, table_html
from .source_pane import SourcePane

#: Tables that are filled at the same time; each takes about as much of the processor as one question after another.
AT_ONCE = 2

#: Rows after which the table is drawn again with each row, and then only with every so many.
DRAWN_EACH, DRAWN_EVERY = 60, 10

#: Events that do not wait for others.
AT_ANY_TIME = PRIVATE | {"concurrency_limit": None}

ANY_COLUMN = "Any column"


@dataclass(slots=True)
class _Session:
    """The table of one open page; changed in place by all its events.

    Attributes:
        filling: Identifies the table that is being filled; None when it is stopped.
        table: The table that is shown.
        view: What is shown of it.
        opened: Document and column of the cell whose document is open.
    """

    filling: object | None = None
    table: PageTable | None = None
    view: TableView = field(default_factory=TableView)
    opened: tuple[str, int] | None = None

    @property
    def shown(self) -> PageTable:
        """The table that is shown.

        Raises:
            InputError: There is none.
        """
        if self.table is None:
            raise InputError("there is no table; fill one")
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
        with gr.Row(elem_id="table-tools", visible=False) as self._tools:
            self._column = gr.Dropdown([(ANY_COLUMN, -1)], value=-1, label="Column", elem_id="table-column")
            self._contains = gr.Textbox(label="Contains", elem_id="table-contains")
            self._state = gr.Dropdown([ALL, FOUND, NOT_FOUND], value=ALL, label="Rows", elem_id="table-state")
            self._added = gr.Textbox(label="Add a column", placeholder="question, then Enter", elem_id="table-added")
        self._cells = gr.HTML(
            elem_id="table-cells", js_on_load=component_script("result", "open", "export", "sort", "turn")
        )
        self._pane = SourcePane(reader, "table-source")
        self._name, self._content, self._note = (gr.Textbox(visible="hidden") for _ in range(3))

    def _connect(self) -> None:
        inputs = [self._questions, self._where, self._chosen, self._session]
        filled = [self._cells, self._start, self._stop, self._tools, self._column]
        fills: dict[str, Any] = PRIVATE | {"concurrency_limit": AT_ONCE, "concurrency_id": "table"}
        self._start.click(self._fill, inputs, filled, **fills)
        columns = [self._questions, self._added]
        added = self._added.submit(self._add_column, columns, columns, **AT_ANY_TIME)
        added.success(self._fill, inputs, filled, **fills)
        self._stop.click(self._end, self._session, None, **AT_ANY_TIME)
        # What is shown belongs to the collection chosen before.
        cleared = self._chosen.change(None, None, self._cells, js=CLEAR, **PRIVATE)
        cleared.then(self._clear, self._session, self._tools, **AT_ANY_TIME)
        filters = [self._column, self._contains, self._state, self._session]
        gr.on(
            [self._column.input, self._contains.change, self._state.input], self._filter, filters, self._cells,
            trigger_mode="always_last", **AT_ANY_TIME,
        )  # fmt: skip
        self._cells.sort(self._sort, self._session, self._cells, **AT_ANY_TIME)
        self._cells.turn(self._turn, self._session, self._cells, **AT_ANY_TIME)
        self._cells.open(self._open, self._session, self._pane.html, **PRIVATE)
        noted = self._pane.html.feedback(self._correct, self._session, [self._note, self._cells], **PRIVATE)
        noted.then(None, self._note, None, js=event_script("showNote"), **PRIVATE)
        file = [self._name, self._content]
        saved = self._cells.export(self._export, self._session, file, **PRIVATE)
        saved.then(None, file, None, js=event_script("saveFile"), **PRIVATE)

    def _fill(self, questions: str, where: str, collection: str, session: _Session) -> Iterator[tuple[Any, ...]]:
        session.filling = filling = object()
        session.table, session.view = None, TableView(contains=session.view.contains, state=session.view.state)
        conditions = [line.strip() for line in where.splitlines() if line.strip()]
        shown: Any = ""
        try:
            for table in self._service.fill(questions, collection, conditions):
                if session.filling is not filling:
                    break
                session.table = table
                done = len(table.rows)
                if done <= DRAWN_EACH or done % DRAWN_EVERY == 0:
                    tools = (gr.skip(), gr.skip()) if done else (gr.update(visible=True), _columns(table))
                    yield table_html(table, session.view), gr.update(visible=False), gr.update(visible=True), *tools
        except RagError as error:
            shown = message_html(sentence(error))
            if session.table and session.filling is filling:
                session.table.problem = sentence(error)
        if session.filling not in (filling, None):
            # Another table is being filled.
            return
        if session.table:
            session.table.ended = True
            shown = table_html(session.table, session.view)
            unfinished = len(session.table.rows) < session.table.total
        else:
            unfinished = False
        start = gr.update(visible=True, value="Go on" if unfinished else "Fill the table")
        yield shown, start, gr.update(visible=False), gr.skip(), gr.skip()

    @staticmethod
    def _add_column(questions: str, added: str) -> tuple[str, str]:
        """The questions with another one, and an empty field."""
        if not added.strip():
            raise gr.Error("Type a question or the name of a field.", print_exception=False)
        return f"{questions.rstrip()}\n{added.strip()}".lstrip(), ""

    @staticmethod
    def _end(session: _Session) -> None:
        """Stop after the row that is being read."""
        session.filling = None

    @staticmethod
    def _clear(session: _Session) -> Any:
        """Stop, and forget the table."""
        session.filling = session.table = session.opened = None
        session.view = TableView()
        return gr.update(visible=False)

    @staticmethod
    def _filter(column: int, contains: str, state: str, session: _Session) -> Any:
        chosen = None if column < 0 else column
        session.view = replace(session.view, column=chosen, contains=contains.strip(), state=state, page=0)
        return table_html(session.table, session.view) if session.table else gr.skip()

    @staticmethod
    def _sort(session: _Session, event: gr.EventData) -> str:
        with error_messages():
            column, by = int(event.column), str(event.by)
            order, descending = next_order(session.view, column, by)
            session.view = replace(session.view, sorted_column=order, by=by, descending=descending, page=0)
            return table_html(session.shown, session.view)

    @staticmethod
    def _turn(session: _Session, event: gr.EventData) -> str:
        with error_messages():
            session.view = replace(session.view, page=max(0, int(event.page)))
            return table_html(session.shown, session.view)

    def _open(self, session: _Session, event: gr.EventData) -> str:
        with error_messages():
            table, document, column = session.shown, str(event.document), int(event.column)
            cell = table.cell(document, column)
            session.opened = document, column
            return self._pane.show(
                table.collection, document, cell_marks(cell), file_hash=table.files[document], with_feedback=True,
                may_be_wrong=cell.answer is not None,
            )  # fmt: skip

    def _correct(self, session: _Session, event: gr.EventData, request: gr.Request) -> tuple[str, str]:
        words = Selection(str(event.document), int(event.start), int(event.end)) if event.document else None
        with error_messages():
            if session.opened is None:
                raise InputError("no cell is open; open one")
            note = self._service.correct(session.shown, *session.opened, words, request.username or "")
            return note, table_html(session.shown, session.view)

    @staticmethod
    def _export(session: _Session, event: gr.EventData) -> tuple[str, str]:
        with error_messages():
            return exported(session.shown, str(event.kind))


def _columns(table: PageTable) -> Any:
    """The choices of the column that is filtered."""
    return gr.update(choices=[(ANY_COLUMN, -1), *((each.name, at) for at, each in enumerate(table.columns))], value=-1)
