"""The Feedback tab: the questions with feedback, which can be edited, deleted and saved."""

from __future__ import annotations

from typing import Any

import gradio as gr

from rag import InputError, RagError
from rag.questions.anchors import Documents, Place, Selection, find_place
from rag.questions.feedback import CONTRADICTION, Annotation, FeedbackFile
from rag.questions.schema import KINDS

from ..events import HIDE, HIDE_SENT, PRIVATE, drawing
from ..script import component_script, event_script, focus_script
from ..services.collections import Collection, Collections
from ..views.feedback import annotations_html, commands_html, place_label
from ..views.messages import error_messages, sentence

CLICKS = component_script("table", "remove", "edit")
SAVE_FILE = event_script("saveFile")

#: Where the focus moves: into the form, back to the row whose form it was, to the counts above the list.
TO_FORM, TO_LIST = focus_script("#feedback-question textarea"), focus_script("#feedback-counts")
TO_ROW = event_script("focusFeedback")


class FeedbackTab:
    """The components of the tab and their events.

    Args:
        collections: The collections of the page.
        chosen: The dropdown of the chosen collection.

    Attributes:
        refresh: The event that redraws the tab, for when it is selected.
    """

    def __init__(self, collections: Collections, chosen: gr.Dropdown) -> None:
        self._collections, self._chosen = collections, chosen
        self._lay_out()
        shown = [self._table, self._find, self._saving, self._commands]
        self.refresh = drawing(self._show, [chosen, self._find], shown)
        self._connect()

    def _lay_out(self) -> None:
        with gr.Column(visible=False, elem_id="feedback-edit") as self._form:
            self._question = gr.Textbox(label="Question", lines=1, max_lines=4, elem_id="feedback-question")
            self._kind = gr.Dropdown(list(KINDS), label="Question type", filterable=False, elem_id="feedback-kind")
            self._places = gr.CheckboxGroup(
                [], label="Answers", elem_id="feedback-places",
                info="Untick what is no longer right. To add other words, ask again and select them in the document.",
            )  # fmt: skip
            self._none = gr.Checkbox(label="No document answers this", elem_id="feedback-none")
            with gr.Row():
                self._save = gr.Button("Save", variant="primary", scale=0, min_width=100)
                self._cancel = gr.Button("Cancel", scale=0, min_width=100)
        self._find = gr.Textbox(label="Find a question", elem_id="feedback-find", visible=False)
        self._table = gr.HTML(elem_id="feedback-table", js_on_load=CLICKS)
        with gr.Column(visible=False, elem_id="feedback-saving") as self._saving:
            self._export = gr.Button("Save as JSON Lines", scale=0, min_width=160, elem_id="feedback-export")
            self._commands = gr.HTML(elem_id="feedback-commands")
        self._edited, self._id, self._sent = gr.State(None), gr.Textbox(visible="hidden"), gr.Textbox(visible="hidden")
        self._file = [gr.Textbox(visible="hidden") for _ in range(2)]

    def _connect(self) -> None:
        self._chosen.change(None, None, self._form, js=HIDE, **PRIVATE).then(**self.refresh)
        self._find.change(**self.refresh | {"trigger_mode": "always_last"})
        saved = self._export.click(self._export_file, self._chosen, self._file, **PRIVATE)
        saved.success(None, self._file, None, js=SAVE_FILE, **PRIVATE)
        removed = self._table.remove(self._remove, self._chosen, self._sent, **PRIVATE)
        removed.success(**self.refresh).then(None, None, None, js=TO_LIST, **PRIVATE)
        form = [self._edited, self._id, self._question, self._kind, self._places, self._none, self._form]
        opened = self._table.edit(self._edit, self._chosen, form, **PRIVATE)
        opened.success(None, None, None, js=TO_FORM, **PRIVATE)
        inputs = {self._chosen, self._edited, self._question, self._kind, self._places, self._none}
        stored = gr.on([self._save.click, self._question.submit], self._store, inputs, self._sent, **PRIVATE)
        stored.success(**self.refresh).then(None, self._id, None, js=TO_ROW, **PRIVATE)
        for sent in (removed, stored):
            sent.success(None, [self._id, self._sent], self._form, js=HIDE_SENT, **PRIVATE)
        self._cancel.click(None, None, self._form, js=HIDE, **PRIVATE).then(None, self._id, None, js=TO_ROW, **PRIVATE)

    def _show(self, chosen: str, query: str | None) -> tuple[Any, ...]:
        with error_messages():
            collection = self._collections.get(chosen)
            documents, fault = self._documents(collection)
            annotations = FeedbackFile(collection.taught).annotations(documents)
        some = gr.update(visible=bool(annotations))
        table = annotations_html(annotations, (query or "").strip(), fault)
        return table, some, some, commands_html(collection, _file_name(collection))

    def _documents(self, collection: Collection) -> tuple[Documents, str]:
        """The documents, or none and the reason why they cannot be opened."""
        try:
            return self._collections.assistant(collection.id).index.documents, ""
        except RagError as error:
            return {}, sentence(error)

    def _export_file(self, chosen: str) -> tuple[str, str]:
        with error_messages():
            collection = self._collections.get(chosen)
            try:
                return _file_name(collection), collection.taught.read_bytes().decode()
            except FileNotFoundError:
                raise InputError(
                    "there is no feedback to save; say under an answer whether it is right, then save"
                ) from None
            except (OSError, UnicodeDecodeError) as error:
                raise InputError(f"{collection.taught.name}: cannot be read ({error}); repair the file") from error

    def _remove(self, chosen: str, event: gr.EventData) -> str:
        annotation_id = str(event.annotation)
        with error_messages():
            FeedbackFile(self._collections.teachable(chosen).taught).delete(annotation_id)
        return annotation_id

    def _edit(self, chosen: str, event: gr.EventData) -> tuple[Any, ...]:
        with error_messages():
            annotation = self._annotation(self._collections.teachable(chosen), str(event.annotation))
        places = _labelled(annotation)
        return (
            annotation,
            annotation.id,
            annotation.text,
            annotation.kind if annotation.kind in KINDS else None,
            gr.update(choices=list(places), value=list(places), visible=bool(places)),
            annotation.answers == (),
            gr.update(visible=True),
        )

    def _store(self, values: dict[Any, Any], request: gr.Request) -> str:
        """Save the form, and return the id of its feedback; what others have added since it was opened is kept."""
        edited: Annotation | None = values[self._edited]
        none = bool(values[self._none])
        with error_messages():
            if edited is None:
                raise InputError("no question is being edited; press Edit beside one")
            collection = self._collections.teachable(values[self._chosen])
            annotation = self._annotation(collection, edited.id)
            removed = [place for label, place in _labelled(edited).items() if label not in values[self._places]]
            if none and any(place not in removed for place in annotation.answers or ()):
                raise InputError(CONTRADICTION)
            documents, _ = self._documents(collection)
            right, wrong = (
                _remaining(places, removed, documents) for places in (annotation.answers or (), annotation.wrong)
            )
            if annotation.answers == () and not none:
                right = []
            FeedbackFile(collection.taught).edit(
                annotation.id,
                documents,
                question=values[self._question],
                kind=values[self._kind],
                right=right,
                wrong=wrong,
                unanswerable=none,
                by=request.username or "",
            )
        return annotation.id

    def _annotation(self, collection: Collection, annotation_id: str) -> Annotation:
        """The feedback with an id.

        Raises:
            InputError: It is gone.
        """
        documents, _ = self._documents(collection)
        found = (each for each in FeedbackFile(collection.taught).annotations(documents) if each.id == annotation_id)
        if (annotation := next(found, None)) is None:
            raise InputError("this question is gone; select the tab again to refresh the list")
        return annotation


