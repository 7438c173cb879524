"""The page: a side panel, a header, and four tabs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag import RagError

from .api import add_api
from .services.collections import Collections
from .services.index_jobs import IndexQueue
from .side_panel import SidePanel
from .tabs.ask import AskTab
from .tabs.documents import build_documents
from .tabs.evaluation import build_evaluation
from .tabs.feedback import build_feedback
from .views.messages import counted, sentence
from .views.page import header_html

TITLE = "rag: answers you can check"


def build_page(collections: Collections, jobs: IndexQueue) -> gr.Blocks:
    """The Gradio app over some collections; the first one is chosen when the page is opened."""
    return _Page(collections, jobs).blocks


class _Page:
    """The parts of the page, and what changes in them with the chosen collection."""

    def __init__(self, collections: Collections, jobs: IndexQueue) -> None:
        self._collections = collections
        self.blocks = gr.Blocks(title=TITLE, analytics_enabled=False)
        with self.blocks:
            self._lay_out(jobs)
            self._connect()
            add_api(collections)

    def _lay_out(self, jobs: IndexQueue) -> None:
        self._panel = SidePanel(self._collections)
        chosen = self._panel.collection
        self._header = gr.HTML(self._header_html(self._collections.list()[0].id), elem_id="header")
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask"):
                self._ask = AskTab(self._collections, self._panel)
            with gr.Tab("Documents"):
                self._settled = build_documents(self._collections, jobs, chosen)
            with gr.Tab("Feedback") as feedback:
                refresh = build_feedback(self._collections, chosen)
            with gr.Tab("Evaluate"):
                build_evaluation(self._collections, chosen)
        feedback.select(**refresh)

    def _connect(self) -> None:
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        chosen = self._panel.collection
        shown = [self._header, self._ask.examples, self._panel.fields]
        chosen.change(self._switch, chosen, shown, **private)
        for event in self._settled:
            event.then(self._switch, chosen, shown, **private)
        # Only when the user chooses: a link that names a collection may name a minimum confidence, too.
        chosen.input(self._panel.default_confidence, chosen, self._panel.min_confidence, **private)

    def _switch(self, chosen: str) -> tuple[str, str, str]:
        if not self._panel.exists(chosen):  # deleted in another window
            chosen = self._collections.list()[0].id
        return self._header_html(chosen), self._ask.examples_of(chosen), self._panel.filter_help(chosen)

    def _header_html(self, chosen: str) -> str:
        try:
            index = self._collections.assistant(chosen).index
            documents, passages = counted(len(index.documents), "document"), counted(len(index.passages), "passage")
            contents = f"{documents}, {passages}, all on this machine."
        except RagError as error:
            contents = sentence(error)
        return header_html(self._collections.get(chosen).name, contents)
