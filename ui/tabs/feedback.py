"""The tab of what was taught: the questions, what was said of them, and what one can change of that."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag import InputError, RagError
from rag.questions.anchors import Documents, Place, Selection, place_at
from rag.questions.feedback import CONTRADICTION, Lesson, Taught
from rag.questions.schema import KINDS

from ..script import part, step
from ..services.collections import Collection, Collections
from ..views.feedback import commands_html, lessons_html, place_label
from ..views.highlight import escape
from ..views.messages import sentence, told

CLICKS = part("rows", "remove", "edit")
SAVE = step("save")

#: Where the keyboard goes on: into the form, back to the row that it was opened from, to the list.
TO_FORM = "() => setTimeout(() => document.querySelector('#taught-question textarea')?.focus(), 100)"
TO_ROW = """(id) => setTimeout(() => ([...document.querySelectorAll('#taught-table [data-event="edit"]')].find(
    (each) => each.dataset.lesson === id) ?? document.querySelector('#taught-counts'))?.focus(), 100)"""
TO_LIST = "() => setTimeout(() => document.querySelector('#taught-counts')?.focus(), 100)"


class TaughtTab:
    """The components of the tab, and what happens between them.

    Args:
        collections: Which there are.
        chosen: The dropdown that says which collection the page is about.
    """

    def __init__(self, collections: Collections, chosen: gr.Dropdown) -> None:
        self._collections, self._chosen = collections, chosen
        self._lay_out()
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
        #: What the page does when the tab is chosen.
        self.refresh = private | {
            "fn": self._show,
            "inputs": [chosen, self._find],
            "outputs": [self._table, self._find, self._saving, self._commands],
        }
        self._connect(private)

    def _lay_out(self) -> None:
        with gr.Column(visible=False, elem_id="taught-edit") as self._form:
            self._question = gr.Textbox(label="Question", lines=1, max_lines=4, elem_id="taught-question")
            self._kind = gr.Dropdown(list(KINDS), label="Kind", filterable=False, elem_id="taught-kind")
            self._places = gr.CheckboxGroup(
                [], label="Words", elem_id="taught-places",
                info="Untick what does not hold. For other words: ask again, and select them in the document.",
            )  # fmt: skip
            self._none = gr.Checkbox(label="No document answers this", elem_id="taught-none")
            with gr.Row():
                self._save = gr.Button("Save", variant="primary", scale=0, min_width=100)
                self._cancel = gr.Button("Cancel", scale=0, min_width=100)
        self._find = gr.Textbox(label="Find a question", elem_id="taught-find", visible=False)
        self._table = gr.HTML(elem_id="taught-table", js_on_load=CLICKS)
        with gr.Column(visible=False, elem_id="taught-saving") as self._saving:
            self._export = gr.Button("Save as JSON Lines", scale=0, min_width=160, elem_id="taught-export")
            self._commands = gr.HTML(elem_id="taught-commands")
        self._edited, self._id = gr.State(None), gr.Textbox(visible="hidden")
        self._file = [gr.Textbox(visible="hidden") for _ in range(2)]

    def _connect(self, private: dict[str, Any]) -> None:
        def hide() -> Any:
            return gr.update(visible=False)

        self._chosen.change(**self.refresh)
        self._chosen.change(hide, None, self._form, **private)
        self._find.change(**self.refresh)
        saved = self._export.click(self._export_file, self._chosen, self._file, **private)
        saved.success(None, self._file, None, js=SAVE, **private)
        removed = self._table.remove(self._remove, self._chosen, self._form, **private)
        removed.success(**self.refresh).then(None, None, None, js=TO_LIST, **private)
        form = [self._edited, self._id, self._question, self._kind, self._places, self._none, self._form]
        opened = self._table.edit(self._edit, self._chosen, form, **private)
        opened.success(None, None, None, js=TO_FORM, **private)
        given = {self._chosen, self._edited, self._question, self._kind, self._places, self._none}
        stored = gr.on([self._save.click, self._question.submit], self._store, given, self._form, **private)
        stored.success(**self.refresh).then(None, self._id, None, js=TO_ROW, **private)
        self._cancel.click(hide, None, self._form, **private).then(None, self._id, None, js=TO_ROW, **private)

    def _show(self, chosen: str, wanted: str | None) -> tuple[Any, ...]:
        with told():
            collection = self._collections.get(chosen)
            documents, fault = self._documents(collection)
            lessons = Taught(collection.taught).lessons(documents)
        some = gr.update(visible=bool(lessons))
        note = f'<p class="hint">{escape(fault)}</p>' if fault else ""
        table = lessons_html(lessons, (wanted or "").strip())
        return note + table, some, some, commands_html(collection, _file_name(collection))

    def _documents(self, collection: Collection) -> tuple[Documents, str]:
        """The documents as they are now; where they cannot be asked, none of them, and why."""
        try:
            return self._collections.assistant(collection.id).index.documents, ""
        except RagError as error:
            return {}, sentence(error)

    def _export_file(self, chosen: str) -> tuple[str, str]:
        with told():
            collection = self._collections.get(chosen)
            try:
                return _file_name(collection), collection.taught.read_bytes().decode()
            except FileNotFoundError:
                raise InputError("nothing was taught here yet; there is nothing to save") from None
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"{collection.taught.name}: cannot be read ({error}); mend the file") from error

    def _remove(self, chosen: str, event: gr.EventData) -> Any:
        with told():
            Taught(self._collections.get(chosen).taught).delete(str(event.lesson))
        return gr.update(visible=False)

    def _edit(self, chosen: str, event: gr.EventData) -> tuple[Any, ...]:
        with told():
            lesson = self._lesson(self._collections.get(chosen), str(event.lesson))
        places = _labelled(lesson)
        return (
            lesson,
            lesson.id,
            lesson.text,
            lesson.kind if lesson.kind in KINDS else None,
            gr.update(choices=list(places), value=list(places), visible=bool(places)),
            lesson.answers == (),
            gr.update(visible=True),
        )

    def _store(self, given: dict[Any, Any]) -> Any:
        """Write what the form holds; what somebody else has taught since it was opened stays."""
        edited: Lesson | None = given[self._edited]
        none = bool(given[self._none])
        with told():
            if edited is None:
                raise InputError("there is no question open to be changed; press Edit beside one")
            collection = self._collections.get(given[self._chosen])
            lesson = self._lesson(collection, edited.id)
            out = [place for label, place in _labelled(edited).items() if label not in given[self._places]]
            if none and any(place not in out for place in lesson.answers or ()):
                raise InputError(CONTRADICTION)
            documents, _ = self._documents(collection)
            right, wrong = (_left(places, out, documents) for places in (lesson.answers or (), lesson.wrong))
            if lesson.answers == () and not none:
                right = []
            Taught(collection.taught).edit(
                lesson.id, documents, question=given[self._question], kind=given[self._kind], right=right, wrong=wrong,
                none=none,
            )  # fmt: skip
        return gr.update(visible=False)

    def _lesson(self, collection: Collection, lesson_id: str) -> Lesson:
        """What was taught under an id.

        Raises:
            InputError: There is no such thing any more.
        """
        documents, _ = self._documents(collection)
        found = (each for each in Taught(collection.taught).lessons(documents) if each.id == lesson_id)
        if (lesson := next(found, None)) is None:
            raise InputError("this question is not there any more; choose the tab again to see what is")
        return lesson


def _labelled(lesson: Lesson) -> dict[str, Place]:
    """The places of a lesson by what the form calls them."""
    labelled: dict[str, Place] = {}
    for verdict, places in (("right", lesson.answers or ()), ("wrong", lesson.wrong)):
        for place in places:
            label = place_label(verdict, place)
            # The same words may be right at two places of a document.
            labelled[label if label not in labelled else f"{label}: {place['sentence']}"] = place
    return labelled


def _left(places: tuple[Place, ...], out: list[Place], documents: Documents) -> list[Selection] | None:
    """Where the places stand that are left; None where all of them are.

    Raises:
        InputError: One of them does not stand in its document any more, so that it cannot be written down again.
    """
    if not any(place in out for place in places):
        return None
    left = []
    for place in places:
        if place not in out:
            if (at := place_at(place, documents)) is None:
                raise InputError(f"{place['quote'][:80]!r} does not stand in its document any more; untick it as well")
            left.append(at)
    return left


def _file_name(collection: Collection) -> str:
    return f"taught-{collection.id}.jsonl"


def build_taught(collections: Collections, chosen: gr.Dropdown) -> dict[str, Any]:
    """Lay the tab out, within the tab; returns the event that shows it anew, for when the tab is chosen."""
    return TaughtTab(collections, chosen).refresh
