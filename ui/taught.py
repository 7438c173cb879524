"""The tab of what was taught: the questions, what was said of them, and what one can change of that."""

from __future__ import annotations

from typing import Any

import gradio as gr
from rag.eval.questions import KINDS
from rag.eval.taught import Lesson, Taught

from rag import InputError, RagError

from .collections import Collection, Collections
from .highlight import escape
from .told import sentence, told

#: Gradio wants the names of the events quoted here.
CLICKS = '(window.ragParts ??= []).push(["rows", element, trigger])  // "remove" "edit"'


class TaughtTab:
    """The components of the tab, and what happens between them.

    Args:
        collections: Which there are.
        chosen: The dropdown that says which collection the page is about.
    """

    def __init__(self, collections: Collections, chosen: gr.Dropdown) -> None:
        self._collections = collections
        self._table = gr.HTML(elem_id="taught-table", js_on_load=CLICKS)
        with gr.Group(visible=False, elem_id="taught-edit") as form:
            question = gr.Textbox(label="Question")
            kind = gr.Dropdown(list(KINDS), label="Kind", filterable=False)
            with gr.Row():
                save = gr.Button("Save", variant="primary", scale=0, min_width=100)
                cancel = gr.Button("Cancel", scale=0, min_width=100)
        with gr.Row():
            refresh = gr.Button("Look again", scale=0, min_width=120)
            export = gr.Button("Save as JSON Lines", scale=0, min_width=160, elem_id="taught-export")
        edited = gr.State("")
        file = [gr.Textbox(visible="hidden") for _ in range(2)]
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        shown: dict[str, Any] = {"fn": self._show, "inputs": chosen, "outputs": self._table} | private
        chosen.change(**shown)
        refresh.click(**shown)
        saved = export.click(self._export, chosen, file, **private)
        saved.then(None, file, None, js="(name, text) => ragSave(name, text)", **private)
        self._table.remove(self._remove, chosen, None, **private).success(**shown)
        self._table.edit(self._edit, chosen, [edited, question, kind, form], **private)
        cancel.click(lambda: gr.update(visible=False), None, form, **private)
        save.click(self._save, [chosen, edited, question, kind], form, **private).success(**shown)
        #: What the page does when the tab is chosen.
        self.refresh = shown

    def _show(self, chosen: str) -> str:
        with told():
            return self._html(self._collections.get(chosen))

    def _export(self, chosen: str) -> tuple[str, str]:
        with told():
            path = self._collections.get(chosen).taught
            if not path.exists():
                raise InputError("nothing was taught here yet")
            return f"{chosen}.jsonl", path.read_text(encoding="utf-8")

    def _html(self, collection: Collection) -> str:
        try:
            documents = self._collections.assistant(collection.id).retriever.index.documents
        except RagError as error:
            return f'<p class="quiet">{escape(sentence(error))}</p>'
        lessons = Taught(collection.taught).lessons(documents)
        if not lessons:
            return '<p class="quiet">Nothing was taught here yet. Ask, and say under the answer what is right.</p>'
        rows = "".join(map(_row, lessons))
        return (
            f'<p class="quiet">{len(lessons):,} questions. <code>rag eval FILE</code> measures the answers by them, '
            "<code>rag train FILE</code> learns from them, each with <code>--index</code>.</p>"
            '<table class="rows"><thead><tr><th>Question</th><th>What was said</th><th>Change</th></tr></thead>'
            f"<tbody>{rows}</tbody></table>"
        )

    def _remove(self, chosen: str, event: gr.EventData) -> None:
        with told():
            Taught(self._collections.get(chosen).taught).delete(str(event.lesson))

    def _edit(self, chosen: str, event: gr.EventData) -> tuple[Any, ...]:
        with told():
            documents = self._collections.assistant(chosen).retriever.index.documents
            lessons = Taught(self._collections.get(chosen).taught).lessons(documents)
        found = next((each for each in lessons if each.id == str(event.lesson)), None)
        if found is None:
            raise gr.Error("This question is not there any more.")
        return found.id, found.text, found.kind or None, gr.update(visible=True)

    def _save(self, chosen: str, lesson: str, question: str, kind: str | None) -> Any:
        with told():
            documents = self._collections.assistant(chosen).retriever.index.documents
            Taught(self._collections.get(chosen).taught).edit(lesson, documents, question=question, kind=kind)
        return gr.update(visible=False)


def _row(lesson: Lesson) -> str:
    said = [f"right: <b>{escape(place['quote'])}</b> {_file(place)}" for place in lesson.answers or ()]
    said += ["no document answers"] if lesson.answers == () else []
    said += [f"wrong: <s>{escape(place['quote'])}</s> {_file(place)}" for place in lesson.wrong]
    said += ["the right words are not known yet"] if lesson.answers is None else []
    said += [f'<span class="stale">no longer fits the documents: {escape(lesson.stale)}</span>'] if lesson.stale else []
    name = escape(lesson.id)
    return (
        f'<tr><td>{escape(lesson.text)}<br><span class="quiet">{escape(lesson.kind)}</span></td>'
        f"<td>{'<br>'.join(said)}</td>"
        f'<td><button type="button" data-event="edit" data-lesson="{name}" aria-label="Edit {name}">Edit</button> '
        f'<button type="button" data-event="remove" data-lesson="{name}" data-sure="Delete for good?" '
        f'aria-label="Delete {name}">Delete</button></td></tr>'
    )


def _file(place: dict[str, str]) -> str:
    return f"<code>{escape(place['document'])}</code>"


def build_taught(collections: Collections, chosen: gr.Dropdown) -> dict[str, Any]:
    """Lay the tab out, within the tab; returns the event that shows it anew, for when the tab is chosen."""
    return TaughtTab(collections, chosen).refresh
