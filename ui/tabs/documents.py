"""The Documents tab: list, add and remove the documents of a collection, and follow its indexing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.resources import files
from pathlib import Path
from typing import Any

import gradio as gr

from rag import RagError, StoreUnavailable
from rag.formats import FORMATS

from ..events import CLEAR, CLEAR_SENT, HIDE, POLL_INTERVAL, PRIVATE, drawing
from ..script import component_script
from ..services.collections import Collection, Collections
from ..services.document_reader import DocumentReader
from ..services.evaluation_jobs import Evaluations
from ..services.file_listing import listing
from ..services.index_queue import IndexQueue
from ..services.uploads import Upload, Versions
from ..views.documents import (
    LISTED,
    about_html,
    delete_warning_html,
    not_indexed_html,
    state_html,
    table_html,
    uploads_html,
    versions_html,
)
from ..views.messages import error_messages, sentence
from .sharing import Sharing
from .source_pane import SourcePane

#: Maximum number of files per upload.
MAX_FILES = 1_000

CLICKS = component_script("table", "remove", "read")

#: Makes screen readers announce changes.
LIVE = 'element.setAttribute("role", "status");'


@dataclass(frozen=True, slots=True)
class Waiting:
    """Uploads of one open page that wait for an answer: whether they replace stored files.

    Attributes:
        collection: Id of the collection that they go to.
        uploads: Their outcomes, by path.
    """

    collection: str = ""
    uploads: Mapping[Path, Upload] = field(default_factory=dict)


class DocumentsTab:
    """The components of the tab and their events.

    Args:
        collections: The collections of the page.
        jobs: Their indexing jobs.
        evaluations: Their evaluations.
        reader: Opens their documents.
        chosen: The dropdown of the chosen collection.

    Attributes:
        settled: Events after which the documents of the collection may have changed.
        refresh: The event that redraws the list.
    """

    def __init__(
        self,
        collections: Collections,
        jobs: IndexQueue,
        evaluations: Evaluations,
        reader: DocumentReader,
        chosen: gr.Dropdown,
    ) -> None:
        self._collections, self._jobs, self._evaluations = collections, jobs, evaluations
        self._chosen = chosen
        self._lay_out(reader)
        self._connect()

    def _lay_out(self, reader: DocumentReader) -> None:
        self._about = gr.HTML(elem_id="documents-about")
        with gr.Row(elem_id="upload", visible=False) as self._upload:
            given: dict[str, Any] = {"file_types": sorted(FORMATS), "height": 150}
            self._files = gr.File(label="Add files", file_count="multiple", **given)
            self._folder = gr.File(label="Add a folder", file_count="directory", **given)
        drop = (files("rag.ui") / "static" / "folder_drop.js").read_text(encoding="utf-8")
        self._notes = gr.HTML(elem_id="upload-notes", js_on_load=LIVE + drop)
        self._waiting = gr.State(Waiting())
        with gr.Column(elem_id="versions", visible=False) as self._versions:
            self._question = gr.HTML(js_on_load=LIVE)
            with gr.Row():
                self._replace = gr.Button("Replace", variant="primary", scale=0, min_width=120)
                self._keep = gr.Button("Keep both", scale=0, min_width=120)
        with gr.Row(elem_id="progress-row"):
            self._status = gr.HTML(elem_id="indexing-status", js_on_load=LIVE)
            small: dict[str, Any] = {"size": "sm", "visible": False, "scale": 0, "min_width": 150}
            self._stop = gr.Button("Stop", elem_id="indexing-stop", **small)
            self._start = gr.Button("Bring up to date", elem_id="indexing-start", **small)
        self._filter = gr.Textbox(label="Find a document", placeholder="Title or file name", elem_id="documents-filter")
        self._table = gr.HTML(elem_id="documents-table", js_on_load=CLICKS)
        self._pane = SourcePane(reader, "reader")
        with gr.Row(elem_id="collection-new", equal_height=False):
            self._name = gr.Textbox(label="New collection", placeholder="Name", scale=1)
            self._create = gr.Button("Create", scale=0, min_width=100)
            self._made = gr.Textbox(visible="hidden")
        with gr.Accordion("Delete this collection", open=False, visible=False) as self._danger:
            gr.HTML(delete_warning_html())
            self._delete = gr.Button("Delete it for good", variant="stop")
        self._sharing = Sharing(self._collections, self._chosen)

    def _connect(self) -> None:
        self.settled: list[Any] = []
        shown = [self._about, self._table, self._upload, self._danger, *self._sharing.shown]
        self.refresh = about = drawing(self._show, [self._chosen, self._filter], shown)
        follow: dict[str, Any] = {
            "fn": self._follow, "inputs": self._chosen, "outputs": [self._status, self._stop, self._start],
            "concurrency_limit": None, "trigger_mode": "always_last",
        } | PRIVATE  # fmt: skip
        asked = [self._notes, self._waiting, self._versions, self._question]
        changes = [
            files.upload(self._add, [self._chosen, files, self._waiting], [files, *asked], **PRIVATE)
            for files in (self._files, self._folder)
        ]
        changes += [
            button.click(partial(self._answer, versions), self._waiting, asked, **PRIVATE)
            for button, versions in ((self._replace, Versions.REPLACE), (self._keep, Versions.KEEP_BOTH))
        ]
        changes += [
            self._table.remove(self._remove, self._chosen, self._notes, **PRIVATE),
            self._start.click(self._index, self._chosen, self._notes, **PRIVATE),
        ]
        followed = [change.success(**about).then(**follow) for change in changes]
        page = gr.context.Context.root_block
        if page:
            followed.append(page.load(**about).then(**follow))
        # In the browser: an answer of the server could come after the note of an upload, and remove it.
        switched = self._chosen.change(None, None, self._notes, js=CLEAR, **PRIVATE)
        # The files that wait are then not added.
        self._chosen.change(None, None, self._versions, js=HIDE, **PRIVATE)
        followed.append(switched.then(**about).then(**follow))
        # Stop following the indexing job of the collection chosen before.
        self._chosen.change(None, None, None, cancels=followed, **PRIVATE)
        self.settled = [each.then(**about) for each in followed]
        self._table.read(self._read, self._chosen, self._pane.html, **PRIVATE)
        self._pane.html.open(self._open, self._chosen, self._pane.html, **PRIVATE)
        self._stop.click(self._stop_job, self._chosen, None, **PRIVATE)
        self._filter.change(**about | {"trigger_mode": "always_last"})
        made = gr.on(
            [self._create.click, self._name.submit],
            self._create_collection,
            self._name,
            [self._chosen, self._made],
            **PRIVATE,
        )
        made.success(None, [self._name, self._made], self._name, js=CLEAR_SENT, **PRIVATE)
        made.success(**about)
        self._delete.click(self._remove_collection, self._chosen, self._chosen, **PRIVATE).success(**about)

    def _show(self, chosen: str, query: str | None) -> tuple[Any, ...]:
        with error_messages():
            collection = self._collections.get(chosen)
            uploaded = self._collections.files(chosen) if collection.files else None
        may_change, may_delete = self._collections.may_change(collection), self._collections.may_delete(collection)
        query = (query or "").strip().casefold()
        note = ""
        try:
            store = self._collections.assistant(chosen).index.store
            rows = listing(store, uploaded, query, LISTED + 1)
        except RagError as error:
            rows = listing(None, uploaded, query, LISTED + 1)
            note = sentence(error) if isinstance(error, StoreUnavailable) else ""
        table = table_html(rows, may_change, bool(query), note)
        visible = gr.update(visible=may_change), gr.update(visible=may_delete)
        return about_html(collection), table, *visible, *self._sharing.show(collection)

    def _add(self, chosen: str, uploads: Sequence[str] | None, waiting: Waiting) -> tuple[Any, ...]:
        given = [Path(path) for path in uploads or []]
        before = waiting.uploads if waiting.collection == chosen else {}
        return None, *self._store(chosen, given, Versions.ASK, before)

    def _answer(self, versions: Versions, waiting: Waiting) -> tuple[Any, ...]:
        """Store the files that wait, as the user answered."""
        return self._store(waiting.collection, list(waiting.uploads), versions, {})

    def _store(
        self, chosen: str, given: Sequence[Path], versions: Versions, before: Mapping[Path, Upload]
    ) -> tuple[Any, ...]:
        """Store uploads; returns the note on them, those that wait with those that waited before, and the question."""
        with error_messages():
            name = self._collections.get(chosen).name
            taken = self._collections.add(chosen, given[:MAX_FILES], versions)
        if any(not each.error and not each.waits for each in taken):
            self._index(chosen)
        waiting = {**before, **{path: each for path, each in zip(given, taken, strict=False) if each.waits}}
        return (
            uploads_html(name, taken, len(given) - MAX_FILES, MAX_FILES),
            Waiting(chosen, waiting),
            gr.update(visible=bool(waiting)),
            versions_html(list(waiting.values())),
        )

    def _remove(self, chosen: str, event: gr.EventData) -> str:
        with error_messages():
            self._collections.remove(chosen, str(event.name))
        return self._index(chosen)

    def _read(self, chosen: str, event: gr.EventData) -> str:
        with error_messages():
            return self._pane.show_file(chosen, str(event.name))

    def _open(self, chosen: str, event: gr.EventData) -> str:
        with error_messages():
            return self._pane.show(chosen, str(event.document))

    def _index(self, chosen: str) -> str:
        """Bring the index up to date with the files; returns an empty note on the upload."""
        with error_messages():
            collection = self._collections.changeable(chosen)
        if collection.files:
            self._jobs.start(chosen, collection.files, collection.index, collection.store)
        return ""

    async def _follow(self, chosen: str) -> AsyncIterator[tuple[Any, Any, Any]]:
        """The progress of the indexing job, until it has ended or the account may no longer see the collection."""
        shown = None
        with error_messages():
            collection: Collection | None = self._collections.get(chosen)
        while collection:
            own = self._collections.may_change(collection)
            job = self._jobs.latest(chosen)
            if job is None or (state := job.state()).ended:
                status = state_html(state) if job else not_indexed_html(self._not_indexed(chosen) if own else 0)
                yield status, gr.update(visible=False), gr.update(visible=own)
                return
            if state != shown:
                yield state_html(state), gr.update(visible=own), gr.update(visible=False)
            shown = state
            await asyncio.sleep(POLL_INTERVAL)
            collection = self._collections.find(chosen)
        yield "", gr.update(visible=False), gr.update(visible=False)

    def _not_indexed(self, chosen: str) -> int:
        """Number of files that the index does not know."""
        try:
            store = self._collections.assistant(chosen).index.store
            known = {*store.files(), *store.refused()}
        except RagError:
            known = set()
        with error_messages():
            return len(set(self._collections.files(chosen)) - known)

    def _stop_job(self, chosen: str) -> None:
        with error_messages():
            self._jobs.stop(self._collections.changeable(chosen).id)

    def _create_collection(self, name: str) -> tuple[Any, str]:
        with error_messages():
            collection = self._collections.create(name)
        return self._choices(collection.id), name

    def _remove_collection(self, chosen: str) -> Any:
        with error_messages():
            self._collections.delete(chosen, lambda: self._jobs.forget(chosen))
        self._evaluations.forget(chosen)
        return self._choices(self._collections.list()[0].id)

    def _choices(self, picked: str) -> Any:
        return gr.update(choices=[(each.name, each.id) for each in self._collections.list()], value=picked)


def build_documents(
    collections: Collections, jobs: IndexQueue, evaluations: Evaluations, reader: DocumentReader, chosen: gr.Dropdown
) -> DocumentsTab:
    """Build the tab inside an open ``gr.Tab``."""
    return DocumentsTab(collections, jobs, evaluations, reader, chosen)
