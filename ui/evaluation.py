"""The tab of the evaluation: the suite, run on the questions of a collection, with its figures, plots and failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import gradio as gr
from rag.eval.suite import CAUSES

from rag import RagError
from rag.index import current_version

from .collections import Collections
from .evaluating import DONE, FAILED, MEASURING, Evaluation, Evaluations, QuestionSet, State, read_question_set
from .figures import counted, failures_html, report_html
from .highlight import escape
from .told import sentence, told

#: Questions that can be asked: those that came with the collection, and those that its users taught.
CAME, TAUGHT = "came", "taught"

#: Seconds between two looks at an evaluation.
LOOK = 0.5

NOTHING_TAUGHT = (
    "There are no questions yet whose answers are known. Ask something under <b>Ask</b>, and say under the answer whether "
    "it is right, or select the right words in the document. Ten or twenty questions of your own already tell a lot."
)

INTRODUCTION = (
    '<p class="quiet">How good are the answers? Questions whose answers are known are asked one after the other, and '
    "what is answered is compared with the words that are right, as <code>rag eval</code> does.</p>"
)


class EvaluationTab:
    """The components of the tab, and what happens between them.

    Args:
        collections: Which there are.
        chosen: The dropdown that says which collection the page is about.
    """

    def __init__(self, collections: Collections, chosen: gr.Dropdown) -> None:
        self._collections, self._evaluations = collections, Evaluations()
        gr.HTML(INTRODUCTION, elem_id="evaluation-introduction")
        which = gr.Radio(
            [("that came with the collection", CAME), ("that were taught", TAUGHT)], value=CAME, label="Questions",
            visible=False, elem_id="evaluation-which",
        )  # fmt: skip
        about = gr.HTML(elem_id="evaluation-about")
        with gr.Row(elem_id="evaluation-buttons"):
            start = gr.Button("Evaluate", variant="primary", scale=0, min_width=140, elem_id="evaluation-start")
            stop = gr.Button("Stop", scale=0, min_width=100, visible=False, elem_id="evaluation-stop")
        status = gr.HTML(elem_id="evaluation-status")
        report = gr.HTML(elem_id="evaluation-report")
        cause = gr.Radio([("all", "")], value="", label="Failures", visible=False, elem_id="evaluation-cause")
        failures = gr.HTML(elem_id="evaluation-failures")
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        about_set: dict[str, Any] = {"fn": self._about, "inputs": [chosen, which], "outputs": [which, about, start]}
        followed: dict[str, Any] = {"fn": self._follow, "outputs": [status, start, stop]}
        shown: dict[str, Any] = {"fn": self._show, "inputs": chosen, "outputs": [status, report, cause, failures]}
        #: What the page does when the tab is chosen.
        self.refresh = about_set | private
        self._follows = [followed | private, shown | private]
        start.click(self._start, [chosen, which], None, **private).then(**self._follows[0]).then(**self._follows[1])
        stop.click(self._stop, None, None, **private)
        which.input(**self.refresh)
        chosen.change(**self.refresh).then(**self._follows[1])
        cause.input(self._failures, [chosen, cause], failures, **private)
        self.follow = self._follows

    def _about(self, chosen: str, which: str) -> tuple[Any, Any, Any]:
        """Which questions there are, and whether they can be asked now."""
        collection = self._collections.get(chosen)
        which = which if collection.questions else TAUGHT
        path = collection.questions if which == CAME else collection.taught
        is_free = self._evaluations.running() is None
        choice = gr.update(visible=collection.questions is not None)
        if path is None or not path.exists():
            return choice, f'<p class="hint">{NOTHING_TAUGHT}</p>', gr.update(interactive=False)
        try:
            asked = read_question_set(path, self._collections.assistant(chosen))
        except RagError as error:
            return choice, f'<p class="hint">{escape(sentence(error))}</p>', gr.update(interactive=False)
        return choice, _about_html(asked, which), gr.update(interactive=bool(asked.questions) and is_free)
