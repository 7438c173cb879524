"""Command-line options of ``rag eval``."""

from __future__ import annotations

import argparse
from pathlib import Path

from rag import InputError
from rag.questions.schema import PARTS
from rag.questions.squad import check_limit

from .paths import SHIPPED_QUESTIONS

EXAMPLES = """\
  rag eval                                             # the shipped questions on the shipped articles
  rag eval --report report/                            # also write an HTML report: report/report.html
  rag eval my-questions.jsonl --index my-index
  rag eval eval/questions/table.jsonl                  # a table: the same questions of every document
  rag eval --baseline eval/baseline.json               # exit code 1 if a headline figure is significantly worse
  rag eval dev-v2.0.json --open --limit 500 --json     # any SQuAD file: all its paragraphs are indexed
  rag eval dev-v2.0.json --reading --predictions p.json --na-probs n.json    # for SQuAD's official scorer
  rag eval xquad.en.json --reading --without-articles-of train.json          # only articles not trained on
  rag eval xquad.en.json --open --reader my-reader --device cuda             # a reader of your own
  rag eval --sweep                                     # compare settings on the calibration part
  rag eval my-questions.jsonl --reader deepset/roberta-base-squad2 --calibrate my-reader    # then --reader my-reader
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of ``rag eval``, except those for index, reader and device."""
    parser.add_argument(
        "files", nargs="*", type=Path, default=[SHIPPED_QUESTIONS], metavar="FILE",
        help="question set or gold table: .jsonl about the index, or SQuAD-format .json or .json.gz or an evidence "
        "file, whose paragraphs replace the index; --reader and --device apply to both (default: the shipped "
        "questions)",
    )  # fmt: skip
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument(
        "--open", action="store_true",
        help="index all paragraphs of a SQuAD-format file in memory, and give only the question",
    )  # fmt: skip
    mode.add_argument("--reading", action="store_true", help="give the gold paragraph, to measure the reader alone")
    parser.add_argument(
        "--without-articles-of", type=Path, action="append", default=[], metavar="FILE",
        help="skip questions about articles whose title is in this SQuAD-format file, such as a training file; "
        "with --open, their paragraphs stay in the index (may be repeated)",
    )  # fmt: skip
    parser.add_argument(
        "--part", choices=(*PARTS, "all"),
        help="part of a split question set (default: test, or calibration with --sweep and --calibrate)",
    )  # fmt: skip
    parser.add_argument("--limit", type=int, metavar="N", help="ask N random questions")
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="random seed of --limit and the intervals (default: 0)"
    )
    parser.add_argument("--skip-bad", action="store_true", help="skip and list invalid questions instead of stopping")
    parser.add_argument(
        "--json", action="store_true",
        help="print the figures as JSON: one object per file, or with --sweep an array of its rows",
    )  # fmt: skip
    parser.add_argument("--report", type=Path, metavar="DIR", help="write report.html and results.json to DIR")
    parser.add_argument(
        "--baseline", type=Path, metavar="FILE",
        help="compare with the results.json of another run; exit code 1 if a headline figure is significantly worse",
    )  # fmt: skip
    parser.add_argument("--predictions", type=Path, metavar="FILE", help="write {id: answer or ''} in SQuAD's format")
    parser.add_argument("--na-probs", type=Path, metavar="FILE", help="write {id: no-answer probability} for SQuAD 2.0")
    parser.add_argument("--sweep", action="store_true", help="compare settings, changing one at a time")
    parser.add_argument(
        "--calibrate", type=Path, metavar="DIR",
        help="fit the probabilities to these questions, and write a reader with them to DIR (for --reader); of a split "
        "set, the calibration part is asked",
    )  # fmt: skip


def check_options(args: argparse.Namespace) -> None:
    """Check options that depend on each other.

    Raises:
        InputError: ``--limit`` is below 1, an option for a single run is given for several, or ``--calibrate`` is given
            for questions that it must not be fitted on.
    """
    check_limit(args.limit)
    if args.calibrate and args.reading:
        raise InputError("--calibrate: the passages must be searched for, as for a user; omit --reading")
    if args.calibrate and args.part in ("test", "all"):
        raise InputError("--calibrate: the test part is for measuring; omit --part")
    for option in ("report", "baseline", "predictions", "na_probs", "calibrate"):
        if getattr(args, option) and (len(args.files) > 1 or args.sweep):
            name = option.replace("_", "-")
            what = "--sweep; omit one of the two" if args.sweep else f"{len(args.files)} files; give one file at a time"
            raise InputError(f"--{name} is for a single run, not {what}")
