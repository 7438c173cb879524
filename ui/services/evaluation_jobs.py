"""Evaluations beside the server: one at a time, in a thread of its own, on questions whose answers are known."""

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

#: Seconds that the end of the process waits for one to end.
PATIENCE = 10.0

ASKING, MEASURING, DONE, STOPPED, FAILED = "asking", "measuring", "done", "stopped", "failed"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The questions of a file, as far as they can be asked.

    Attributes:
        name: Of the file.
        questions: What is asked: the test part where the file is split.
        part: "test", or empty where the file is not split.
        left_open: How many are left out because nobody has said yet what answers them.
        left_out: Why others are left out, a line each.
    """

    name: str
    questions: tuple[Question, ...]
    part: str
    left_open: int
    left_out: tuple[str, ...]


def read_question_set(path: Path, assistant: Assistant) -> QuestionSet:
    """The questions of a file that can be asked of an assistant; there may be none.

    Raises:
        InputError: The file cannot be read; names it without its folder, which is nobody's business in a browser.
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
    """What an evaluation found: the results, their figures by key, and the plots as SVG elements by their titles."""

    results: Results
    figures: Mapping[str, Figure]
    plots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """How far an evaluation is.

    Attributes:
        state: ``asking``, ``measuring`` (working out the figures), ``done``, ``stopped`` or ``failed``.
        done: Questions that were asked.
        seconds_left: Estimated of the asking; None where nothing can be said yet.
        report: Once it is done, or stopped after the first question.
        error: Why it failed.
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
    """One run over a question set. Its thread alone changes its state.

    Args:
        collection: The name of what is asked.
        asked: What it is asked.
        assistant: Who is asked.
        version: Of the index that is asked.
    """

    def __init__(self, collection: str, asked: QuestionSet, assistant: Assistant, version: Path) -> None:
        self.collection, self.asked, self.version = collection, asked, version
        self._assistant = assistant
        self._state = State()
        self._stopping = threading.Event()
        self._is_wanted = True

    def state(self) -> State:
        """How far it is now."""
        return self._state

    def stop(self) -> None:
        """Ask no further question; what was asked so far is measured."""
        self._stopping.set()

    def abandon(self) -> None:
        """Ask no further question, and measure nothing."""
        self._is_wanted = False
        self._stopping.set()

    def run(self) -> None:
        """Do it, and return when it has ended."""
        try:
            trials = self._ask()
            if not self._is_wanted:
                return
            self._state = replace(self._state, state=MEASURING, seconds_left=None)
            report = self._report(trials) if trials else None
            ended = DONE if len(trials) == len(self.asked.questions) else STOPPED
            self._state = replace(self._state, state=ended, report=report)
        except RagError as error:
            self._state = replace(self._state, state=FAILED, error=str(error))
        finally:
            if not self._state.ended:
                error_text = "the evaluation ended before it was done; see what the server printed, and start it again"
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
    """The evaluations of a server: one runs, the last one of each collection is kept."""

    def __init__(self) -> None:
        self._last: dict[str, Evaluation] = {}
        self._running: Evaluation | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # Python takes the ground from under a thread that is deep in a model when it ends, and the process aborts.
        atexit.register(self._end)

    def start(self, collection: Collection, asked: QuestionSet, assistant: Assistant) -> Evaluation:
        """Evaluate a collection.

        Raises:
            InputError: One is running already, or there is no question to ask.
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
        """The one that runs now."""
        return self._running if self._running and not self._running.state().ended else None

    def of(self, collection_id: str) -> Evaluation | None:
        """The last one of a collection, which may still run; None where there was none since the server was started."""
        return self._last.get(collection_id)

    def _end(self) -> None:
        """End with the process."""
        if (evaluation := self.running()) and self._thread:
            evaluation.abandon()
            self._thread.join(PATIENCE)


def _without_folder(error: InputError, path: Path) -> str:
    return str(error).replace(str(path), path.name)
