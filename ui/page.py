"""The page: a header with the chosen collection, and five tabs."""

from __future__ import annotations

from typing import Any

import gradio as gr

from .api import add_api
from .collection_bar import CollectionBar
from .events import PRIVATE, drawing
from .services.collections import Collections
from .services.document_reader import DocumentReader
from .services.evaluation_jobs import Evaluations
from .services.index_queue import IndexQueue
from .tabs.ask import AskTab
from .tabs.ask_options import SHOW_FILTERS
from .tabs.documents import build_documents
from .tabs.evaluation import build_evaluation
from .tabs.feedback import build_feedback
from .tabs.table import TableTab
from .views.page import account_html, header_html

TITLE = "rag: answers you can check"


class Page(gr.Blocks):
    """A Gradio app; closing it also stops its index jobs, and ends the process that draws pages.

    Args:
        jobs: The index jobs.
        reader: Opens the documents.
    """

    def __init__(self, jobs: IndexQueue, reader: DocumentReader) -> None:
        super().__init__(title=TITLE, analytics_enabled=False)
        self._background = jobs, reader

    def close(self, verbose: bool = True) -> None:
        """Stop the server and all that it has started."""
        super().close(verbose=verbose)
        for each in self._background:
            each.close()


def build_page(collections: Collections, jobs: IndexQueue, reader: DocumentReader) -> Page:
    """The Gradio app over some collections; the first one is chosen when the page is opened."""
    return _Page(collections, jobs, reader).blocks


class _Page:
    """The parts of the page, and what changes in them with the chosen collection."""

    def __init__(self, collections: Collections, jobs: IndexQueue, reader: DocumentReader) -> None:
        self._collections = collections
        self.blocks = Page(jobs, reader)
        with self.blocks:
            self._lay_out(jobs, reader)
            self._connect()
            add_api(collections)

    def _lay_out(self, jobs: IndexQueue, reader: DocumentReader) -> None:
        with gr.Column(elem_id="header"):
            gr.HTML(header_html(), elem_id="heading")
            if self._collections.has_accounts:
                account = gr.HTML(elem_id="account")
                self.blocks.load(_account_html, None, account, **PRIVATE)
            self._bar = CollectionBar(self._collections)
        chosen, evaluations = self._bar.chosen, Evaluations()
        with gr.Tabs(elem_id="tabs"):
            with gr.Tab("Ask"):
                self._ask = AskTab(self._collections, self._bar, reader)
            with gr.Tab("Table"):
                TableTab(self._collections, chosen, reader)
            with gr.Tab("Documents"):
                self._documents = build_documents(self._collections, jobs, evaluations, reader, chosen)
            with gr.Tab("Feedback") as feedback:
                refresh = build_feedback(self._collections, chosen)
            with gr.Tab("Evaluate"):
                build_evaluation(self._collections, evaluations, chosen)
        feedback.select(**refresh)

    def _connect(self) -> None:
        chosen, options = self._bar.chosen, self._ask.options
        shown = [self._bar.contents, self._bar.open, self._ask.examples, options.pickers, options.sources]
        draw = drawing(self._switch, [chosen], shown)
        for event in (self._bar.switched, *self._documents.settled):
            event.then(**draw).then(None, options.where, None, js=SHOW_FILTERS, **PRIVATE)
        self._bar.renamed.success(**self._documents.refresh)
        options.reset_with(chosen)

    def _switch(self, chosen: str) -> tuple[Any, ...]:
        if not self._bar.exists(chosen):  # deleted in another window
            chosen = self._collections.list()[0].id
        return (
            self._bar.contents_of(chosen),
            self._bar.rename_button(chosen),
            self._ask.examples_of(chosen),
            *self._ask.options.filters_of(chosen),
        )


def _account_html(request: gr.Request) -> str:
    return account_html(request.username or "")
