"""Evaluate collections in the background, one at a time, on questions with known answers."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rag.eval.reports.report import PLOTS
from rag.eval.scoring.measures import Figure
from rag.eval.scoring.results import Results
from rag.eval.scoring.suite import Trial, judge, run

from rag import Assistant, InputError, RagError
from rag.index import current_version
from rag.questions.schema import Question, load_questions
from rag.retrieval.retriever import check_question

from .collections import Collection

#: Seconds the exiting process waits for a running evaluation.
PATIENCE = 10.0

ASKING, MEASURING, DONE, STOPPED, FAILED = "asking", "measuring", "done", "stopped", "failed"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The usable questions of a file.

    Attributes:
        name: Name of the file.
        questions: Questions to ask: the test part if the file is split, else all.
        part: "test", or empty if the file is not split.
        left_open: Number of unlabelled questions, which are left out.
        left_out: Reasons why other questions are left out, one line each.
    """

    name: str
    questions: tuple[Question, ...]
    part: str
    left_open: int
    left_out: tuple[str, ...]


def read_question_set(path: Path, assistant: Assistant) -> QuestionSet:
    """Read the questions of a file that can be asked of an assistant; there may be none.

    Raises:
        InputError: The file cannot be read; named without its folder, which users of the page need not know.
    """
    faults: list[InputError] = []
    left_open: list[Question] = []
    found: list[Question] = []
    try:
        found = load_questions(path, assistant.index.documents, faults.append, left_open.append)
    except InputError as error:
        if not (faults or left_open):
            raise InputError(_without_folder(error, path)) from error
    part = "test" if any(question.part == "test" for question in found) else ""
    chosen = []
    for question in found:
        try:
            check_question(question.text, assistant.retriever.encoder)
        except InputError as error:
            faults.append(InputError(f"{path}: question {question.id}: {error}"))
        else:
            chosen += [question] if question.part == part or not part else []
    lines = tuple(_without_folder(fault, path) for fault in faults)
    return QuestionSet(path.name, tuple(chosen), part, len(left_open), lines)


@dataclass(frozen=True, slots=True)
class Report:
    """Results of an evaluation, their figures by key, and plots as SVG elements by title."""

    results: Results
    figures: Mapping[str, Figure]
    plots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """State of an evaluation.

    Attributes:
        state: ``asking``, ``measuring`` (computing the figures), ``done``, ``stopped`` or ``failed``.
        done: Questions asked so far.
        seconds_left: Estimated time until the last question is asked; None while unknown.
        report: Report once done, or once stopped after the first question.
        error: Reason of a failure.
    """

    state: str = ASKING
    done: int = 0
    seconds_left: float | None = None
    report: Report | None = None
    error: str = ""

    @property
    def ended(self) -> bool:
        """True once the state is final."""
        return self.state in (DONE, STOPPED, FAILED)


class Evaluation:
    """One run over a question set; only its own thread changes its state.

    Args:
        collection: Name of the collection.
        asked: Questions to ask.
        assistant: Assistant of the collection.
        version: Folder of the index version evaluated.
    """

    def __init__(self, collection: str, asked: QuestionSet, assistant: Assistant, version: Path) -> None:
        self.collection, self.asked, self.version = collection, asked, version
        self._assistant = assistant
        self._state = State()
        self._stopping = threading.Event()
        self._is_abandoned = False

    def state(self) -> State:
        """Current state."""
        return self._state

    def stop(self) -> None:
        """Ask no further question, and measure the answers so far."""
        self._stopping.set()

    def abandon(self) -> None:
        """Ask no further question, and measure nothing."""
        self._is_abandoned = True
        self._stopping.set()

    def run(self) -> None:
        """Ask all questions and measure the answers; return when the evaluation has ended."""
        try:
            trials = self._ask()
            if self._is_abandoned:
                return
            self._state = replace(self._state, state=MEASURING, seconds_left=None)
            report = self._report(trials) if trials else None
            ended = DONE if len(trials) == len(self.asked.questions) else STOPPED
            self._state = replace(self._state, state=ended, report=report)
        except RagError as error:
            self._state = replace(self._state, state=FAILED, error=str(error))
        finally:
            if not self._state.ended:
                error_text = "the evaluation ended before it was done; see the server's output, and start it again"
                self._state = replace(self._state, state=FAILED, error=error_text)

    def _ask(self) -> list[Trial]:
        trials: list[Trial] = []
        began, total = time.monotonic(), len(self.asked.questions)
        for trial in run(self._assistant, self.asked.questions):
            trials.append(trial)
            left = (time.monotonic() - began) / len(trials) * (total - len(trials))
            self._state = replace(self._state, done=len(trials), seconds_left=left)
            if self._stopping.is_set():
                break
        return trials

    def _report(self, trials: list[Trial]) -> Report:
        results = Results(
            file=self.asked.name,
            mode="index",
            part=self.asked.part,
            complete=len(trials) == len(self.asked.questions),
            left_out=self.asked.left_out,
            settings={},
            outcomes=tuple(map(judge, trials)),
        )
        return Report(results, results.figures(), {title: svg for title, plot in PLOTS if (svg := plot(results))})


class Evaluations:
    """Evaluations of a server: one runs at a time; the last one of each collection is kept."""

    def __init__(self) -> None:
        self._last: dict[str, Evaluation] = {}
        self._running: Evaluation | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # A daemon thread inside a model at interpreter shutdown aborts the process.
        atexit.register(self._end)

    def start(self, collection: Collection, asked: QuestionSet, assistant: Assistant) -> Evaluation:
        """Evaluate a collection.

        Raises:
            InputError: An evaluation is running already, or there is no question to ask.
        """
        if not asked.questions:
            raise InputError(f"there is no question in {asked.name} that can be asked of {collection.name!r}")
        with self._lock:
            if other := self.running():
                raise InputError(
                    f"an evaluation of {other.collection!r} is running already, {other.state().done:,} of "
                    f"{len(other.asked.questions):,} questions are done; wait until it has ended, or stop it"
                )
            evaluation = Evaluation(collection.name, asked, assistant, current_version(collection.index))
            self._running = self._last[collection.id] = evaluation
            self._thread = threading.Thread(target=evaluation.run, daemon=True, name="evaluation")
            self._thread.start()
        return evaluation

    def running(self) -> Evaluation | None:
        """The running evaluation, if any."""
        return self._running if self._running and not self._running.state().ended else None

    def of(self, collection_id: str) -> Evaluation | None:
        """A collection's last evaluation, which may still run; None if it had none since the server started."""
        return self._last.get(collection_id)

    def _end(self) -> None:
        """End the running evaluation when the process exits."""
        if (evaluation := self.running()) and self._thread:
            evaluation.abandon()
            self._thread.join(PATIENCE)


def _without_folder(error: InputError, path: Path) -> str:
    return str(error).replace(str(path), path.name)
