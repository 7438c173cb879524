"""The chosen collection, above all tabs: its name, which can be changed, and what it holds."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag import RagError
from rag.text.plural import counted

from .events import HIDE, HIDE_SENT, PRIVATE
from .script import focus_script
from .services.collections import Collections
from .views.messages import error_messages, sentence
from .views.page import contents_html

#: Where the focus moves: into the form, and back to the button that opened it.
TO_FORM, TO_BUTTON = focus_script("#rename-name :is(input, textarea)"), focus_script("#rename")


class CollectionBar:
    """The components of the bar and their events.

    Args:
        collections: The collections to choose from; the first one is chosen when the page is opened.

    Attributes:
        chosen: The dropdown of the chosen collection.
        contents: What the collection holds.
        open: The button that opens the form with the name.
        switched: The event after which another collection is chosen.
        renamed: The event after which the collection has another name.
    """

    def __init__(self, collections: Collections) -> None:
        self._collections = collections
        first = collections.list()[0].id
        with gr.Row(elem_id="collection-bar"):
            self.chosen = gr.Dropdown(
                self.choices(), value=first, label="Collection", elem_id="collection", filterable=False,
                min_width=0,
            )  # fmt: skip
            self.open = gr.Button("Rename", elem_id="rename", size="sm", scale=0, min_width=0)
            self.contents = gr.HTML(self.contents_of(first), elem_id="collection-contents")
        with gr.Row(elem_id="rename-form", visible=False) as self._form:
            self._name = gr.Textbox(label="New name of this collection", max_lines=1, elem_id="rename-name")
            self._save = gr.Button("Save name", variant="primary", scale=0, min_width=0)
            self._cancel = gr.Button("Cancel", scale=0, min_width=0)
        self._renamed = gr.Textbox(visible="hidden")
        self._connect()

    def _connect(self) -> None:
        opened = self.open.click(self._open_form, self.chosen, [self._name, self._form], **PRIVATE)
        opened.success(None, None, None, js=TO_FORM, **PRIVATE)
        given = [self.chosen, self._name]
        saving = [self._save.click, self._name.submit]
        self.renamed = gr.on(saving, self._rename, given, [self.chosen, self._renamed], **PRIVATE)
        hidden = [
            self.renamed.success(None, [self.chosen, self._renamed], self._form, js=HIDE_SENT, **PRIVATE),
            self._cancel.click(None, None, self._form, js=HIDE, **PRIVATE),
        ]
        for each in hidden:
            each.then(None, None, None, js=TO_BUTTON, **PRIVATE)
        self.switched = self.chosen.change(None, None, self._form, js=HIDE, **PRIVATE)

    def choices(self) -> list[tuple[str, str]]:
        """Name and id of each collection."""
        return [(each.name, each.id) for each in self._collections.list()]

    def exists(self, collection: str) -> bool:
        """True if a collection has this id."""
        return self._collections.find(collection) is not None

    def contents_of(self, collection: str) -> str:
        """The numbers of documents and passages of a collection, as HTML, or why it cannot be asked."""
        try:
            index = self._collections.assistant(collection).index
            documents, passages = counted(len(index.documents), "document"), counted(len(index.passages), "passage")
            return contents_html(f"{documents}, {passages}")
        except RagError as error:
            return contents_html(sentence(error))

    def rename_button(self, collection: str) -> Any:
        """Show the button only to those who may rename the collection."""
        found = self._collections.find(collection)
        return gr.update(visible=found is not None and self._collections.may_manage(found))

    def _open_form(self, chosen: str) -> tuple[str, Any]:
        with error_messages():
            return self._collections.get(chosen).name, gr.update(visible=True)

    def _rename(self, chosen: str, name: str) -> tuple[Any, str]:
        with error_messages():
            self._collections.rename(chosen, name)
        # Another collection may be chosen by now, and stays.
        return gr.update(choices=self.choices()), chosen
