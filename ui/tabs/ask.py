"""The Ask tab: the question, the result, and the document beside it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import gradio as gr

from rag import RagError
from rag.questions.anchors import Selection

from ..collection_bar import CollectionBar
from ..events import PRIVATE
from ..script import component_script, event_script
from ..services.ask_service import AskService, FindDocument
from ..services.ask_session import AskedQuestion, AskSession
from ..services.collections import Collections
from ..services.document_reader import DocumentReader
from ..views.messages import error_messages, sentence
from ..views.page import examples_html, keyboard_help_html
from ..views.result import gone_html, message_html, reading_html, result_html
from ..views.source import marks_of
from .ask_options import HIGHEST_CONFIDENCE, AskOptions
from .source_pane import SourcePane

CLICKS = component_script("result", "open", "feedback", "export")
EXAMPLES = component_script("examples", "reask")

#: Adds the question to the history and the link before it is asked.
BEFORE_ASK = event_script("beforeAsk")

#: Asks the question that the history or an example has filled in, if it can be asked.
ASK = event_script("ask")

#: Asks the question of the link, once the page is loaded and the other values of the link are filled in.
ASK_LINKED = event_script("askLinked")

#: Adds the minimum confidence to the link before it is applied.
BEFORE_JUDGE = event_script("beforeJudge")

#: The collection shown last in this browser: reads its id, and stores it.
REMEMBERED_COLLECTION, REMEMBER_COLLECTION = event_script("rememberedCollection"), event_script("rememberCollection")

SHOW_NOTE, SAVE_FILE = event_script("showNote"), event_script("saveFile")


class AskTab:
    """The components of the tab and their events.

    Args:
        collections: The collections that can be asked.
        bar: The chosen collection.
        reader: Opens the documents.

    Attributes:
        examples: The example questions of the chosen collection.
        options: The other inputs of a question.
    """

    def __init__(self, collections: Collections, bar: CollectionBar, reader: DocumentReader) -> None:
        self._collections, self._service, self._bar = collections, AskService(collections), bar
        self._session = gr.State(AskSession())
        with gr.Row(elem_id="panes"):
            self._lay_out(reader)
        self._note, self._name, self._text, self._remembered, self._is_askable = (
            gr.Textbox(visible="hidden") for _ in range(5)
        )
        self._connect_asking()
        self._connect_result()

    def _lay_out(self, reader: DocumentReader) -> None:
        with gr.Column(elem_id="answers", min_width=0):
            with gr.Row(elem_id="ask"):
                self._question = gr.Textbox(
                    placeholder="Ask in plain English", label="Question", show_label=False, container=False,
                    lines=1, max_lines=1, autofocus=True, elem_id="question", scale=1,
                )  # fmt: skip
                self._button = gr.Button("Ask", variant="primary", elem_id="ask-button", scale=0, min_width=88)
            self.options = AskOptions(self._collections)
            self._result = gr.HTML("", elem_id="result", js_on_load=CLICKS)
            self.examples = gr.HTML(
                self.examples_of(self._collections.list()[0].id), elem_id="examples", js_on_load=EXAMPLES
            )
            gr.HTML(keyboard_help_html(), elem_id="keys")
        self._pane = SourcePane(reader, "source")
        self._source = self._pane.html

    def _connect_asking(self) -> None:
        chosen, options = self._bar.chosen, self.options
        inputs = [self._question, chosen, options.where, options.min_confidence, self._session]
        # A question replaces an earlier one that is still being answered.
        asks: dict[str, Any] = {"concurrency_id": "ask", "js": BEFORE_ASK, "trigger_mode": "always_last"} | PRIVATE
        asking = gr.on([self._question.submit, self._button.click], self._ask, inputs, self._result, **asks)
        filled = [
            self._question, chosen, options.where, options.min_confidence, self._result, self._is_askable
        ]  # fmt: skip
        for questions in (options.history, self.examples):
            reasked = questions.reask(self._reask, self._session, filled, **PRIVATE)
            reasked.then(None, self._is_askable, None, js=ASK, **PRIVATE)
        options.history.restart(self._restart, self._session, [self._question, self._result], cancels=asking, **PRIVATE)
        # An event that does nothing: it makes gradio open its stream of answers again (see ``page.js``).
        options.history.reconnect(lambda: None, None, None, trigger_mode="multiple", **PRIVATE)
        judges = [options.min_confidence, self._session]
        options.min_confidence.input(
            self._judge, judges, self._result, js=BEFORE_JUDGE, trigger_mode="always_last", **PRIVATE
        )
        linked = [chosen, options.where, options.min_confidence]
        if page := gr.context.Context.root_block:
            loaded = page.load(self._follow_link, self._remembered, linked, js=REMEMBERED_COLLECTION, **PRIVATE)
            loaded.then(None, None, None, js=ASK_LINKED, **PRIVATE)
        chosen.change(None, chosen, None, js=REMEMBER_COLLECTION, **PRIVATE)

    def _connect_result(self) -> None:
        for shown in (self._result, self._source):
            shown.open(self._open, self._session, self._source, **PRIVATE)
            note = shown.feedback(self._save_feedback, self._session, self._note, **PRIVATE)
            note.then(None, self._note, None, js=SHOW_NOTE, **PRIVATE)
        self.options.history.forget(AskSession.forget, self._session, None, **PRIVATE)
        file = [self._name, self._text]
        for shown, export in ((self._result, self._export_shown), (self.options.history, self._export_all)):
            shown.export(export, self._session, file, **PRIVATE).then(None, file, None, js=SAVE_FILE, **PRIVATE)

    def examples_of(self, collection: str) -> str:
        """The example questions of a collection, as HTML."""
        return examples_html(collection, self._collections.get(collection).examples)

    def _ask(self, question: str, collection: str, where: str, percent: float, session: AskSession) -> Iterator[str]:
        if not question.strip():
            session.show(None)
            yield message_html("Type a question, and press Enter.")
            return
        conditions = [line.strip() for line in where.splitlines() if line.strip()]
        try:
            for asked, find in self._service.ask(question, collection, conditions, percent / 100, session.previous):
                session.show(asked)
                yield _result_html(asked, find)
        except RagError as error:
            session.show(None)
            yield message_html(sentence(error))

    def _judge(self, percent: float, session: AskSession) -> Any:
        asked = session.current
        if asked is None or not asked.is_read:
            return gr.skip()
        with error_messages():
            judged, find = self._service.judge(asked, percent / 100)
        session.update(judged)
        return _result_html(judged, find) if session.shows(judged) else gr.skip()

    def _follow_link(self, remembered: str, request: gr.Request) -> tuple[Any, ...]:
        """Fill in the values of a link: ``?q=...&collection=...&where=...&min_confidence=...``.

        Without a link, the collection shown last in this browser is chosen. A collection that is gone is left to
        ``_reask``.
        """
        given = dict(request.query_params)
        collection: dict[str, Any] = {"choices": self._bar.choices()}
        percent: Any = gr.skip()
        if self._bar.exists(named := given.get("collection", "" if "q" in given else remembered)):
            collection["value"] = named
            percent = self.options.default_confidence(named)
        # Links of earlier versions name it ``least``.
        figure = _percent(given.get("min_confidence") or given.get("least") or "")
        return gr.update(**collection), given.get("where", gr.skip()), percent if figure is None else figure

    def _reask(self, session: AskSession, event: gr.EventData) -> tuple[Any, ...]:
        """Fill in a question of a link, the history or an example.

        Returns:
            The question, the collection, the filter, the minimum confidence, the result, and whether to ask. If the
            collection is gone, the result says so, and nothing is asked.
        """
        question, collection = str(event.question), str(event.collection)
        if collection and not self._bar.exists(collection):
            session.show(None)
            return question, gr.skip(), gr.skip(), gr.skip(), gone_html(collection), ""
        percent = _percent(str(event.percent))
        return (
            question,
            collection or gr.skip(),
            str(event.where),
            gr.skip() if percent is None else percent,
            gr.skip(),
            "yes" if question.strip() else "",
        )

    @staticmethod
    def _restart(session: AskSession) -> tuple[str, str]:
        """Empty the tab, as it was before the first question."""
        session.show(None)
        session.previous = None
        return "", ""

    def _open(self, session: AskSession, event: gr.EventData) -> Any:
        document_id, start, end = str(event.document), int(event.start), int(event.end)
        with error_messages():
            asked = session.asked
            self._service.document(asked, document_id, start, end)
            marks = marks_of(asked.result, document_id, start, end)
            file_hash = asked.files[document_id]
            shown = self._pane.show(
                asked.collection, document_id, marks, file_hash=file_hash, beside=True, with_feedback=True
            )
        # Another question may have been asked meanwhile, which has closed the document.
        return shown if session.shows(asked) else gr.skip()

    def _save_feedback(self, session: AskSession, event: gr.EventData, request: gr.Request) -> str:
        words = Selection(str(event.document), int(event.start), int(event.end)) if event.document else None
        with error_messages():
            verdict, candidate = str(event.verdict), int(event.answer)
            return self._service.save_feedback(session.asked, verdict, candidate, words, request.username or "")

    def _export_shown(self, session: AskSession, event: gr.EventData) -> tuple[str, str]:
        return self._export([session.current] if session.current else [], str(event.kind))

    def _export_all(self, session: AskSession, event: gr.EventData) -> tuple[str, str]:
        return self._export(session.answered, str(event.kind))

    def _export(self, questions: Sequence[AskedQuestion], kind: str) -> tuple[str, str]:
        with error_messages():
            name, text, left_out = self._service.export(questions, kind)
        if left_out:
            gr.Info(f"{left_out:,} left out: the documents have changed since you asked; ask again.")
        return name, text


def _result_html(asked: AskedQuestion, find: FindDocument) -> str:
    if asked.is_read:
        return result_html(asked.result, find, asked.where)
    return reading_html(asked.result.hits, asked.where)


def _percent(figure: str) -> int | None:
    """The minimum confidence named by a link; None if it names none."""
    return min(HIGHEST_CONFIDENCE, int(figure)) if figure.isdecimal() and len(figure) <= 3 else None
