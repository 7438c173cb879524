"""``rag eval``: how good are the answers?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from rag import Assistant, Encoder, Index, InputError, Retriever, SentenceTransformerEncoder
from rag.retriever import check_question

from .questions import Question, load_questions
from .squad import check_limit, load_squad, sample
from .suite import DEPTH, Outcome, run, summarise
from .table import summary_table

SHIPPED_QUESTIONS = Path(__file__).parent / "questions" / "central-asia.jsonl"

EXAMPLES = """\
  rag eval                                             # the shipped questions on the shipped articles
  rag eval my-questions.jsonl --index my-index
  rag eval dev-v2.0.json --open --limit 500 --json     # any SQuAD file: all its paragraphs indexed
  rag eval a.json.gz b.json.gz --open                  # one table for each
"""

Report = Callable[[str, int, int], None]
Progress = Callable[[], AbstractContextManager[Report]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rag eval``, the index apart."""
    parser.add_argument(
        "files", nargs="*", type=Path, default=[SHIPPED_QUESTIONS], metavar="FILE",
        help="questions as .jsonl over the index, or a SQuAD-format .json or .json.gz (default: the shipped questions)",
    )  # fmt: skip
    parser.add_argument(
        "--open", action="store_true",
        help="index all paragraphs of a SQuAD-format file in memory and give the question alone",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, metavar="N", help="ask N questions drawn at random")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of that draw, and of the intervals (default: 0)"
    )
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, one object a file")


def evaluate(
    args: argparse.Namespace, open_assistant: Callable[[], Assistant], out: Console, progress: Progress
) -> int:
    """Ask, and print the figures of each file; when it is interrupted, those of what was asked until then.

    Raises:
        InputError: A file is none that can be read, or holds a question that cannot be asked.
        KeyboardInterrupt: After printing, so that nobody takes half the questions for all of them.
    """
    check_limit(args.limit)
    for path in args.files:
        outcomes: list[Outcome] = []
        try:
            with progress() as report:
                assistant, questions = _load(path, args, open_assistant, report)
                for outcome in run(assistant, questions, lambda done, total: report("asking", done, total)):
                    outcomes.append(outcome)
        finally:
            if outcomes:
                _show(path, outcomes, args, out)
    return 0


def _show(path: Path, outcomes: list[Outcome], args: argparse.Namespace, out: Console) -> None:
    summary = summarise(outcomes, args.seed)
    if args.json:
        print(json.dumps({"file": path.name, **asdict(summary)}, indent=2))
    else:
        counts = f"{summary.answerable} answerable and {summary.unanswerable} unanswerable questions"
        out.print(summary_table(summary, f"{path.name}: {counts}"))


def _load(
    path: Path, args: argparse.Namespace, open_assistant: Callable[[], Assistant], report: Report
) -> tuple[Assistant, list[Question]]:
    """An assistant over the documents of a file, and the questions to ask it, each known to be one it takes."""
    if path.suffix == ".jsonl":
        assistant = open_assistant()
        retriever, reader, confidence = assistant.retriever, assistant.reader, assistant.confidence
        questions = sample(load_questions(path, retriever.index.documents), args.limit, args.seed)
        _check(path, questions, retriever.encoder)
        return Assistant(retriever, reader, confidence, passages=DEPTH), questions
    if not args.open:
        raise InputError(f"{path}: give --open, which indexes the paragraphs of the file, or a .jsonl file")
    documents, questions = load_squad(path)
    questions = sample(questions, args.limit, args.seed)
    encoder = SentenceTransformerEncoder()
    _check(path, questions, encoder)
    retriever = Retriever(Index.build(documents, encoder, report=report), encoder)
    return Assistant(retriever, passages=DEPTH), questions


def _check(path: Path, questions: list[Question], encoder: Encoder) -> None:
    """Refuse a question that cannot be asked before the others are, not half way through them."""
    for question in questions:
        try:
            check_question(question.text, encoder)
        except InputError as error:
            raise InputError(f"{path}: question {question.id}: {error}") from error