def _labelled(annotation: Annotation) -> dict[str, Place]:
    """The right and wrong places of a question, by their labels in the form."""
    labelled: dict[str, Place] = {}
    for verdict, places in (("right", annotation.answers or ()), ("wrong", annotation.wrong)):
        for place in places:
            label = place_label(verdict, place)
            # The same words may be right at two places in a document.
            labelled[label if label not in labelled else f"{label}: {place['sentence']}"] = place
    return labelled


def _remaining(places: tuple[Place, ...], removed: list[Place], documents: Documents) -> list[Selection] | None:
    """The places that were not removed, found in the documents; None if none was removed.

    Raises:
        InputError: A place is no longer in its document, so it cannot be saved again.
    """
    if not any(place in removed for place in places):
        return None
    remaining = []
    for place in places:
        if place not in removed:
            if (found := find_place(place, documents)) is None:
                raise InputError(f"{place['quote'][:80]!r} is no longer in its document; untick it as well")
            remaining.append(found)
    return remaining


def _file_name(collection: Collection) -> str:
    return f"feedback-{collection.id}.jsonl"


def build_feedback(collections: Collections, chosen: gr.Dropdown) -> dict[str, Any]:
    """Build the tab inside an open ``gr.Tab``; returns ``FeedbackTab.refresh``."""
    return FeedbackTab(collections, chosen).refresh
