"""Background evaluation of collections on questions with known answers, one collection at a time."""

from __future__ import annotations

import atexit
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rag.eval.reports.report import PLOTS
from rag.eval.scoring.bootstrap import Figure
from rag.eval.scoring.results import Results
from rag.eval.scoring.suite import Trial, judge, run

from rag import Assistant, InputError, RagError
from rag.index import current_version
from rag.index.milvus import public_text
from rag.questions.schema import Question, load_questions
from rag.retrieval.retriever import check_question

from .collections import Collection

#: Seconds that the exiting process waits for a running evaluation.
EXIT_TIMEOUT = 10.0

#: Says nothing of the running evaluation: the account may not see its collection.
BUSY = "another evaluation is running; evaluations run one at a time, so wait until it has ended"

ASKING, MEASURING, DONE, STOPPED, FAILED = "asking", "measuring", "done", "stopped", "failed"


@dataclass(frozen=True, slots=True)
class QuestionSet:
    """The usable questions of a file.

    Attributes:
        name: Name of the file.
        questions: Questions to ask: the test part if the file has one, else all.
        part: "test" if the file has a test part, else empty.
        unlabelled: Number of unlabelled questions, which are left out.
        left_out: For each invalid question, one line with the reason why it is left out.
    """

    name: str
    questions: tuple[Question, ...]
    part: str
    unlabelled: int
    left_out: tuple[str, ...]


def read_question_set(path: Path, assistant: Assistant) -> QuestionSet:
    """Read the questions of a file that an assistant can be asked; there may be none.

    Raises:
        InputError: The file cannot be read. The message leaves out its folder, which is private to the server.
    """
    invalid: list[InputError] = []
    unlabelled: list[Question] = []
    labelled: list[Question] = []
    try:
        labelled = load_questions(path, assistant.index.documents, invalid.append, unlabelled.append)
    except InputError as error:
        # A file without any usable question is an error to the loader, but not to the page, which lists the reasons.
        if not (invalid or unlabelled):
            raise InputError(_without_folder(error, path)) from error
    part = "test" if any(question.part == "test" for question in labelled) else ""
    chosen = []
    for question in labelled:
        try:
            check_question(question.text, assistant.retriever.encoder)
        except InputError as error:
            invalid.append(InputError(f"{path}: question {question.id}: {error}"))
        else:
            if not part or question.part == part:
                chosen.append(question)
    left_out = tuple(_without_folder(error, path) for error in invalid)
    return QuestionSet(path.name, tuple(chosen), part, len(unlabelled), left_out)


@dataclass(frozen=True, slots=True)
class Report:
    """Results of an evaluation, the figures by key, and the plots by title, each an SVG element."""

    results: Results
    figures: Mapping[str, Figure]
    plots: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class State:
    """State of an evaluation.

    Attributes:
        state: ``asking``, ``measuring`` (computing the figures), ``done``, ``stopped`` or ``failed``.
        done: Number of questions answered.
        seconds_left: Estimated time until the last question is answered; None if unknown.
        report: The report, once ``done``, or ``stopped`` after at least one question.
        error: Why it failed, else empty.
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
    """One run over a question set; only the thread of ``run`` changes its state.

    Args:
        collection: The collection.
        question_set: Questions to ask.
        assistant: Assistant of the collection.
        version: Folder of the evaluated index version.
    """

    def __init__(self, collection: Collection, question_set: QuestionSet, assistant: Assistant, version: Path) -> None:
        self.collection, self.question_set, self.version = collection, question_set, version
        self._assistant = assistant
        self._state = State()
        self._stopping = threading.Event()
        self._is_abandoned = False

    def state(self) -> State:
        """Current state."""
        return self._state

    def stop(self) -> None:
        """Ask no more questions, and measure the answers so far."""
        self._stopping.set()

    def abandon(self) -> None:
        """Ask no more questions, and measure nothing."""
        self._is_abandoned = True
        self._stopping.set()

    def run(self) -> None:
        """Ask all questions and measure the answers."""
        try:
            trials = self._ask()
            if self._is_abandoned:
                return
            self._state = replace(self._state, state=MEASURING, seconds_left=None)
            report = self._report(trials) if trials else None
            ended = DONE if len(trials) == len(self.question_set.questions) else STOPPED
            self._state = replace(self._state, state=ended, report=report)
        except RagError as error:
            self._state = replace(self._state, state=FAILED, error=public_text(error))
        finally:
            if not self._state.ended:
                error_text = "the evaluation ended before it was done; see the server's output, and start it again"
                self._state = replace(self._state, state=FAILED, error=error_text)

    def _ask(self) -> list[Trial]:
        trials: list[Trial] = []
        began, total = time.monotonic(), len(self.question_set.questions)
        for trial in run(self._assistant, self.question_set.questions):
            trials.append(trial)
            left = (time.monotonic() - began) / len(trials) * (total - len(trials))
            self._state = replace(self._state, done=len(trials), seconds_left=left)
            if self._stopping.is_set():
                break
        return trials

    def _report(self, trials: list[Trial]) -> Report:
        results = Results(
            file=self.question_set.name,
            mode="index",
            part=self.question_set.part,
            complete=len(trials) == len(self.question_set.questions),
            left_out=self.question_set.left_out,
            settings={},
            outcomes=tuple(map(judge, trials)),
        )
        return Report(results, results.figures(), {title: svg for title, plot in PLOTS if (svg := plot(results))})


class Evaluations:
    """The evaluations of a server: at most one running, and the last one of each collection."""

    def __init__(self) -> None:
        self._last: dict[str, Evaluation] = {}
        self._running: Evaluation | None = None
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        # The process would abort if the interpreter shut down while the thread runs a model.
        atexit.register(self._end)

    def start(self, collection: Collection, question_set: QuestionSet, assistant: Assistant) -> Evaluation:
        """Start to evaluate a collection in the background.

        Raises:
            InputError: An evaluation is running already, or there is no question to ask.
        """
        if not question_set.questions:
            raise InputError(
                f"{question_set.name}: there is no question that can be asked of {collection.name!r}; add some"
            )
        with self._lock:
            if self.running():
                raise InputError(BUSY)
            evaluation = Evaluation(collection, question_set, assistant, current_version(collection.index))
            self._running = self._last[collection.id] = evaluation
            self._thread = threading.Thread(target=evaluation.run, daemon=True, name="evaluation")
            self._thread.start()
        return evaluation

    def running(self) -> Evaluation | None:
        """The running evaluation, if any."""
        return self._running if self._running and not self._running.state().ended else None

    def last(self, collection_id: str) -> Evaluation | None:
        """A collection's last evaluation, running or ended; None if there was none since the server started."""
        return self._last.get(collection_id)

    def forget(self, collection_id: str) -> None:
        """Abandon and forget the evaluations of a collection that has been deleted; another one may get its id."""
        with self._lock:
            self._last.pop(collection_id, None)
            if (running := self.running()) and running.collection.id == collection_id:
                running.abandon()

    def _end(self) -> None:
        """Abandon the running evaluation and wait for its thread."""
        if (evaluation := self.running()) and self._thread:
            evaluation.abandon()
            self._thread.join(EXIT_TIMEOUT)


def _without_folder(error: InputError, path: Path) -> str:
    return str(error).replace(str(path), path.name)
