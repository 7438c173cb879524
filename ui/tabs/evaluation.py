"""The Evaluate tab: run the suite on a collection; show its figures, plots and failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import gradio as gr
from rag.eval.scoring.suite import CAUSES

from rag import InputError, RagError
from rag.errors import IndexFolderError
from rag.index import current_version

from ..events import CLEAR, POLL_INTERVAL, PRIVATE, drawing
from ..services.collections import Collection, Collections
from ..services.evaluation_jobs import (
    ASKING,
    BUSY,
    Evaluation,
    Evaluations,
    read_question_set,
)
from ..views.evaluation import (
    ended_html,
    failures_html,
    introduction_html,
    no_questions_html,
    question_set_html,
    report_html,
    running_html,
)
from ..views.messages import error_messages, sentence
from ..views.result import message_html

#: The question sets to choose from: the one included with the collection, and the one made of feedback.
INCLUDED, FEEDBACK = "included", "feedback"


class EvaluationTab:
    """The components of the tab and their events.

    Args:
        collections: The collections of the page.
        evaluations: Their evaluations.
        chosen: The dropdown of the chosen collection.
    """

    def __init__(self, collections: Collections, evaluations: Evaluations, chosen: gr.Dropdown) -> None:
        self._collections, self._evaluations, self._chosen = collections, evaluations, chosen
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        gr.HTML(introduction_html(), elem_id="evaluation-introduction")
        self._which = gr.Radio(
            [("included with the collection", INCLUDED), ("from feedback", FEEDBACK)], value=INCLUDED,
            label="Questions", visible=False, elem_id="evaluation-which",
        )  # fmt: skip
        self._about = gr.HTML(elem_id="evaluation-about")
        with gr.Row(elem_id="evaluation-buttons"):
            self._start = gr.Button("Evaluate", variant="primary", scale=0, min_width=140, elem_id="evaluation-start")
            self._stop = gr.Button("Stop", scale=0, min_width=100, visible=False, elem_id="evaluation-stop")
        self._status = gr.HTML(elem_id="evaluation-status")
        self._report = gr.HTML(elem_id="evaluation-report")
        self._cause = gr.Radio([("all", "")], value="", label="Failures", visible=False, elem_id="evaluation-cause")
        self._failures = gr.HTML(elem_id="evaluation-failures")

    def _connect(self) -> None:
        unlimited = PRIVATE | {"concurrency_limit": None}
        found = [self._report, self._cause, self._failures]
        shown = [self._which, self._about, self._start, self._status, *found]
        show = drawing(self._show, [self._chosen, self._which, self._cause], shown)
        follow = unlimited | {"fn": self._follow, "outputs": [self._status, self._start, self._stop]}
        # At the end, show the collection that is chosen by then.
        begun = self._start.click(self._begin, [self._chosen, self._which], found, **unlimited)
        for ended in (begun.success, begun.failure):
            ended(**follow).then(**show)
        self._stop.click(self._stop_evaluation, None, None, **unlimited)
        self._which.input(**show)
        self._chosen.change(None, None, self._cause, js=CLEAR, **PRIVATE).then(**show)
        # Drawn as a whole, so that a list for the stage chosen before, if it comes late, is dropped.
        self._cause.input(**show)
        if isinstance(tab := gr.context.Context.block, gr.Tab):
            tab.select(**show).then(**follow).then(**show)

    def _show(self, chosen: str, which: str, cause: str) -> tuple[Any, ...]:
        """The questions, and the report of the collection's last evaluation, with the failures of the chosen cause."""
        with error_messages():
            collection = self._collections.get(chosen)
        which = which if collection.questions else FEEDBACK
        about, can_start = self._questions_html(collection, which)
        running = self._evaluations.running()
        last = self._evaluations.last(chosen)
        report = last.state().report if last else None
        causes = {each: count for each, count in report.results.causes().items() if count} if report else {}
        cause = cause if cause in causes else ""
        return (
            gr.update(visible=collection.questions is not None),
            about,
            gr.update(interactive=can_start),
            gr.skip() if running else _ended_html(last, collection) if last else "",
            report_html(report) if report else "",
            _cause_choices(causes, cause),
            failures_html(report.results, chosen, cause) if report else "",
        )

    def _questions_html(self, collection: Collection, which: str) -> tuple[str, bool]:
        """The question set as HTML, and whether it has any questions."""
        path = _path(collection, which)
        if path is None or not path.exists():
            return no_questions_html(), False
        try:
            questions = read_question_set(path, self._collections.assistant(collection.id))
        except RagError as error:
            return message_html(sentence(error)), False
        return question_set_html(questions), bool(questions.questions)

    def _begin(self, chosen: str, which: str) -> tuple[Any, ...]:
        with error_messages():
            collection, assistant = self._collections.get(chosen), self._collections.assistant(chosen)
            path = _path(collection, which if collection.questions else FEEDBACK)
            if path is None or not path.exists():
                raise InputError("there are no questions yet; give feedback on some answers first")
            self._evaluations.start(collection, read_question_set(path, assistant), assistant)
        return "", gr.update(visible=False, value=""), ""

    async def _follow(self) -> AsyncIterator[tuple[Any, Any, Any]]:
        """The progress of the running evaluation, of whichever collection, until it has ended."""
        shown = None
        while evaluation := self._evaluations.running():
            state = evaluation.state()
            if state != shown:
                is_visible = self._is_visible(evaluation)
                can_stop = gr.update(visible=is_visible and state.state == ASKING)
                html = running_html(evaluation, state) if is_visible else message_html(sentence(InputError(BUSY)))
                yield html, gr.update(interactive=False), can_stop
            shown = state
            await asyncio.sleep(POLL_INTERVAL)
        yield gr.skip(), gr.skip(), gr.update(visible=False)

    def _stop_evaluation(self) -> None:
        if (evaluation := self._evaluations.running()) and self._is_visible(evaluation):
            evaluation.stop()

    def _is_visible(self, evaluation: Evaluation) -> bool:
        collection_id = evaluation.collection.id
        # Another evaluation is the last one, or none, if the collection was deleted meanwhile.
        return self._collections.find(collection_id) is not None and self._evaluations.last(collection_id) is evaluation


def _path(collection: Collection, which: str) -> Path | None:
    return collection.questions if which == INCLUDED else collection.taught


def _ended_html(evaluation: Evaluation, collection: Collection) -> str:
    try:
        is_outdated = current_version(collection.index) != evaluation.version
    except IndexFolderError:
        is_outdated = True
    return ended_html(evaluation, is_outdated)


def _cause_choices(causes: Mapping[str, int], chosen: str) -> Any:
    """The choices of the failures by stage.

    Args:
        causes: Number of failures by stage.
        chosen: The stage that is chosen; empty for all.
    """
    choices = [(f"all {sum(causes.values()):,}", "")]
    choices += [(f"{cause}, {count:,}: {CAUSES[cause]}", cause) for cause, count in causes.items()]
    return gr.update(visible=bool(causes), choices=choices, value=chosen)


def build_evaluation(collections: Collections, evaluations: Evaluations, chosen: gr.Dropdown) -> None:
    """Build the tab inside an open ``gr.Tab``."""
    EvaluationTab(collections, evaluations, chosen)
