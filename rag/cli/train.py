"""``rag train``: train the reader on questions with known answers."""

from __future__ import annotations

import argparse
import re
import shlex
import sys
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..embedding.encoder import DEFAULT_ENCODER
from ..embedding.engines.torch_engine import torch_device
from ..errors import InputError
from ..index import Index
from ..paths import shipped_reader
from ..questions.schema import Question, raise_invalid
from ..reading.weights import ENGLISH, WEIGHTS, base_model, tokenizer_folder
from ..reading.windows import WindowMaker
from ..text.plural import counted
from ..text.printable import printable
from ..training.examples import load, sample, split
from ..training.network import hardware
from ..training.recipe import Recipe
from ..types import Document
from .common import add_command, add_index_option, err, ready_index
from .progress import progress_bars

if TYPE_CHECKING:
    from ..training.loop import Point
    from .common import Subparsers

EXAMPLES = """\
  rag train dev-v2.0.json --out my-reader              # SQuAD 1.1 or 2.0, .json or .json.gz; rerun to resume
  rag train corrections.jsonl --from shipped --epochs 2 --out my-reader    # from feedback on answers
  rag ask --reader my-reader "Who signed the contract?"
"""

SHIPPED = Path("shipped")

#: Articles of each file kept out of training.
HELD_BACK = 8

#: Help of the options that set fields of ``Recipe``, by field.
RECIPE_HELP = {
    "epochs": "number of passes over the questions",
    "rate": "peak learning rate",
    "decay": "share of the steps, at the end, during which the learning rate falls to 0",
    "frozen": "number of lowest layers to leave untrained",
    "negatives": "unanswerable questions to generate per answerable one, of each of two kinds",
    "excerpts": "share of the questions to train on a few sentences around the answer, not the whole passage",
    "most": "maximum number of questions per passage in an epoch",
    "window": "tokens per window",
    "tokens": "tokens per batch, padding included",
    "evidence": "weight of the evidence loss",
    "hours": "time limit in hours, by which the learning rate falls to 0; 0 for none",
    "seed": "random seed",
}


def add_parser(subparsers: Subparsers) -> None:
    """Add ``rag train``."""
    parser = add_command(subparsers, "train", "train the reader on questions with known answers", EXAMPLES)
    parser.add_argument(
        "files", nargs="+", type=Path, metavar="FILE",
        help="SQuAD-format file (.json, .json.gz), evidence file (.jsonl, .jsonl.gz), or question set about the index "
        "(.jsonl)",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="output folder for weights, settings and model card"
    )
    parser.add_argument(
        "--base", default=DEFAULT_ENCODER, metavar="NAME|PATH",
        help="encoder to start from, with a fast tokenizer: a folder, or a name on the Hugging Face hub (default: "
        f"{DEFAULT_ENCODER})",
    )  # fmt: skip
    parser.add_argument(
        "--from", dest="start", type=Path, metavar="DIR",
        help="folder of a reader to train further, or `shipped` for the shipped one; replaces --base",
    )  # fmt: skip
    parser.add_argument(
        "--teacher", type=Path, metavar="DIR",
        help="folder of a larger reader to learn from, too: its probabilities are mixed into the targets (knowledge "
        "distillation)",
    )  # fmt: skip
    parser.add_argument(
        "--language", type=_language, metavar="CODE",
        help="language of the questions, an ISO 639 code such as en or de; only a reader for en refuses questions in "
        "other languages (default: that of --from, else en)",
    )  # fmt: skip
    parser.add_argument(
        "--held-back", action="append", default=[], metavar="N|FILE=N",
        help="keep the last N articles of each file, or of FILE, out of training, and measure on them; repeatable "
        f"(default: {HELD_BACK})",
    )  # fmt: skip
    parser.add_argument(
        "--sample", action="append", default=[], metavar="FILE=N",
        help="train on N questions of FILE, chosen at random; repeatable (default: on all)",
    )  # fmt: skip
    parser.add_argument(
        "--quantize", action="store_true",
        help="write the weights as 8-bit integers, which take half the space on disk and a quarter of the memory",
    )  # fmt: skip
    parser.add_argument("--device", default="", metavar="NAME", help="cpu or cuda (default: cuda if available)")
    parser.add_argument("--skip-bad", action="store_true", help="skip and list invalid questions instead of stopping")
    parser.add_argument(
        "--licence", action="append", default=[], metavar="FILE=TEXT",
        help="licence of a training file, for the model card; repeatable",
    )  # fmt: skip
    for field in fields(Recipe):
        if field.name in RECIPE_HELP:
            parser.add_argument(
                f"--{field.name}", type=type(field.default), default=field.default, metavar="N",
                help=f"{RECIPE_HELP[field.name]} (default: {field.default})",
            )  # fmt: skip
    add_index_option(parser)
    parser.set_defaults(run=run)


