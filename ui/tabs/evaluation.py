"""The tab of the evaluation: the suite, run on the questions of a collection, with its figures, plots and failures."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import gradio as gr
from rag.eval.scoring.results import Results
from rag.eval.scoring.suite import CAUSES

from rag import InputError, RagError
from rag.index import current_version

from ..services.collections import Collection, Collections
from ..services.evaluation_jobs import (
    ASKING,
    DONE,
    FAILED,
    MEASURING,
    Evaluation,
    Evaluations,
    QuestionSet,
    State,
    read_question_set,
)
from ..views.evaluation import LISTED, failures_html, report_html
from ..views.highlight import escape
from ..views.messages import counted, duration, sentence, told

#: Questions that can be asked: those that came with the collection, and those that its users taught.
CAME, TAUGHT = "came", "taught"

#: Seconds between two looks at an evaluation.
LOOK = 0.5

NOTHING_TAUGHT = (
    "There are no questions yet whose answers are known. Ask something under <b>Ask</b>, and say under the answer "
    "whether it is right, or select the right words in the document. Ten or twenty questions of your own "
    "already tell a lot."
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
        self._collections, self._chosen = collections, chosen
        self._evaluations = Evaluations()
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        gr.HTML(INTRODUCTION, elem_id="evaluation-introduction")
        self._which = gr.Radio(
            [("that came with the collection", CAME), ("that were taught", TAUGHT)], value=CAME, label="Questions",
            visible=False, elem_id="evaluation-which",
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
        private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
        found = [self._report, self._cause, self._failures]
        show = private | {
            "fn": self._show,
            "inputs": [self._chosen, self._which],
            "outputs": [self._which, self._about, self._start, self._status, *found],
        }
        follow = private | {"fn": self._follow, "outputs": [self._status, self._start, self._stop]}
        # What is shown in the end is what the page is about then, not what it was about in the beginning.
        begun = self._start.click(self._begin, [self._chosen, self._which], found, **private)
        for ended in (begun.success, begun.failure):
            ended(**follow).then(**show)
        self._stop.click(self._end, None, None, **private)
        self._which.input(**show)
        self._chosen.change(**show)
        self._cause.input(self._filter, [self._chosen, self._cause], self._failures, **private)
        if isinstance(tab := gr.context.Context.block, gr.Tab):
            tab.select(**show).then(**follow).then(**show)

    def _show(self, chosen: str, which: str) -> tuple[Any, ...]:
        """Which questions there are, and what the last evaluation of the collection found."""
        collection = self._collections.get(chosen)
        which = which if collection.questions else TAUGHT
        about, can_start = self._questions_html(collection, which)
        running = self._evaluations.running()
        last = self._evaluations.of(chosen)
        report = last.state().report if last else None
        return (
            gr.update(visible=collection.questions is not None),
            about,
            gr.update(interactive=can_start),
            gr.skip() if running else _ended_html(last, collection) if last else "",
            report_html(report) if report else "",
            _causes(report.results) if report else gr.update(visible=False),
            failures_html(report.results, chosen) if report else "",
        )

    def _questions_html(self, collection: Collection, which: str) -> tuple[str, bool]:
        """What would be asked, and whether there is anything."""
        path = _path(collection, which)
        if path is None or not path.exists():
            return f'<p class="hint">{NOTHING_TAUGHT}</p>', False
        try:
            asked = read_question_set(path, self._collections.assistant(collection.id))
        except RagError as error:
            return f'<p class="hint">{escape(sentence(error))}</p>', False
        return _asked_html(asked), bool(asked.questions)

    def _begin(self, chosen: str, which: str) -> tuple[Any, ...]:
        with told():
            collection, assistant = self._collections.get(chosen), self._collections.assistant(chosen)
            path = _path(collection, which if collection.questions else TAUGHT)
            if path is None or not path.exists():
                raise InputError("nothing was taught here yet; teach it some questions, and evaluate then")
            self._evaluations.start(collection, read_question_set(path, assistant), assistant)
        return "", gr.update(visible=False), ""

    async def _follow(self) -> AsyncIterator[tuple[Any, Any, Any]]:
        """How far the evaluation is that runs, whichever collection it asks, until it has ended."""
        before = None
        while evaluation := self._evaluations.running():
            state = evaluation.state()
            if state != before:
                can_stop = gr.update(visible=state.state == ASKING)
                yield _running_html(evaluation, state), gr.update(interactive=False), can_stop
            before = state
            await asyncio.sleep(LOOK)
        yield gr.skip(), gr.skip(), gr.update(visible=False)

    def _end(self) -> None:
        if evaluation := self._evaluations.running():
            evaluation.stop()

    def _filter(self, chosen: str, cause: str) -> str:
        last = self._evaluations.of(chosen)
        report = last.state().report if last else None
        return failures_html(report.results, chosen, cause) if report else ""


def _path(collection: Collection, which: str) -> Path | None:
    return collection.questions if which == CAME else collection.taught


def _asked_html(asked: QuestionSet) -> str:
    part = f" of the {asked.part} part" if asked.part else ""
    lines = [f"{counted(len(asked.questions), 'question')}{part} of <code>{escape(asked.name)}</code>."]
    if asked.left_open:
        lines.append(f"{counted(asked.left_open, 'question')} left out: nobody has said yet what answers them.")
    if asked.left_out:
        reasons = "".join(f"<li>{escape(line)}</li>" for line in asked.left_out[:LISTED])
        lines.append(
            f"<details><summary>{counted(len(asked.left_out), 'question')} left out: no longer fitting the documents"
            f"</summary><ul>{reasons}</ul></details>"
        )
    return f'<div class="quiet">{"".join(f"<p>{line}</p>" if line[0] != "<" else line for line in lines)}</div>'


def _running_html(evaluation: Evaluation, state: State) -> str:
    of, total = escape(evaluation.collection), len(evaluation.asked.questions)
    if state.state == MEASURING:
        return f'<p role="status">Working out the figures of <b>{of}</b>…</p>'
    left = f", {duration(state.seconds_left)} left" if state.seconds_left is not None else ""
    return (
        f"<p>Asking <b>{of}</b>: {state.done:,} of {counted(total, 'question')}{left}</p>"
        f'<progress max="{total}" value="{state.done}" aria-label="Questions asked"></progress>'
    )


def _ended_html(evaluation: Evaluation, collection: Collection) -> str:
    state, asked = evaluation.state(), evaluation.asked
    part = f" of the {asked.part} part" if asked.part else ""
    of = f"{part} of <code>{escape(asked.name)}</code>"
    if state.state == FAILED:
        return f'<p role="status">Not evaluated: {escape(state.error)}.</p>'
    if state.state == DONE:
        text = f"Asked: {counted(state.done, 'question')}{of}."
    else:
        text = f"Stopped after {state.done:,} of {counted(len(asked.questions), 'question')}{of}."
        text += " The figures are those of the questions that were asked." if state.done else ""
    if current_version(collection.index) != evaluation.version:
        text += " The documents have changed since; evaluate again."
    return f'<p role="status">{text}</p>'


def _causes(results: Results) -> Any:
    """The choice between the failures of each stage."""
    causes = {cause: count for cause, count in results.causes().items() if count}
    choices = [(f"all {sum(causes.values()):,}", "")]
    choices += [(f"{cause}, {count:,}: {CAUSES[cause]}", cause) for cause, count in causes.items()]
    return gr.update(visible=bool(causes), choices=choices, value="")


def build_evaluation(collections: Collections, chosen: gr.Dropdown) -> None:
    """Lay the tab out, within the tab."""
    EvaluationTab(collections, chosen)
