"""The options of a question, each behind its button: filters, sources, minimum confidence, recent questions."""

from __future__ import annotations

import gradio as gr

from rag import RagError

from ..events import PRIVATE
from ..script import component_script, event_script
from ..services.collections import Collections
from ..services.filter_fields import filter_fields, sources
from ..views.options import history_html, options_html, pickers_html, sources_html

HISTORY = component_script("history", "reask", "restart", "export", "forget", "reconnect")

#: Ticks what the typed conditions say, and counts them on the buttons.
SHOW_FILTERS = event_script("showFilters")

SHOW_CONFIDENCE = event_script("showConfidence")

#: Highest minimum confidence of the slider, in percent.
HIGHEST_CONFIDENCE = 95

#: Empties the conditions, and notes the minimum confidence before it is reset.
RESET = "(percent) => ['', percent]"

#: Sets the minimum confidence, and notes it, unless the user has moved the slider since the reset began.
SET_CONFIDENCE = "(fitted, before, now) => (now === before ? [fitted, fitted] : [])"


class AskOptions:
    """The components of the options, which ``page.js`` shows and hides.

    Args:
        collections: The collections to choose from; the first one is chosen when the page is opened.

    Attributes:
        where: The filter conditions, one per line. The pickers and the sources write into it.
        pickers: The fields that a filter can be picked from.
        sources: The files to tick on and off.
        min_confidence: The slider of the minimum confidence, in percent.
        history: The recent questions.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        first = collections.list()[0].id
        percent, (pickers, ticks) = self.default_confidence(first), self.filters_of(first)
        with gr.Column(elem_id="options"):
            gr.HTML(options_html(percent), elem_id="options-bar", js_on_load=component_script("options"))
            with gr.Column(elem_id="option-filters", elem_classes="option"):
                self.pickers = gr.HTML(pickers, elem_id="pickers", js_on_load=component_script("pickers"))
                self.where = gr.Textbox(
                    label="Typed conditions, one per line (for experts)", lines=2, elem_id="where",
                    placeholder="country=Kazakhstan or country=Kyrgyzstan\ndate>=2022-10",
                )  # fmt: skip
            with gr.Column(elem_id="option-sources", elem_classes="option"):
                self.sources = gr.HTML(ticks, elem_id="sources", js_on_load=component_script("sources"))
            with gr.Column(elem_id="option-confidence", elem_classes="option"):
                self.min_confidence = gr.Slider(
                    0, HIGHEST_CONFIDENCE, percent, step=1, elem_id="min-confidence",
                    label="Minimum confidence of an answer, in %",
                )  # fmt: skip
            with gr.Column(elem_id="option-history", elem_classes="option"):
                self.history = gr.HTML(history_html(), elem_id="history", js_on_load=HISTORY)
        self.where.change(None, self.where, None, js=SHOW_FILTERS, **PRIVATE)
        self.min_confidence.change(None, self.min_confidence, None, js=SHOW_CONFIDENCE, **PRIVATE)

    def reset_with(self, chosen: gr.Dropdown) -> None:
        """Reset the conditions and the minimum confidence when the user chooses another collection.

        Not on other changes: a link that names a collection may name these, too.
        """
        fitted, before = gr.Number(visible="hidden"), gr.Number(visible="hidden")
        noted = chosen.input(None, self.min_confidence, [self.where, before], js=RESET, **PRIVATE)
        found = noted.then(self.default_confidence, chosen, fitted, trigger_mode="always_last", **PRIVATE)
        percents = [fitted, before, self.min_confidence]
        found.success(None, percents, [self.min_confidence, before], js=SET_CONFIDENCE, **PRIVATE)

    def default_confidence(self, collection: str) -> int:
        """The fitted threshold of a collection, in percent; 0 if it cannot be opened."""
        try:
            return round(self._collections.assistant(collection).confidence.threshold * 100)
        except RagError:
            return 0

    def filters_of(self, collection: str) -> tuple[str, str]:
        """The pickers and the sources of a collection, as HTML; both say so if it has no documents."""
        try:
            store = self._collections.assistant(collection).index.store
            return pickers_html(filter_fields(store), store.fields()), sources_html(sources(store))
        except RagError:
            return pickers_html([], []), sources_html([])
