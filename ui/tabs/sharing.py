"""Sharing of a collection, in the Documents tab of a server with accounts."""

from __future__ import annotations

from typing import Any

import gradio as gr

from ..events import CLEAR_SENT, PRIVATE
from ..services.collections import Collection, Collections
from ..services.permissions import CHANGE, READ
from ..views.documents import shared_html
from ..views.messages import error_messages

#: What an account may do with a collection, as the page says it; empty to stop sharing.
LEVELS = [("ask", READ), ("ask and change documents", CHANGE), ("nothing", "")]


class Sharing:
    """The components and their events.

    Args:
        collections: The collections of the page.
        chosen: The dropdown of the chosen collection.

    Attributes:
        shown: The components that ``show`` fills in.
    """

    def __init__(self, collections: Collections, chosen: gr.Dropdown) -> None:
        self._collections = collections
        with gr.Accordion("Share this collection", open=False, visible=False) as form:
            shared = gr.HTML(elem_id="shared-with")
            with gr.Row():
                account = gr.Textbox(label="Account", max_lines=1, elem_id="share-account")
                level = gr.Dropdown(LEVELS, value=READ, label="May", filterable=False, elem_id="share-level")
                share = gr.Button("Share", scale=0, min_width=100)
            sent = gr.Textbox(visible="hidden")
        self.shown = [form, shared]
        given = [chosen, account, level]
        saved = gr.on([share.click, account.submit], self._share, given, [*self.shown, sent], **PRIVATE)
        saved.success(None, [account, sent], account, js=CLEAR_SENT, **PRIVATE)

    def show(self, collection: Collection) -> tuple[Any, str]:
        """Values of ``shown`` for a collection."""
        may_share = self._collections.has_accounts and self._collections.may_manage(collection)
        return gr.update(visible=may_share), shared_html(collection.permissions.shared if may_share else {})

    def _share(self, chosen: str, account: str, level: str) -> tuple[Any, str, str]:
        with error_messages():
            self._collections.share(chosen, account.strip(), level)
            collection = self._collections.get(chosen)
        return *self.show(collection), account
