"""``rag eval``: how good are the answers?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from rag import Assistant, EvidenceReader, Index, InputError, Retriever, SentenceTransformerEncoder

from .questions import Question, load_questions
from .squad import load_squad, sample
from .suite import DEPTH, Outcome, run, summarise
from .table import summary_table

SHIPPED_QUESTIONS = Path(__file__).parent / "questions" / "central-asia.jsonl"

EXAMPLES = """\
  rag eval                                             # the shipped questions on the shipped articles
  rag eval my-questions.jsonl --index my-index
  rag eval dev-v2.0.json --open --limit 500 --json     # any SQuAD file: all its paragraphs indexed
"""

Progress = Callable[[], AbstractContextManager[Callable[[str, int, int], None]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rag eval``, the index apart."""
    parser.add_argument(
        "file", nargs="?", type=Path, default=SHIPPED_QUESTIONS, metavar="FILE",
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
    parser.add_argument("--json", action="store_true", help="print the figures as one JSON object")


def evaluate(
    args: argparse.Namespace, open_assistant: Callable[[], Assistant], out: Console, progress: Progress
) -> int:
    """Ask, and print the figures; on Ctrl-C those of what was asked until then.

    Raises:
        InputError: The file is none that can be read.
    """
    if args.limit is not None and args.limit < 1:
        raise InputError(f"--limit is {args.limit}; it must be at least 1")
    with progress() as report:
        assistant, questions = _load(args, open_assistant, report)
        assistant = Assistant(assistant.retriever, assistant.reader, assistant.confidence, passages=DEPTH)
        questions = sample(questions, args.limit, args.seed)
        outcomes: list[Outcome] = []
        try:
            for outcome in run(assistant, questions, lambda done, total: report("asking", done, total)):
                outcomes.append(outcome)
        except KeyboardInterrupt:
            if not outcomes:
                raise
    summary = summarise(outcomes, args.seed)
    if args.json:
        print(json.dumps(asdict(summary), indent=2))
    else:
        counts = f"{summary.answerable} answerable and {summary.unanswerable} unanswerable questions"
        out.print(summary_table(summary, f"{args.file.name}: {counts}"))
    return 0


def _load(
    args: argparse.Namespace, open_assistant: Callable[[], Assistant], report: Callable[[str, int, int], None]
) -> tuple[Assistant, list[Question]]:
    if args.file.suffix == ".jsonl":
        assistant = open_assistant()
        return assistant, load_questions(args.file, assistant.retriever.index.documents)
    if not args.open:
        raise InputError(f"{args.file}: give --open, which indexes the paragraphs of the file, or a .jsonl file")
    documents, questions = load_squad(args.file)
    encoder = SentenceTransformerEncoder()
    index = Index.build(documents, encoder, report=report)
    return Assistant(Retriever(index, encoder), EvidenceReader(encoder, index.words.rarity)), questions
