"""The page itself: a side panel, four tabs, and the API behind ``/ask`` and ``/search``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import Any

import gradio as gr
from gradio.events import api

from rag import RagError
from rag.export.json import hit_to_json, result_to_json
from rag.questions.anchors import Selection

from .script import part, step
from .services.collections import Collections
from .services.index_jobs import IndexQueue
from .tabs.ask import Asked, Desk
from .tabs.documents import build_documents
from .tabs.evaluation import build_evaluation
from .tabs.feedback import build_taught
from .views.highlight import escape
from .views.messages import counted, sentence, told
from .views.result import filter_help_html

TITLE = "rag: answers you can check"

#: Answers of a page's session that can be saved together.
KEPT = 100

CLICKS = part("clicks", "open", "teach", "export")
HISTORY = part("questions", "again", "export", "forget", "wake")
EXAMPLES = part("examples", "again")

#: Before a question is asked: it goes into the history and into the link.
ASKED = step("asked")

#: When a question of the history or an example has been filled in.
ASK = step("ask")

#: When the page has been opened and filled in: the question of its link is asked as one of the history is.
FOLLOWED = step("followed")

#: Before a result is judged by another least probability: it goes into the link.
JUDGED = step("judged")

NOTE, SAVE = step("note"), step("save")

#: A result as HTML, what was asked, what can be saved.
Asking = tuple[str, Asked | None, list[Asked]]

HISTORY_HTML = """\
<h2>Your questions</h2><ol id="history-list"></ol><p class="empty">Kept in this browser only.</p>
<div class="row"><button type="button" data-export="md">Save all as Markdown</button>
<button type="button" data-export="json">Save all as JSON</button>
<button type="button" data-clear>Clear</button></div>"""

KEYS_HTML = (
    "<p class='keys'><kbd>/</kbd> question <kbd>↑</kbd> <kbd>↓</kbd> walk the results <kbd>Enter</kbd> open "
    "<kbd>n</kbd> <kbd>p</kbd> marks <kbd>Esc</kbd> close</p>"
)


def build_page(collections: Collections, jobs: IndexQueue) -> gr.Blocks:
    """The Gradio app over some collections; the first one is chosen when the page is opened."""
    return _Page(collections, jobs).blocks


class _Page:
    """The components of the page, and what happens between them."""

    def __init__(self, collections: Collections, jobs: IndexQueue) -> None:
        self._collections, self._desk = collections, Desk(collections)
        self.blocks = gr.Blocks(title=TITLE, analytics_enabled=False)
        with self.blocks:
            self._asked, self._kept = gr.State(None), gr.State([])
            self._openings = count()
            self._lay_out(jobs)
            self._connect()
            _add_api(collections)

    def _lay_out(self, jobs: IndexQueue) -> None:
        first = self._first
        with gr.Sidebar(open=False, elem_id="side", width=320):
            self._lay_out_side(first)
        self._header = gr.HTML(_header(self._collections, first), elem_id="header")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask"), gr.Row(elem_id="panes"):
                self._lay_out_asking(first)
            with gr.Tab("Documents"):
                self._settled = build_documents(self._collections, jobs, self._chosen)
            with gr.Tab("Taught") as taught:
                refresh = build_taught(self._collections, self._chosen)
            with gr.Tab("Evaluate"):
                build_evaluation(self._collections, self._chosen)
        taught.select(**refresh)
        self._note, self._name, self._text = (gr.Textbox(visible="hidden") for _ in range(3))

    def _lay_out_side(self, first: str) -> None:
        self._chosen = gr.Dropdown(
            self._choices(), value=first, label="Collection", elem_id="collection", filterable=False
        )
        self._least = gr.Slider(
            0, 95, _threshold(self._collections, first), step=1, elem_id="least",
            label="Answer only if at least this likely to be right, in %",
        )  # fmt: skip
        self._where = gr.Textbox(
            label="Only in documents like: conditions, one a line", lines=3, elem_id="where",
            placeholder="country=Kazakhstan\ndate>=2022-10",
        )  # fmt: skip
        self._fields = gr.HTML(_fields(self._collections, first), elem_id="fields")
        self._history = gr.HTML(HISTORY_HTML, elem_id="history", js_on_load=HISTORY)

    def _lay_out_asking(self, first: str) -> None:
        with gr.Column(elem_id="answers", min_width=0):
            with gr.Row(elem_id="ask"):
                self._question = gr.Textbox(
                    placeholder="Ask in plain English", label="Question", show_label=False, container=False,
                    lines=1, max_lines=1, autofocus=True, elem_id="question", scale=1,
                )  # fmt: skip
                self._button = gr.Button("Ask", variant="primary", elem_id="ask-button", scale=0, min_width=88)
            self._result = gr.HTML("", elem_id="result", js_on_load=CLICKS)
            self._examples = gr.HTML(_examples(self._collections, first), elem_id="examples", js_on_load=EXAMPLES)
            gr.HTML(KEYS_HTML, elem_id="keys")
        self._source = gr.HTML("", elem_id="source", js_on_load=CLICKS)

    def _connect(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        inputs = [self._question, self._chosen, self._where, self._least, self._kept]
        outputs = [self._result, self._asked, self._kept]
        # Who asks again before the answer is there means the later question.
        asks = {"concurrency_id": "ask", "js": ASKED, "trigger_mode": "always_last"} | private
        gr.on([self._question.submit, self._button.click], self._ask, inputs, outputs, **asks)
        filled = [self._question, self._chosen, self._where]
        for questions in (self._history, self._examples):
            questions.again(self._again, None, filled, **private).then(None, None, None, js=ASK, **private)
        linked = [self._chosen, self._where, self._least]
        self.blocks.load(self._follow_link, None, linked, **private).then(None, None, None, js=FOLLOWED, **private)
        # The stream of one can end so as well, before that one is heard of.
        self._history.wake(lambda: None, None, None, trigger_mode="multiple", **private)
        judged = {"inputs": [self._least, self._asked, self._kept], "outputs": outputs} | private
        self._least.input(self._judge, js=JUDGED, trigger_mode="always_last", **judged)
        about = [self._header, self._examples, self._fields]
        self._chosen.change(self._switch, self._chosen, about, **private)
        for event in self._settled:
            event.then(self._switch, self._chosen, about, **private)
        # Not where a link chose the collection: it says the least probability too.
        self._chosen.input(partial(_threshold, self._collections), self._chosen, self._least, **private)
        for shown in (self._result, self._source):
            shown.open(self._open, self._asked, self._source, **private)
            note = shown.teach(self._teach, self._asked, self._note, **private)
            note.then(None, self._note, None, js=NOTE, **private)
        # What is cleared in the browser is forgotten here as well.
        self._history.forget(list, None, self._kept, **private)
        saved = [self._name, self._text]
        for shown, kept in ((self._result, self._asked), (self._history, self._kept)):
            file = shown.export(self._export, kept, saved, **private)
            file.then(None, saved, None, js=SAVE, **private)

    @property
    def _first(self) -> str:
        return self._collections.list()[0].id

    def _choices(self) -> list[tuple[str, str]]:
        return [(each.name, each.id) for each in self._collections.list()]

    def _known(self, collection: object) -> str:
        """The id of a collection that a link or the history names; of the first one where it is gone."""
        return collection if any(collection == each.id for each in self._collections.list()) else self._first  # type: ignore[return-value]

    def _ask(self, question: str, chosen: str, where: str, least: float, kept: list[Asked]) -> Iterator[Asking]:
        for shown, found in self._desk.ask(question, chosen, where, least / 100):
            kept = [*kept[1 - KEPT :], found] if found and found.ended else kept
            yield shown, found, kept

    def _judge(self, least: float, asked: Asked | None, kept: list[Asked]) -> tuple[Any, ...]:
        if asked is None or not asked.ended:
            return gr.skip(), gr.skip(), gr.skip()
        with told():
            shown, judged = self._desk.judge(asked, least / 100)
        return shown, judged, [judged if each.at == asked.at else each for each in kept]

    def _follow_link(self, request: gr.Request) -> tuple[Any, ...]:
        """What a link to a question fills in beside it: ``?q=...&collection=...&where=...&least=...``."""
        given = dict(request.query_params)
        chosen: dict[str, Any] = {"choices": self._choices()}
        percent: Any = gr.skip()
        if "collection" in given:
            chosen["value"] = self._known(given["collection"])
            percent = _threshold(self._collections, chosen["value"])
        figure = given.get("least", "")
        if figure.isdecimal() and len(figure) <= 3:
            percent = min(95, int(figure))
        return gr.update(**chosen), given.get("where", gr.skip()), percent

    def _again(self, event: gr.EventData) -> tuple[str, str, str]:
        return str(event.question), self._known(event.collection), str(event.where)

    def _open(self, asked: Asked | None, event: gr.EventData) -> str:
        with told():
            source = self._desk.source(asked, str(event.document), int(event.start), int(event.end))
        # Gradio draws only what differs from before, and the browser closes a source by itself.
        return f"<!-- {next(self._openings)} -->{source}"

    def _teach(self, asked: Asked | None, event: gr.EventData) -> str:
        words = Selection(str(event.document), int(event.start), int(event.end)) if event.document else None
        with told():
            return self._desk.teach(asked, str(event.verdict), int(event.answer), words)

    def _export(self, kept: Asked | list[Asked] | None, event: gr.EventData) -> tuple[str, str]:
        with told():
            name, text, left_out = self._desk.export(
                kept if isinstance(kept, list) else [kept] if kept else [], str(event.kind)
            )
        if left_out:
            gr.Info(f"{left_out:,} left out: the documents have changed since; ask again.")
        return name, text

    def _switch(self, chosen: str) -> tuple[Any, ...]:
        parts = (_header, _examples, _fields)
        return tuple(html(self._collections, self._known(chosen)) for html in parts)


def _threshold(collections: Collections, chosen: str) -> int:
    try:
        return round(collections.assistant(chosen).confidence.threshold * 100)
    except RagError:
        return 0


def _header(collections: Collections, chosen: str) -> str:
    try:
        index = collections.assistant(chosen).index
        documents, passages = counted(len(index.documents), "document"), counted(len(index.passages), "passage")
        counts = f"{documents}, {passages}, all on this machine."
    except RagError as error:
        counts = sentence(error)
    return (
        f"<h1>Answers you can check</h1><p>The exact words of a document, highlighted where they stand. "
        f"<b>{escape(collections.get(chosen).name)}</b>: {escape(counts)}</p>"
    )


def _examples(collections: Collections, chosen: str) -> str:
    chips = "".join(
        f'<button type="button" class="chip" data-question="{escape(each)}">{escape(each)}</button>'
        for each in collections.get(chosen).examples
    )
    return f'<div class="chips" data-collection="{escape(chosen)}">{chips}</div>' if chips else ""


def _fields(collections: Collections, chosen: str) -> str:
    try:
        return filter_help_html(collections.assistant(chosen).index.fields())
    except RagError:
        return ""


def _add_api(collections: Collections) -> None:
    def ask(question: str, where: Sequence[str] | None = None, collection: str | None = None) -> dict[str, Any]:
        """Answer a question: one object, as ``rag ask --json`` prints it; ``where`` as its option."""
        try:
            return result_to_json(collections.assistant(_id(collections, collection)).ask(question, where))
        except RagError as error:
            raise gr.Error(str(error), print_exception=False) from error

    def search(
        question: str,
        k: int = 10,
        max_tokens: int | None = None,
        where: Sequence[str] | None = None,
        collection: str | None = None,
    ) -> list[dict[str, Any]]:
        """The passages for a question: a list, as ``rag search --json`` prints it; ``where`` as its option."""
        try:
            retriever = collections.assistant(_id(collections, collection)).retriever
            return [hit_to_json(hit) for hit in retriever.search(question, k, max_tokens, where)]
        except RagError as error:
            raise gr.Error(str(error), print_exception=False) from error

    api(ask, api_name="ask", concurrency_id="ask")
    api(search, api_name="search", concurrency_id="ask")


def _id(collections: Collections, given: str | None) -> str:
    return given or collections.list()[0].id
