"""HTTP load test: ``python -m rag.eval.bench.load_test [--server ui|serve] [--clients 50] [--indexing]``.

Starts a server over the shipped articles and asks it the shipped questions, from many clients at once; each client
sends its next question as soon as it has an answer. Answers are compared with those of the library. With
``--indexing``, a second round runs while synthetic documents are indexed at low priority.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Assistant, InputError, RagError, build_index
from rag.paths import shipped_corpus
from rag.questions.schema import load_questions

from ..paths import SHIPPED_QUESTIONS
from .load_client import Ask, Load, ask_api, ask_page, expected_answers, measure
from .server import indexing, serving

#: Passages to index per second of a round: more than can be done, so that indexing outlasts the round.
INDEXED_PER_SECOND = 300

#: How to ask each server.
ASK: dict[str, Ask] = {"ui": ask_page, "serve": ask_api}


def table(rounds: Mapping[str, Load]) -> Table:
    """The rounds side by side."""
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
        "server memory at start, after 1/3, at end, MB": lambda load: ", ".join(
            f"{each / 1e6:,.0f}" for each in load.memory
        ),
    }
    for name in rounds:
        shown.add_column(name, justify="right")
    for figure, value in rows.items():
        shown.add_row(figure, *(value(load) for load in rounds.values()))
    return shown


def main(argv: Sequence[str] | None = None) -> int:
    """Run the test and print a table or JSON; returns 1 if an answer was wrong or missing, 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.load_test",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--clients", type=int, default=50, metavar="N", help="concurrent clients (default: 50)")
    parser.add_argument("--seconds", type=float, default=60, metavar="S", help="duration of a round (default: 60)")
    parser.add_argument(
        "--questions", type=int, metavar="N", help="use only the first N shipped questions (default: all)"
    )
    parser.add_argument("--indexing", action="store_true", help="add a round while another index is built")
    parser.add_argument(
        "--server", choices=list(ASK), default="ui", help="command that starts the server (default: %(default)s)"
    )
    parser.add_argument("--url", help="test this server, which serves the shipped articles, instead of starting one")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    args = parser.parse_args(argv)
    try:
        rounds = run(args.clients, args.seconds, args.questions, args.indexing, args.url, server=args.server)
    except RagError as error:
        print(f"rag: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps({name: {**asdict(load), "per_second": load.per_second} for name, load in rounds.items()}))
    else:
        Console(soft_wrap=True, highlight=False).print(table(rounds))
        for message in sorted({message for load in rounds.values() for message in load.errors}):
            print(f"error: {message}")
    return int(any(load.wrong or load.errors for load in rounds.values()))


def run(
    clients: int,
    seconds: float,
    questions: int | None = None,
    with_indexing: bool = False,
    url: str | None = None,
    *,
    server: str = "ui",
) -> dict[str, Load]:
    """Run the rounds; returns their figures by name.

    Args:
        clients: Number of concurrent clients.
        seconds: Duration of a round.
        questions: Number of questions; all if None.
        with_indexing: Add a round while another index is built.
        url: Address of a running server; if None, one is started.
        server: Its command, ``ui`` or ``serve``.

    Raises:
        InputError: An argument is below its minimum, or the server does not start.
    """
    if clients < 1 or seconds <= 0 or (questions is not None and questions < 1):
        raise InputError("--clients, --seconds and --questions must be positive; give larger values")
    with tempfile.TemporaryDirectory() as folder:
        index = Path(folder)
        build_index(shipped_corpus(), index)
        assistant = Assistant.load(index)
        shipped = load_questions(SHIPPED_QUESTIONS, assistant.index.documents)
        answers = expected_answers(assistant, [question.text for question in shipped[:questions]])
        with nullcontext((url, None)) if url else serving(index, command=server) as (address, process):
            # Warm up, so that memory and latency are those of a running server.
            measure(address, answers, min(clients, 4), min(seconds, 5), ask=ASK[server])
            rounds = {"alone": measure(address, answers, clients, seconds, process=process, ask=ASK[server])}
            if with_indexing:
                with indexing(int(INDEXED_PER_SECOND * seconds)):
                    rounds["while indexing"] = measure(
                        address, answers, clients, seconds, process=process, ask=ASK[server]
                    )
    return rounds


if __name__ == "__main__":
    sys.exit(main())
