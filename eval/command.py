"""``rag eval``: how good are the answers?"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Assistant, Encoder, Index, InputError, Retriever, SentenceTransformerEncoder
from rag.questions.schema import PARTS, Bad, Open, Question, load_questions, refuse
from rag.questions.squad import check_limit, load_squad, sample
from rag.retrieval.retriever import check_question
from rag.text.printable import printable

from .reports.report import write_report
from .reports.table import causes_table, comparison_table, summary_table, sweep_table, turned_table
from .scoring.gate import compare
from .scoring.results import Results, no_answer_probabilities, predictions, write_text
from .scoring.suite import DEPTH, Trial, judge, run
from .scoring.sweep import sweep

SHIPPED_QUESTIONS = Path(__file__).parent / "questions" / "central-asia.jsonl"

#: The results of the shipped test part as they are meant to be; ``CONTRIBUTING.md`` says how to move it.
BASELINE = Path(__file__).parent / "baseline.json"

EXAMPLES = """\
  rag eval                                             # the shipped questions on the shipped articles
  rag eval --report report/                            # and a page to look at: report/report.html
  rag eval my-questions.jsonl --index my-index
  rag eval --baseline eval/baseline.json               # exit code 1 where a headline figure is significantly worse
  rag eval dev-v2.0.json --open --limit 500 --json     # any SQuAD file: all its paragraphs indexed
  rag eval dev-v2.0.json --reading --predictions p.json --na-probs n.json    # for SQuAD's official scorer
  rag eval --sweep                                     # what other settings would do, on the calibration part
"""

#: Columns of a table that nobody looks at in a terminal.
PIPED_WIDTH = 200

Report = Callable[[str, int, int], None]
Progress = Callable[[], AbstractContextManager[Report]]


@dataclass(frozen=True, slots=True)
class Consoles:
    """Where figures go, and where everything else does."""

    out: Console
    err: Console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rag eval``, the index apart."""
    parser.add_argument(
        "files", nargs="*", type=Path, default=[SHIPPED_QUESTIONS], metavar="FILE",
        help="questions as .jsonl over the index, or a SQuAD-format .json or .json.gz (default: the shipped questions)",
    )  # fmt: skip
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--open", action="store_true",
        help="index all paragraphs of a SQuAD-format file in memory and give the question alone",
    )  # fmt: skip
    how.add_argument("--reading", action="store_true", help="give the gold paragraph: how good is the reader alone?")
    parser.add_argument(
        "--part", choices=(*PARTS, "all"),
        help="which part of a set that is split (default: test; calibration for --sweep)",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, metavar="N", help="ask N questions drawn at random")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="of that draw, and of the intervals (default: 0)"
    )
    parser.add_argument("--skip-bad", action="store_true", help="leave bad questions out, and say which and how many")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, one object a file")
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.html and results.json there")
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE",
        help="compare with the results.json of another run; exit code 1 where a headline figure is significantly worse",
    )  # fmt: skip
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write {id: answer}, empty for none, as SQuAD")
    parser.add_argument("--na-probs", type=Path, metavar="FILE", help="write {id: probability of no answer}, as SQuAD")
    parser.add_argument("--sweep", action="store_true", help="compare settings, one changed at a time")


def evaluate(
    args: argparse.Namespace, open_assistant: Callable[[], Assistant], consoles: Consoles, progress: Progress
) -> int:
    """Ask, and print the figures of each file; when it is interrupted, those of what was asked until then.

    Returns:
        1 where a headline figure is significantly worse than the baseline's, else 0.

    Raises:
        InputError: A file is none that can be read, or holds a question that cannot be asked.
        KeyboardInterrupt: After printing, so that nobody takes half the questions for all of them.
    """
    _check(args)
    baseline = Results.read(args.baseline) if args.baseline else None
    code = 0
    for path in args.files:
        left_out: list[InputError] = []
        left_open: list[Question] = []
        with progress() as report:
            bad = left_out.append if args.skip_bad else refuse
            asked = _load(path, args, open_assistant, report, bad=bad, left_open=left_open.append)
        if left_open:
            consoles.err.print(f"{path}: {len(left_open)} questions left out: nobody has said yet what answers them")
        if left_out:
            consoles.err.print(f"{path}: {len(left_out)} bad questions left out:")
            consoles.err.print("\n".join(f"  {printable(str(error))}" for error in left_out))
        if args.sweep:
            _sweep(asked, args, consoles, progress)
            continue
        results = _ask(asked, args, consoles, progress, [str(error) for error in left_out])
        if baseline and _is_worse(baseline, results, args, consoles):
            code = 1
    return code


@dataclass(frozen=True, slots=True)
class _Asked:
    """A question set, and who is asked."""

    path: Path
    assistant: Assistant
    questions: list[Question]
    mode: str
    part: str


def _check(args: argparse.Namespace) -> None:
    check_limit(args.limit)
    for option in ("report", "baseline", "predictions", "na_probs"):
        if getattr(args, option) and (len(args.files) > 1 or args.sweep):
            what = "--sweep" if args.sweep else f"{len(args.files)} files"
            raise InputError(f"--{option.replace('_', '-')} is about one run, not {what}; give one file at a time")


