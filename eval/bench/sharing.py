"""Benchmark of a shared machine: ``python -m rag.eval.bench.sharing [--engines openvino,torch] [--questions 60]``.

Asks the first shipped questions in a process of its own: alone, beside a busy core, with a second process that asks the
same, and beside an indexing. A polite process should slow down only in proportion to its share of the cores. Ratios are
to the time alone, with the same engine in the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Assistant, InputError, RagError, build_index
from rag.embedding.engines.choice import OPENVINO, TORCH, VARIABLE
from rag.paths import shipped_corpus
from rag.questions.schema import load_questions

from ..paths import SHIPPED_QUESTIONS
from ..scoring.metrics import percentile
from .server import indexing

#: A process that keeps one core busy.
BUSY = (sys.executable, "-c", "while True: pass")

#: Passages to index: more than can be embedded during a measurement.
INDEXED = 50_000

READY = "ready"


@dataclass(frozen=True, slots=True)
class Asked:
    """Seconds that each question took, in one process or in several at once."""

    seconds: tuple[float, ...]

    @property
    def p50(self) -> float:
        """Median."""
        return statistics.median(self.seconds)

    @property
    def p95(self) -> float:
        """95th percentile."""
        return percentile(95, self.seconds)


def measure(index: Path, engine: str, questions: int) -> dict[str, Asked]:
    """The times of each situation, by its name.

    Args:
        index: Index of the shipped articles.
        engine: Value of ``RAG_ENGINE``.
        questions: Number of questions.

    Raises:
        InputError: A process does not start or fails, or the indexing ends too early.
    """
    situations: dict[str, tuple[Callable[[], AbstractContextManager[None]], int]] = {
        "alone": (nullcontext, 1),
        "beside a busy core": (_busy_core, 1),
        "two processes ask": (nullcontext, 2),
        "beside an indexing": (lambda: indexing(INDEXED), 1),
    }
    found = {}
    for name, (load, processes) in situations.items():
        with ExitStack() as stack:
            asking = [stack.enter_context(_asking(index, engine)) for _ in range(processes)]
            stack.enter_context(load())
            found[name] = _ask_all(asking, questions)
    return found


def _ask_all(processes: Sequence[subprocess.Popen[str]], questions: int) -> Asked:
    """Let processes that are ready ask at the same time."""
    for process in processes:
        assert process.stdin
        process.stdin.write(f"{questions}\n")
        process.stdin.flush()
    return Asked(tuple(each for process in processes for each in json.loads(_line(process))))


@contextmanager
def _asking(index: Path, engine: str) -> Iterator[subprocess.Popen[str]]:
    """A process that has loaded the index and answered a question."""
    process = subprocess.Popen(
        [sys.executable, "-m", "rag.eval.bench.sharing", "--ask", str(index)],
        env={**os.environ, VARIABLE: engine},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        if _line(process) != READY:
            raise InputError("a process that asks does not start; see its output")
        yield process
    finally:
        process.kill()
        process.communicate()


def _line(process: subprocess.Popen[str]) -> str:
    assert process.stdout
    line = process.stdout.readline()
    if not line:
        raise InputError(f"a process that asks failed (exit code {process.wait()}); see its output")
    return line.strip()


@contextmanager
def _busy_core() -> Iterator[None]:
    process = subprocess.Popen(BUSY)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def _ask(index: Path) -> None:
    """Body of a process that asks: says when it is ready, reads how many questions to ask, prints the time of each."""
    assistant = Assistant.load(index)
    questions = [question.text for question in load_questions(SHIPPED_QUESTIONS, assistant.index.documents)]
    assistant.ask(questions[-1])
    print(READY, flush=True)
    asked = questions[: int(input())]
    print(json.dumps([assistant.ask(question).seconds.total for question in asked]), flush=True)


def sharing_table(engines: Mapping[str, Mapping[str, Asked]]) -> Table:
    """One row for each engine and situation."""
    table = Table(box=None, pad_edge=False)
    for column in ("engine", "situation", "questions", "p50, s", "p95, s", "p50, ratio to alone"):
        table.add_column(column, justify="left" if column in ("engine", "situation") else "right")
    for engine, situations in engines.items():
        alone = situations["alone"].p50
        for name, asked in situations.items():
            ratio = asked.p50 / alone
            table.add_row(engine, name, str(len(asked.seconds)), f"{asked.p50:.2f}", f"{asked.p95:.2f}", f"{ratio:.2f}")
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the benchmark and print a table; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.sharing",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--engines", default=f"{OPENVINO},{TORCH}", metavar="NAMES", help="engines, with commas (default: %(default)s)"
    )
    parser.add_argument(
        "--questions", type=int, default=60, metavar="N", help="questions of each measurement (default: %(default)s)"
    )
    parser.add_argument("--ask", type=Path, help=argparse.SUPPRESS)  # what the processes are started with
    args = parser.parse_args(argv)
    try:
        if args.ask:
            _ask(args.ask)
            return 0
        if args.questions < 1:
            raise InputError("--questions must be positive; give a larger value")
        with tempfile.TemporaryDirectory() as folder:
            build_index(shipped_corpus(), folder)
            engines = {name: measure(Path(folder), name, args.questions) for name in args.engines.split(",")}
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    Console(soft_wrap=True, highlight=False).print(sharing_table(engines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
