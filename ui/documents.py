"""The tab of the documents: what a collection holds, what is added to it and taken out of it, and how far that is."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import gradio as gr

from rag import RagError
from rag.formats import FORMATS

from .collections import Collection, Collections, Upload
from .highlight import escape
from .indexing import DONE, FAILED, RUNNING, STOPPED, Job, Jobs, State
from .told import told

#: Documents that are listed; a filter finds the others.
LISTED = 200

#: Files of one upload at most.
MOST_FILES = 200

#: Seconds between two looks at an indexing.
LOOK = 0.5

STAGES = {"checking": "Looking at the files", "reading": "Reading the files", "embedding": "Embedding the passages"}
UNITS = {"checking": "files", "reading": "files", "embedding": "passages"}

#: Gradio wants the names of the events quoted here.
CLICKS = '(window.ragParts ??= []).push(["rows", element, trigger])  // "remove"'


class DocumentsTab:
    """The components of the tab, and what happens between them.

    Args:
        collections: Which there are.
        jobs: Their indexings.
        chosen: The dropdown that says which collection the page is about.
    """

    def __init__(self, collections: Collections, jobs: Jobs, chosen: gr.Dropdown) -> None:
        self._collections, self._jobs, self._chosen = collections, jobs, chosen
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        self._about = gr.HTML(elem_id="documents-about")
        with gr.Row(elem_id="upload", visible=False) as self._upload:
            suffixes = sorted(FORMATS)
            self._files = gr.File(
                label="Drop files here, or choose them", file_count="multiple", file_types=suffixes, height=150
            )
            self._folder = gr.File(label="Or a folder", file_count="directory", file_types=suffixes, height=150)
        with gr.Row(elem_id="progress-row"):
            self._status = gr.HTML(elem_id="indexing-status")
            self._stop = gr.Button("Stop", size="sm", visible=False, scale=0, elem_id="indexing-stop")
        self._filter = gr.Textbox(label="Find a document", placeholder="title or file", elem_id="documents-filter")
        self._table = gr.HTML(elem_id="documents-table", js_on_load=CLICKS)
        with gr.Row(elem_id="collection-new", equal_height=False):
            self._name = gr.Textbox(label="New collection", placeholder="its name", scale=1)
            self._create = gr.Button("Create", scale=0, min_width=100)
        with gr.Accordion("Delete this collection", open=False, visible=False) as self._danger:
            gr.HTML("<p>Its documents, its index and what was taught are removed from this machine, for good.</p>")
            self._delete = gr.Button("Delete it for good", variant="stop")

    def _connect(self) -> None:
        #: Events after which the collection may hold other documents.
        self.settled: list[Any] = []
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        shown = [self._about, self._table, self._upload, self._danger]
        follow: dict[str, Any] = {"fn": self._follow, "inputs": self._chosen, "outputs": [self._status, self._stop]}
        follow |= private | {"concurrency_limit": None}
        about: dict[str, Any] = {"fn": self._show, "inputs": [self._chosen, self._filter], "outputs": shown} | private
        for files in (self._files, self._folder):
            added = files.upload(self._add, [self._chosen, files], [files, self._status], **private)
            self.settled.append(added.then(**follow).then(**about))
        removed = self._table.remove(self._remove, self._chosen, self._status, **private)
        self.settled.append(removed.then(**follow).then(**about))
        self._stop.click(self._stop_it, self._chosen, None, **private)
        self._filter.change(**about)
        self._chosen.change(**about).then(**follow).then(**about)
        created = gr.on(
            [self._create.click, self._name.submit], self._make, self._name, [self._chosen, self._name], **private
        )
        created.success(**about)
        self._delete.click(self._remove_collection, self._chosen, self._chosen, **private).success(**about)
        if page := gr.context.Context.root_block:
            page.load(**about).then(**follow).then(**about)

    def _show(self, chosen: str, wanted: str | None) -> tuple[Any, ...]:
        collection = self._collections.get(chosen)
        own = collection.files is not None
        return (
            _about_html(collection, self._collections),
            _table_html(collection, self._collections, (wanted or "").strip().casefold()),
            gr.update(visible=own),
            gr.update(visible=own),
        )

    def _add(self, chosen: str, uploads: Sequence[str] | None) -> tuple[None, str]:
        with told():
            became = self._collections.add(chosen, [Path(path) for path in (uploads or [])[:MOST_FILES]])
            self._index(chosen)
        left_out = len(uploads or []) - len(became)
        return None, _uploads_html(became, left_out)

    def _remove(self, chosen: str, event: gr.EventData) -> str:
        with told():
            self._collections.remove(chosen, str(event.name))
            self._index(chosen)
        return ""

    def _index(self, chosen: str) -> None:
        collection = self._collections.get(chosen)
        if collection.files:
            self._jobs.start(chosen, collection.files, collection.index)

    def _follow(self, chosen: str) -> Iterator[tuple[Any, Any]]:
        """How far the indexing is, until it has ended."""
        job = self._jobs.of(chosen)
        if job is None:
            yield "", gr.update(visible=False)
            return
        before = None
        while not (state := job.state()).ended:
            if state != before:
                yield _state_html(state), gr.update(visible=True)
            before = state
            time.sleep(LOOK)
        yield _state_html(state), gr.update(visible=False)

    def _stop_it(self, chosen: str) -> None:
        job: Job | None = self._jobs.of(chosen)
        if job:
            job.stop()

    def _make(self, name: str) -> tuple[Any, str]:
        with told():
            collection = self._collections.create(name)
        return self._choices(collection.id), ""

    def _remove_collection(self, chosen: str) -> Any:
        with told():
            if job := self._jobs.of(chosen):
                job.stop()
            self._collections.delete(chosen)
        return self._choices(self._collections.list()[0].id)

    def _choices(self, picked: str) -> Any:
        return gr.update(choices=[(each.name, each.id) for each in self._collections.list()], value=picked)


def _about_html(collection: Collection, collections: Collections) -> str:
    name = escape(collection.name)
    if collection.files is None:
        return (
            f'<p class="quiet"><b>{name}</b> is the index that the page was started with; <code>rag index</code> '
            "manages its documents. To ask your own, make a collection below and drop files into it.</p>"
        )
    kinds = ", ".join(sorted(FORMATS))
    return f'<p class="quiet">Documents of <b>{name}</b>. Read are {kinds}; all stays on this machine.</p>'


def _table_html(collection: Collection, collections: Collections, wanted: str) -> str:
    try:
        documents = collections.assistant(collection.id).retriever.index.documents
    except RagError:
        rows = [(name, name) for name in collections.files(collection.id)]
    else:
        rows = [(document.title, document.id) for document in map(documents.__getitem__, _first(documents, wanted))]
    own = set(collections.files(collection.id))
    body = "".join(_row(title, document_id, document_id in own) for title, document_id in rows[:LISTED])
    if not body:
        return (
            '<p class="quiet">No documents here yet.</p>' if not wanted else '<p class="quiet">None is called so.</p>'
        )
    more = f"<p class='quiet'>The first {LISTED}; find others by their names.</p>" if len(rows) > LISTED else ""
    return (
        '<table class="rows"><thead><tr><th>Title</th><th>File</th><th><span class="unseen">Remove</span></th></tr>'
        f"</thead><tbody>{body}</tbody></table>{more}"
    )


def _first(documents: Any, wanted: str) -> list[str]:
    """The ids of the first documents whose id holds some text, one more than are listed."""
    found = (each for each in documents if wanted in each.casefold())
    return [each for each, _ in zip(found, range(LISTED + 1), strict=False)]


def _row(title: str, document_id: str, own: bool) -> str:
    button = (
        f'<button type="button" data-event="remove" data-name="{escape(document_id)}" data-sure="Remove for good?" '
        f'aria-label="Remove {escape(document_id)}">Remove</button>'
        if own
        else ""
    )
    return f"<tr><td>{escape(title)}</td><td><code>{escape(document_id)}</code></td><td>{button}</td></tr>"


def _uploads_html(became: Sequence[Upload], left_out: int) -> str:
    refused = [each for each in became if each.fault]
    lines = [f"{len(became) - len(refused)} files added."] if len(became) > len(refused) else []
    lines += [f"<code>{escape(each.name)}</code> {escape(each.fault)}." for each in refused]
    lines += [f"{left_out:,} files were left out: at most {MOST_FILES} at once."] if left_out > 0 else []
    return "".join(f"<p>{line}</p>" for line in lines)


def _state_html(state: State) -> str:
    if state.state == DONE:
        return f'<div role="status">{_changes_html(state.changes or {})}</div>'
    if state.state == FAILED:
        return f'<p role="status">Not indexed: {escape(state.error)}.</p>'
    if state.state == STOPPED:
        return '<p role="status">Stopped. The index is as it was; what was done is used next time.</p>'
    if state.state != RUNNING or not state.stage:
        text = "Starting…" if state.state == RUNNING else "Waiting for another indexing to end…"
        return f'<p role="status">{text}</p>'
    left = f", {_duration(state.seconds_left)} left" if state.seconds_left else ""
    text = f"{STAGES[state.stage]}: {state.done:,} of {state.total:,} {UNITS[state.stage]}{left}"
    return (
        f'<p role="status">{text}</p><progress max="{max(state.total, 1)}" value="{state.done}" '
        f'aria-label="{STAGES[state.stage]}"></progress>'
    )


def _changes_html(changes: dict[str, Any]) -> str:
    counts = [
        f"{len(changes.get(name, [])):,} {name}"
        for name in ("added", "changed", "renamed", "removed", "unchanged")
        if changes.get(name)
    ]
    passages = f"{changes.get('documents', 0):,} documents, {changes.get('passages', 0):,} passages"
    lines = [f"<p>Done: {', '.join(counts) or 'nothing to do'}. {passages} in the collection.</p>"]
    notes = [(each["document_id"], "not read: " + each["reason"]) for each in changes.get("skipped", [])]
    notes += [tuple(each) for each in changes.get("warnings", [])]
    if notes:
        rows = "".join(f"<tr><td><code>{escape(a)}</code></td><td>{escape(b)}</td></tr>" for a, b in notes[:LISTED])
        lines.append(f'<table class="rows"><thead><tr><th>File</th><th>What to know</th></tr></thead>{rows}</table>')
    return "".join(lines)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} seconds" if seconds < 90 else f"{seconds / 60:.0f} minutes"


def build_documents(collections: Collections, jobs: Jobs, chosen: gr.Dropdown) -> list[Any]:
    """Lay the tab out, within the tab; returns the events after which the collection may hold other documents."""
    return DocumentsTab(collections, jobs, chosen).settled
