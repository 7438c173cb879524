"""How it stands load: ``python -m rag.eval.bench.load_test [--clients 50] [--seconds 60] [--indexing]``.

The real server, ``rag ui`` over the shipped articles in a process of its own, is asked by many clients at once through
the HTTP API of the page: each sends the next of the shipped questions as soon as it has an answer. Every answer is
compared with what the library says when it is asked alone; other words or another place are a wrong answer. With
``--indexing`` a second round follows, with ``rag index`` at work beside it, at low priority, on made-up documents.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from rag import Assistant, InputError, RagError, build_index
from rag.export.json import result_to_json
from rag.paths import shipped_corpus
from rag.questions.schema import load_questions

from ..command import SHIPPED_QUESTIONS
from ..scoring.metrics import percentile
from .index_update import make_folder

#: What ``rag`` is, whatever the PATH.
RAG = (sys.executable, "-c", "import sys; from rag.cli import main; sys.exit(main())")

#: All clients are one address here, so the limit for one is lifted.
NO_LIMIT = 1_000_000_000

#: Passages that are indexed, at most, in a second of a round; more than can be done.
INDEXED_PER_SECOND = 300

#: Seconds that a server may take to start, and an answer to come.
PATIENCE = 120.0

#: What of an answer must be the same: its words and where they stand; None where nothing was found.
Said = tuple[str, str, int, int] | None


@dataclass(frozen=True, slots=True)
class Load:
    """What a round came to.

    Attributes:
        clients: That asked at once.
        seconds: How long they asked.
        answers: How many came, wrong ones included.
        wrong: How many of them differ from the library's.
        errors: What went wrong instead, each once, with how often.
        p50, p95, p99: Seconds from asking to the answer.
        memory: Bytes that the server holds, at the start, after a third of the time, and at the end; empty where
            the system does not say.
    """

    clients: int
    seconds: float
    answers: int
    wrong: int
    errors: Mapping[str, int]
    p50: float
    p95: float
    p99: float
    memory: tuple[int, ...]

    @property
    def per_second(self) -> float:
        """Answers a second."""
        return self.answers / self.seconds


def said(result: Mapping[str, Any]) -> Said:
    """Of a result as JSON."""
    answer = result["answer"]
    return answer and (answer["text"], answer["document"], answer["start"], answer["end"])


def expected(assistant: Assistant, questions: Sequence[str]) -> dict[str, Said]:
    """What the library says to each question, asked alone."""
    return {question: said(result_to_json(assistant.ask(question))) for question in questions}


def measure(url: str, answers: Mapping[str, Said], clients: int, seconds: float, server: int | None = None) -> Load:
    """Ask a server for some time.

    Args:
        url: Where it serves.
        answers: The questions, and what is right.
        clients: How many ask at once.
        seconds: How long new questions are asked; those that are under way are waited for.
        server: Its process, whose memory is looked at.
    """
    return asyncio.run(_measure(url, answers, clients, seconds, server))


async def _measure(url: str, answers: Mapping[str, Said], clients: int, seconds: float, server: int | None) -> Load:
    questions = list(answers)
    took: list[float] = []
    errors: dict[str, int] = {}
    wrong, started = 0, 0.0

    async def client(number: int, http: httpx.AsyncClient) -> None:
        nonlocal wrong
        at = number * len(questions) // clients
        while time.perf_counter() - started < seconds:
            question = questions[at % len(questions)]
            at += 1
            asked = time.perf_counter()
            try:
                result = await ask(http, question)
            except (httpx.HTTPError, InputError) as error:
                what = str(error) or type(error).__name__
                errors[what] = errors.get(what, 0) + 1
            else:
                took.append(time.perf_counter() - asked)
                wrong += said(result) != answers[question]

    async def watch(held: list[int]) -> None:
        for share in (0, 1 / 3, 1):
            await asyncio.sleep(max(0, started + share * seconds - time.perf_counter()))
            if (now := memory(server)) is not None:
                held.append(now)

    held: list[int] = []
    async with httpx.AsyncClient(base_url=url, timeout=PATIENCE, limits=httpx.Limits(max_connections=None)) as http:
        started = time.perf_counter()
        await asyncio.gather(watch(held), *(client(number, http) for number in range(clients)))
    p50, p95, p99 = (percentile(share, took) if took else float("nan") for share in (50, 95, 99))
    return Load(clients, time.perf_counter() - started, len(took), wrong, errors, p50, p95, p99, tuple(held))


async def ask(http: httpx.AsyncClient, question: str) -> dict[str, Any]:
    """A result as JSON, by gradio's two steps: the question is sent, then the event with the answer is waited for.

    Raises:
        InputError: The server answers with an error, or not to the end.
        HTTPError: It cannot be reached, or refuses.
    """
    sent = await http.post("/gradio_api/call/ask", json={"data": [question, None, None]})
    sent.raise_for_status()
    event = ""
    async with http.stream("GET", f"/gradio_api/call/ask/{sent.json()['event_id']}") as stream:
        stream.raise_for_status()
        async for line in stream.aiter_lines():
            name, _, value = line.partition(": ")
            event = value if name == "event" else event
            if name == "data" and event == "complete":
                result: dict[str, Any] = json.loads(value)[0]
                return result
            if name == "data" and event == "error":
                raise InputError(f"the server answered with an error: {value}")
    raise InputError("the server hung up before it had answered")


def memory(process: int | None) -> int | None:
    """Bytes that a process holds in memory; None where the system does not say."""
    try:
        held = Path(f"/proc/{process}/status").read_text().partition("VmRSS:")[2].split()
    except OSError:
        return None
    return 1024 * int(held[0]) if held else None


@contextmanager
def serving(index: Path, requests_per_minute: int = NO_LIMIT) -> Iterator[tuple[str, int]]:
    """``rag ui`` over an index on a free port: its address, and its process.

    Raises:
        InputError: It does not start.
    """
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = ["ui", "--index", str(index), "--port", str(port), "--requests-per-minute", str(requests_per_minute)]
    server = subprocess.Popen([*RAG, *options], stdout=subprocess.DEVNULL)
    try:
        url = f"http://127.0.0.1:{port}"
        _wait(server, lambda: httpx.get(f"{url}/config").is_success)
        yield url, server.pid
    finally:
        server.terminate()
        server.wait()


@contextmanager
def indexing(passages: int) -> Iterator[None]:
    """``rag index`` at work on made-up documents, on one thread and at low priority.

    Raises:
        InputError: It was done, or broke off, before what is measured beside it was.
    """
    with tempfile.TemporaryDirectory() as place:
        make_folder(Path(place) / "documents", passages)
        command = ["index", f"{place}/documents", "--index", f"{place}/index"]
        nice = ["nice", "-n", "19"] if os.name == "posix" else []
        builder = subprocess.Popen(
            [*nice, *RAG, *command], env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            yield
            if builder.poll() is not None:
                raise InputError(f"indexing ended (exit code {builder.returncode}) before the round; ask for less time")
        finally:
            builder.terminate()
            builder.wait()


def _wait(server: subprocess.Popen[bytes], ready: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until and server.poll() is None:
        try:
            if ready():
                return
        except httpx.HTTPError:
            time.sleep(0.1)
    raise InputError("rag ui does not start; see what it printed")


def table(rounds: Mapping[str, Load]) -> Table:
    """The rounds beside each other."""
    shown = Table(box=None)
    shown.add_column("figure")
    rows: dict[str, Callable[[Load], str]] = {
        "clients": lambda load: f"{load.clients}",
        "seconds": lambda load: f"{load.seconds:.0f}",
        "answers": lambda load: f"{load.answers:,}",
        "wrong answers": lambda load: f"{load.wrong:,}",
        "errors": lambda load: f"{sum(load.errors.values()):,}",
        "answers a second": lambda load: f"{load.per_second:.1f}",
        "p50, s": lambda load: f"{load.p50:.2f}",
        "p95, s": lambda load: f"{load.p95:.2f}",
        "p99, s": lambda load: f"{load.p99:.2f}",
        "memory of the server at the start, after a third, at the end, MB": lambda load: ", ".join(
            f"{each / 1e6:,.0f}" for each in load.memory
        ),
    }
    for name in rounds:
        shown.add_column(name, justify="right")
    for figure, value in rows.items():
        shown.add_row(figure, *(value(load) for load in rounds.values()))
    return shown


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print a table or JSON; 1 where an answer was wrong or did not come, 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.load_test",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clients", type=int, default=50, metavar="N", help="that ask at once (default: 50)")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="of a round (default: 60)")
    parser.add_argument("--questions", type=int, metavar="N", help="ask the first N of the shipped ones (default: all)")
    parser.add_argument("--indexing", action="store_true", help="a second round, while an index is built beside it")
    parser.add_argument("--url", help="ask this server, which serves the shipped articles, instead of starting one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args(argv)
    try:
        rounds = run(args.clients, args.seconds, args.questions, args.indexing, args.url)
    except RagError as error:
        print(f"rag: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({name: {**asdict(load), "per_second": load.per_second} for name, load in rounds.items()}))
    else:
        Console(soft_wrap=True, highlight=False).print(table(rounds))
        for what in sorted({each for load in rounds.values() for each in load.errors}):
            print(f"error: {what}")
    return int(any(load.wrong or load.errors for load in rounds.values()))


def run(
    clients: int, seconds: float, questions: int | None = None, beside: bool = False, url: str | None = None
) -> dict[str, Load]:
    """The rounds by name.

    Raises:
        InputError: There is nobody or no time to ask, or the server does not start.
    """
    if clients < 1 or seconds <= 0 or (questions is not None and questions < 1):
        raise InputError("no clients, no time or no questions; take at least one of each")
    with tempfile.TemporaryDirectory() as place:
        index = Path(place)
        build_index(shipped_corpus(), index)
        assistant = Assistant.load(index)
        asked = load_questions(SHIPPED_QUESTIONS, assistant.index.documents)
        answers = expected(assistant, [question.text for question in asked[:questions]])
        with nullcontext((url, None)) if url else serving(index) as (address, process):
            # The first questions make room for the others.
            measure(address, answers, min(clients, 4), min(seconds, 5))
            rounds = {"alone": measure(address, answers, clients, seconds, process)}
            if beside:
                with indexing(int(INDEXED_PER_SECOND * seconds)):
                    rounds["while indexing"] = measure(address, answers, clients, seconds, process)
    return rounds


if __name__ == "__main__":
    sys.exit(main())
