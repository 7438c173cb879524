"""``rag train``: fit the reader on questions with known answers."""

from __future__ import annotations

import argparse
import shlex
import sys
from collections.abc import Mapping
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING

from ..embedding.encoder import DEFAULT_ENCODER, model_folder
from ..errors import InputError
from ..index import Index
from ..paths import shipped_reader
from ..reading.windows import WindowMaker
from ..text.printable import printable
from ..types import Document
from .common import add_command, add_index_option, err, progress_bars, ready_index

if TYPE_CHECKING:
    from ..training.loop import Point, Recipe
    from .common import Subparsers

EXAMPLES = """\
  rag train dev-v2.0.json --out my-reader              # SQuAD 1.1 or 2.0, .json or .json.gz; interrupted: once more
  rag train corrections.jsonl --from shipped --epochs 2 --out my-reader    # learn from corrections of the answers
  rag ask --reader my-reader "Who signed the contract?"
"""

SHIPPED = Path("shipped")

#: Fields of the recipe that are options.
HELP = {
    "epochs": "passes over the questions",
    "rate": "highest learning rate",
    "negatives": "unanswerable examples of each kind made for every answerable one",
    "most": "questions of one passage in one epoch",
    "window": "tokens that are read at once",
    "tokens": "tokens of a batch",
    "seed": "of all draws",
}


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag train``."""
    parser = add_command(subparsers, "train", "fit the reader on questions with known answers", EXAMPLES)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="SQuAD-format .json or .json.gz, or questions about the index as .jsonl",
    )  # fmt: skip
    parser.add_argument("--out", type=Path, required=True, metavar="DIR", help="folder for weights, settings and card")
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="DIR", help="reader to train further; `shipped`: the one that ships"
    )
    parser.add_argument(
        "--held-back", type=int, default=8, metavar="N",
        help="articles at the end of each file that are kept out of training, to measure on (default: 8)",
    )  # fmt: skip
    parser.add_argument("--device", default="", metavar="NAME", help="cpu or cuda (default: cuda where there is one)")
    parser.add_argument("--skip-bad", action="store_true", help="leave bad questions out, and say which and how many")
    parser.add_argument(
        "--licence", action="append", default=[], metavar="FILE=TEXT", help="licence of a file, for the model card"
    )
    from ..training.loop import Recipe

    for field in fields(Recipe):
        if field.name in HELP:
            parser.add_argument(
                f"--{field.name}", type=type(field.default), default=field.default, metavar="N",
                help=f"{HELP[field.name]} (default: {field.default})",
            )  # fmt: skip
    add_index_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, measure, and write the folder."""
    import torch

    from ..questions.schema import Question, refuse
    from ..reading.model import WEIGHTS
    from ..training import model_card
    from ..training.examples import load, split
    from ..training.loop import Recipe, Trainer
    from ..training.measure import read_all
    from ..training.network import hardware

    recipe = Recipe(**{name: getattr(args, name) for name in HELP})
    device = args.device or ("cuda" if torch.cuda.is_available() else "cpu")
    licences = _licences(args.licence)
    args.out.mkdir(parents=True, exist_ok=True)
    bad: list[InputError] = []
    left_open: list[Question] = []

    def documents() -> Mapping[str, Document]:
        return Index.open(ready_index(args)).documents

    maker = WindowMaker.load(model_folder(DEFAULT_ENCODER), recipe.window)
    told = bad.append if args.skip_bad else refuse
    parts = split(load(args.files, documents, maker, told, left_open.append), args.held_back)
    start = shipped_reader() if args.start == SHIPPED else args.start
    before = model_card.start(start)
    if left_open:
        err.print(f"{len(left_open)} questions left out: nobody has said yet what answers them")
    if bad:
        err.print(f"{len(bad)} bad questions left out:")
        err.print("\n".join(f"  {printable(str(error))}" for error in bad))
    err.print(
        f"{len(parts.training.examples):,} questions to learn from, {len(parts.development.examples):,} to watch by, "
        f"{len(parts.test.examples):,} to measure on; {hardware(device)}"
    )
    with progress_bars() as report:
        trainer = Trainer(
            parts, recipe, args.out, device=device, start=start, tell=report, reached=lambda p: _show(p, recipe)
        )
        trainer.run()
        description = trainer.save(args.out / WEIGHTS)
        figures = read_all(args.out / WEIGHTS, model_card.by_file(args.files, parts.test), report)
    model_card.write(
        model_card.Run(
            command=shlex.join(["rag", *sys.argv[1:]]),
            start=before,
            recipe=recipe,
            files=model_card.files(args.files, parts, licences),
            description=description,
            hours=trainer.seconds / 3600,
            hardware=hardware(device),
            curve=trainer.curve,
            figures=figures,
        ),
        args.out,
    )
    trainer.forget()
    err.print(f"wrote {args.out / WEIGHTS}, {model_card.SETTINGS} and {model_card.CARD}")
    return 0


def _show(point: Point, recipe: Recipe) -> None:
    reading = point.reading
    reached = (
        f"; development articles: exact match {reading.exact_match.value:.3f}, F1 {reading.f1.value:.3f}, "
        f"AUROC {reading.auroc.value:.3f}"
        if reading
        else ""
    )
    err.print(f"epoch {point.epoch} of {recipe.epochs}: loss {point.loss:.3f}{reached}")


def _licences(given: list[str]) -> dict[str, str]:
    found = {}
    for each in given:
        name, equals, text = each.partition("=")
        if not equals:
            raise InputError(f"--licence {each!r} has no '='; give the file's name, '=', and its licence")
        found[name] = text
    return found