def run(args: argparse.Namespace) -> int:
    """Train, measure and write the output folder."""
    # torch, and SciPy for the figures, take seconds to import; the other commands start without them.
    import torch

    from ..training import model_card
    from ..training.loop import Trainer
    from ..training.measure import read_all

    recipe = Recipe(**{name: getattr(args, name) for name in RECIPE_HELP})
    device = torch_device(args.device or ("cuda" if torch.cuda.is_available() else "cpu"))
    licences = _of_files("--licence", args.licence, args.files, "TEXT")
    held_back = [_count("--held-back", number) for number in args.held_back if "=" not in number]
    held_back_of = _counts("--held-back", [option for option in args.held_back if "=" in option], args.files)
    samples = _counts("--sample", args.sample, args.files)
    _make_folder(args.out)
    invalid: list[InputError] = []
    unlabelled: list[Question] = []

    def documents() -> Mapping[str, Document]:
        return Index.open(ready_index(args)).documents

    start = shipped_reader() if args.start == SHIPPED else args.start
    maker = WindowMaker.load(tokenizer_folder(start) if start else base_model(args.base), recipe.window)
    on_invalid = invalid.append if args.skip_bad else raise_invalid
    examples = load(args.files, documents, maker, on_invalid, unlabelled.append)
    parts = split(examples, held_back[-1] if held_back else HELD_BACK, held_back_of)
    parts = replace(parts, training=sample(parts.training, samples, recipe.seed))
    earlier = model_card.earlier_run(start)
    if unlabelled:
        err.print(f"skipped {counted(len(unlabelled), 'unlabelled question')}")
    if invalid:
        err.print(f"skipped {counted(len(invalid), 'invalid question')}:")
        err.print("\n".join(f"  {printable(str(error))}" for error in invalid))
    err.print(
        f"{len(parts.training.examples):,} training, {len(parts.development.examples):,} development and "
        f"{len(parts.test.examples):,} test questions; {hardware(device)}"
    )
    with progress_bars() as report:
        trainer = Trainer(
            parts,
            recipe,
            args.out,
            base=args.base,
            start=start,
            teacher=args.teacher,
            language=args.language,
            device=device,
            report=report,
            on_epoch=lambda point: _show(point, recipe),
        )
        trainer.run()
        description = trainer.save(args.out / WEIGHTS, args.quantize)
        figures = read_all(args.out, model_card.by_file(args.files, parts.test), report, device)
    model_card.write(
        model_card.Run(
            command=shlex.join(["rag", *sys.argv[1:]]),
            start=earlier,
            recipe=recipe,
            files=model_card.describe_files(args.files, parts, licences),
            description=description,
            teacher=trainer.teacher,
            hours=trainer.seconds / 3600,
            hardware=hardware(device),
            curve=trainer.curve,
            figures=figures,
        ),
        args.out,
    )
    trainer.delete_checkpoint()
    err.print(f"wrote {WEIGHTS}, {model_card.SETTINGS} and {model_card.CARD} to {args.out}")
    return 0


def _show(point: Point, recipe: Recipe) -> None:
    reading = point.reading
    figures = (
        f"; development articles: exact match {reading.exact_match.value:.3f}, F1 {reading.f1.value:.3f}, "
        f"AUROC {reading.auroc.value:.3f}"
        if reading
        else ""
    )
    err.print(f"epoch {point.epoch} of {recipe.epochs}: loss {point.loss:.3f}{figures}")


def _language(text: str) -> str:
    if not re.fullmatch("[a-z]{2,3}", text):
        raise argparse.ArgumentTypeError(
            f"{text!r} is not an ISO 639 code; give two or three letters, such as {ENGLISH}"
        )
    return text


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{folder}: cannot be created ({error.strerror or error}); choose another folder") from error


def _of_files(option: str, values: Sequence[str], files: Sequence[Path], what: str) -> dict[str, str]:
    """Values by file name, from ``FILE=VALUE`` options."""
    found = {}
    for each in values:
        file, equals, value = each.partition("=")
        if not equals:
            raise InputError(f"{option} {each!r} has no '='; give FILE={what}")
        name = Path(file).name
        if name not in {path.name for path in files}:
            raise InputError(f"{option} {each!r}: {name} is not a training file; name one of those given")
        found[name] = value
    return found


def _counts(option: str, values: Sequence[str], files: Sequence[Path]) -> dict[int, int]:
    """Numbers by the index of the file, from ``FILE=N`` options."""
    named = _of_files(option, values, files, "N")
    return {row: _count(option, named[path.name]) for row, path in enumerate(files) if path.name in named}


def _count(option: str, number: str) -> int:
    if not number.isascii() or not number.isdigit():
        raise InputError(f"{option}: {number!r} is not a number of 0 or more; give one")
    return int(number)
