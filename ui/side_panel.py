"""The side panel: the collection, the minimum confidence, the filter, and the recent questions."""

from __future__ import annotations

import gradio as gr

from rag import RagError

from .script import component_script
from .services.collections import Collections
from .views.page import filter_help_html, history_html

HISTORY = component_script("history", "reask", "restart", "export", "forget", "reconnect")


#: Highest minimum confidence of the slider, in percent.
HIGHEST_CONFIDENCE = 95


class SidePanel:
    """The components of the panel.

    Args:
        collections: The collections to choose from; the first one is chosen when the page is opened.

    Attributes:
        collection: The dropdown of the chosen collection.
        min_confidence: The slider of the minimum confidence, in percent.
        where: The filter conditions, one per line.
        fields: The help on the filter.
        history: The recent questions.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        first = collections.list()[0].id
        with gr.Sidebar(open=False, elem_id="side", width=320):
            self.collection = gr.Dropdown(
                self.choices(), value=first, label="Collection", elem_id="collection",
                filterable=False,
            )  # fmt: skip
            self.min_confidence = gr.Slider(
                0, HIGHEST_CONFIDENCE, self.default_confidence(first), step=1, elem_id="min-confidence",
                label="Minimum confidence of an answer, in %",
            )  # fmt: skip
            self.where = gr.Textbox(
                label="Search only documents that match (one condition per line)", lines=3, elem_id="where",
                placeholder="country=Kazakhstan\ndate>=2022-10",
            )  # fmt: skip
            self.fields = gr.HTML(self.filter_help(first), elem_id="fields")
            self.history = gr.HTML(history_html(), elem_id="history", js_on_load=HISTORY)

    def default_confidence(self, collection: str) -> int:
        """The fitted threshold of a collection, in percent; 0 if it cannot be opened."""
        try:
            return round(self._collections.assistant(collection).confidence.threshold * 100)
        except RagError:
            return 0

    def filter_help(self, collection: str) -> str:
        """Help on the filter with the fields of a collection; empty if it cannot be opened."""
        try:
            return filter_help_html(self._collections.assistant(collection).index.fields())
        except RagError:
            return ""

    def choices(self) -> list[tuple[str, str]]:
        """Name and id of each collection."""
        return [(each.name, each.id) for each in self._collections.list()]

    def exists(self, collection: object) -> bool:
        """True if a collection has this id."""
        return any(each.id == collection for each in self._collections.list())