def _load(
    path: Path,
    args: argparse.Namespace,
    open_assistant: Callable[[], Assistant],
    report: Report,
    *,
    bad: Bad,
    left_open: Open,
) -> _Asked:
    """An assistant over the documents of a file, and the questions to ask it, each known to be one it takes."""
    if path.suffix == ".jsonl":
        if args.open:
            raise InputError(f"{path}: --open is for SQuAD-format files; a .jsonl file asks about the index")
        assistant = open_assistant()
        questions = load_questions(path, assistant.index.documents, bad, left_open)
        questions, part = _part(path, questions, args)
        mode = "reading" if args.reading else "index"
    else:
        if not (args.open or args.reading):
            raise InputError(
                f"{path}: give --open, which indexes its paragraphs, or --reading, which gives the gold one; "
                "or name a .jsonl file"
            )
        documents, questions = load_squad(path, bad)
        encoder = SentenceTransformerEncoder()
        part, mode = "", "reading" if args.reading else "open"
        assistant = Assistant(Retriever(Index.build(documents, encoder, report=report), encoder))
    questions = _askable(path, questions, assistant.retriever.encoder, bad)
    return _Asked(path, assistant, sample(questions, args.limit, args.seed), mode, part)


def _part(path: Path, questions: list[Question], args: argparse.Namespace) -> tuple[list[Question], str]:
    """The questions of the part that is asked for, and which that is."""
    if not any(question.part for question in questions):
        if args.part not in (None, "all"):
            raise InputError(f"{path}: its questions are not split, so there is no {args.part} part")
        return questions, ""
    part = args.part or ("calibration" if args.sweep else "test")
    chosen = [question for question in questions if part in ("all", question.part)]
    if not chosen:
        raise InputError(f"{path}: there is no question of the {part} part in it")
    return chosen, "" if part == "all" else part


def _askable(path: Path, questions: list[Question], encoder: Encoder, bad: Bad) -> list[Question]:
    """Those that can be asked; one that cannot is named before any is asked, not half way through them."""
    askable = []
    for question in questions:
        try:
            check_question(question.text, encoder)
        except InputError as error:
            bad(InputError(f"{path}: question {question.id}: {error}"))
        else:
            askable.append(question)
    if not askable:
        raise InputError(f"{path}: there is no question in it that can be asked")
    return askable


def _ask(
    asked: _Asked, args: argparse.Namespace, consoles: Consoles, progress: Progress, left_out: Sequence[str]
) -> Results:
    trials: list[Trial] = []
    try:
        with progress() as report:
            told = lambda done, total: report("asking", done, total)  # noqa: E731
            for trial in run(asked.assistant, asked.questions, asked.mode == "reading", told):
                trials.append(trial)
    finally:
        results = Results(
            file=asked.path.name,
            mode=asked.mode,
            part=asked.part,
            complete=len(trials) == len(asked.questions),
            left_out=tuple(left_out),
            settings=_settings(asked.assistant, args),
            outcomes=tuple(judge(trial) for trial in trials),
            seed=args.seed,
        )
        if trials:
            _show(results, trials, asked.assistant, args, consoles)
    return results


def _settings(assistant: Assistant, args: argparse.Namespace) -> dict[str, object]:
    retriever = assistant.retriever
    return {
        "version": version("rag"),
        "embedder": f"{retriever.encoder.name} ({retriever.encoder.fingerprint})",
        "chunking": asdict(retriever.index.settings),
        "fusion": asdict(retriever.fusion),
        "reader": type(assistant.reader).__name__,
        "hits given to the reader": assistant.passages,
        "threshold": assistant.confidence.threshold,
        "documents": len(retriever.index.documents),
        "passages": len(retriever.index.passages),
        "limit": args.limit,
        "seed": args.seed,
        "passages retrieved": DEPTH,
    }


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
    where = consoles.err if args.json else consoles.out
    where.print()
    _print(where, comparison_table(comparison, args.baseline.name))
    for title, outcomes in (("turned right", comparison.turned_right), ("turned wrong", comparison.turned_wrong)):
        if outcomes:
            where.print()
            _print(where, turned_table(title, outcomes))
    return comparison.worse


def _sweep(asked: _Asked, args: argparse.Namespace, consoles: Consoles, progress: Progress) -> None:
    retriever = asked.assistant.retriever
    rows = []
    try:
        with progress() as report:
            documents = list(retriever.index.documents.values())
            for row in sweep(documents, asked.questions, retriever.encoder, report=report, seed=args.seed):
                rows.append(row)
    finally:
        part = f", {asked.part} part" if asked.part else ""
        if rows and args.json:
            print(json.dumps([asdict(row) for row in rows], indent=2))
        elif rows:
            _print(consoles.out, sweep_table(rows, f"{asked.path.name}{part}: {len(asked.questions)} questions"))


def _print(console: Console, table: Table) -> None:
    """A table as wide as the terminal; where it is piped, wide enough for its rows."""
    if not console.is_terminal:
        console = Console(file=console.file, width=PIPED_WIDTH, highlight=False, markup=False, emoji=False)
    console.print(table)
