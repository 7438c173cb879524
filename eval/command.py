"""``rag eval``: measure answer quality on question sets."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from rag import Assistant, InputError, Reader
from rag.index import Report
from rag.questions.schema import Question, raise_invalid
from rag.tables import PASSAGES
from rag.text.plural import counted
from rag.text.printable import printable

from .fitting.calibrate import calibrated, check_folder
from .fitting.calibrate import write as write_calibration
from .loading import QuestionSet, load_question_set
from .options import check_options
from .paths import SHIPPED_QUESTIONS, SHIPPED_TABLE
from .reports.report import write_report
from .reports.table import causes_table, changes_table, comparison_table, summary_table, sweep_table
from .scoring.gate import compare
from .scoring.results import Results, no_answer_probabilities, predictions, write_text
from .scoring.suite import DEPTH, Trial, judge, run, run_table
from .scoring.sweep import sweep

#: Table width when output is not a terminal, in characters.
PIPED_WIDTH = 200

Progress = Callable[[], AbstractContextManager[Report]]


@dataclass(frozen=True, slots=True)
class Consoles:
    """Standard output for figures, standard error for messages."""

    out: Console
    err: Console


def evaluate(
    args: argparse.Namespace, open_assistant: Callable[[], Assistant], consoles: Consoles, progress: Progress
) -> int:
    """Ask the questions of each file and print its figures; if interrupted, those of the questions asked so far.

    Returns:
        1 if a headline figure is significantly worse than the baseline's, else 0.

    Raises:
        InputError: A file or option is invalid, or a question cannot be asked.
        KeyboardInterrupt: Raised again after the partial figures are printed.
    """
    check_options(args)
    if args.calibrate:
        check_folder(args.calibrate)
    baseline = Results.read(args.baseline) if args.baseline else None
    code = 0
    for path in args.files:
        invalid: list[InputError] = []
        unlabelled: list[Question] = []
        with progress() as report:
            on_invalid = invalid.append if args.skip_bad else raise_invalid
            questions = load_question_set(
                path, args, open_assistant, report, on_invalid=on_invalid, on_unlabelled=unlabelled.append
            )
        if unlabelled:
            consoles.err.print(f"{path}: skipped {counted(len(unlabelled), 'unlabelled question')}")
        if invalid:
            consoles.err.print(f"{path}: skipped {counted(len(invalid), 'invalid question')}:")
            consoles.err.print("\n".join(f"  {printable(str(error))}" for error in invalid))
        if args.sweep:
            _sweep(questions, args, consoles, progress)
            continue
        results = _measure(questions, args, consoles, progress, [str(error) for error in invalid])
        if baseline and _is_worse(baseline, results, args, consoles):
            code = 1
    if args.files == [SHIPPED_QUESTIONS]:
        consoles.err.print(f"measure tables, too: rag eval {SHIPPED_TABLE}")
    return code


def _measure(
    question_set: QuestionSet, args: argparse.Namespace, consoles: Consoles, progress: Progress, left_out: Sequence[str]
) -> Results:
    trials: list[Trial] = []
    try:
        with progress() as report:

            def report_asked(done: int, total: int) -> None:
                report("asking", done, total)

            assistant, questions = question_set.assistant, question_set.questions
            if question_set.mode == "table":
                asked = run_table(assistant, questions, report_asked)
            else:
                asked = run(assistant, questions, question_set.mode == "reading", report_asked)
            for trial in asked:
                trials.append(trial)
    finally:
        results = Results(
            file=question_set.path.name,
            mode=question_set.mode,
            part=question_set.part,
            complete=len(trials) == len(question_set.questions),
            left_out=tuple(left_out),
            settings=_settings(question_set, args),
            outcomes=tuple(judge(trial) for trial in trials),
            seed=args.seed,
        )
        if trials:
            _show(results, trials, question_set.assistant, args, consoles)
    if args.calibrate:
        found = calibrated(question_set.assistant.confidence, trials)
        write_calibration(found, args.calibrate, args.reader, question_set.path.name)
        consoles.err.print(f"wrote {args.calibrate}: {found.in_words()}")
    return results


def _settings(question_set: QuestionSet, args: argparse.Namespace) -> dict[str, object]:
    assistant, retriever = question_set.assistant, question_set.assistant.retriever
    confidence = assistant.document_confidence if question_set.mode == "table" else assistant.confidence
    settings: dict[str, object] = {
        "version": version("rag"),
        "embedder": f"{retriever.encoder.name} ({retriever.encoder.fingerprint})",
        "chunking": asdict(retriever.index.settings),
        "fusion": asdict(retriever.fusion),
        "reader": _reader_name(assistant.reader),
        "hits given to the reader": PASSAGES if question_set.mode == "table" else assistant.passages,
        "threshold": confidence.threshold,
        "documents": len(retriever.index.documents),
        "passages": len(retriever.index.passages),
        "limit": args.limit,
        "seed": args.seed,
        "passages retrieved": DEPTH,
    }
    if args.without_articles_of:
        settings["without articles of"] = [path.name for path in args.without_articles_of]
    return settings


def _reader_name(reader: Reader) -> str:
    """The reader's class, with the fingerprint of its weights if it has one."""
    fingerprint = getattr(reader, "fingerprint", "")
    return type(reader).__name__ + f" ({fingerprint})" * bool(fingerprint)


def _show(
    results: Results, trials: list[Trial], assistant: Assistant, args: argparse.Namespace, consoles: Consoles
) -> None:
    if args.json:
        print(json.dumps(results.summary(), indent=2))
    else:
        _print(consoles.out, summary_table(results))
        consoles.out.print()
        _print(consoles.out, causes_table(results))
    for option, content in ((args.predictions, predictions), (args.na_probs, no_answer_probabilities)):
        if option:
            write_text(option, json.dumps(content(results.outcomes), ensure_ascii=False, indent=1) + "\n")
    if args.report:
        write_report(results, trials, assistant.index.documents, args.report)
        consoles.err.print(f"wrote {args.report / 'report.html'} and {args.report / 'results.json'}")


def _is_worse(baseline: Results, results: Results, args: argparse.Namespace, consoles: Consoles) -> bool:
    comparison = compare(baseline, results)
    console = consoles.err if args.json else consoles.out
    console.print()
    _print(console, comparison_table(comparison, args.baseline.name))
    for title, outcomes in (("fixed", comparison.fixed), ("broken", comparison.broken)):
        if outcomes:
            console.print()
            _print(console, changes_table(title, outcomes))
    return comparison.worse


def _sweep(question_set: QuestionSet, args: argparse.Namespace, consoles: Consoles, progress: Progress) -> None:
    retriever = question_set.assistant.retriever
    rows = []
    try:
        with progress() as report:
            documents = list(retriever.index.documents.values())
            for row in sweep(
                documents,
                question_set.questions,
                retriever.encoder,
                reader=args.reader,
                device=args.device,
                report=report,
                seed=args.seed,
            ):
                rows.append(row)
    finally:
        part = f", {question_set.part} part" if question_set.part else ""
        if rows and args.json:
            print(json.dumps([asdict(row) for row in rows], indent=2))
        elif rows:
            title = f"{question_set.path.name}{part}: {counted(len(question_set.questions), 'question')}"
            _print(consoles.out, sweep_table(rows, title))


def _print(console: Console, table: Table) -> None:
    """Print a table at terminal width, or wide enough for its rows if piped."""
    if not console.is_terminal:
        console = Console(file=console.file, width=PIPED_WIDTH, highlight=False, markup=False, emoji=False)
    console.print(table)
