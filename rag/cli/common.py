"""Shared by several commands: options, opening an index, consoles."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console

from ..assistant import Assistant
from ..embedding.engines import choice, precision
from ..embedding.engines.choice import ENGINES
from ..embedding.engines.precision import PRECISIONS
from ..embedding.engines.threads import VARIABLE as THREADS
from ..errors import IndexMissing, InputError
from ..index import current_version
from ..paths import default_index, shipped_corpus
from ..questions.feedback import FeedbackFile


class _Console(Console):
    """A console that leaves a closed pipe to ``rag.cli.main``; rich would exit with 1."""

    def on_broken_pipe(self) -> None:
        """Raise the error that is being handled."""
        raise  # noqa: PLE0704


#: Argument that stands for standard input.
STDIN = "-"

#: Answers go to ``out``, everything else to ``err``. Lines are not wrapped in a pipe.
out = _Console(soft_wrap=True, highlight=False, markup=False, emoji=False)
err = _Console(stderr=True, soft_wrap=True, highlight=False, markup=False, emoji=False)

if TYPE_CHECKING:
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]


def add_command(subparsers: Subparsers, name: str, summary: str, examples: str) -> argparse.ArgumentParser:
    """Add a subcommand whose help ends with examples."""
    return subparsers.add_parser(
        name,
        help=summary,
        description=summary[0].upper() + summary[1:] + ".",
        epilog=f"examples:\n{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def add_index_option(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--index``."""
    parser.add_argument(
        "--index",
        type=Path,
        metavar="DIR",
        help="folder of the index (default: index/ in a checkout, else the user's data folder)",
    )


def add_reader_option(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--reader``."""
    parser.add_argument(
        "--reader", metavar="NAME|PATH",
        help="folder that `rag train` or `rag eval --calibrate` wrote, or folder or hub name of a Hugging Face "
        "question-answering model (default: the shipped reader)",
    )  # fmt: skip


def add_compute_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``, ``--engine``, ``--precision`` and ``--threads``; ``set_environment`` applies the last three."""
    parser.add_argument(
        "--device",
        metavar="NAME",
        help="cpu, cuda, cuda:1 or mps (default: a graphics card if there is one)",
    )
    parser.add_argument(
        "--engine",
        choices=ENGINES,
        help="library that runs the models (default: OpenVINO on a processor if it is installed, else torch)",
    )
    parser.add_argument(
        "--precision", choices=PRECISIONS,
        help="numbers that OpenVINO computes with (default: bfloat16 on a processor that has it, else int8 for models "
        "stored so, and float32 for others)",
    )  # fmt: skip
    parser.add_argument(
        "--threads", type=int, metavar="N", help="threads of the models (default: the cores that this process may use)"
    )


def add_encryption_options(parser: argparse.ArgumentParser, secrets: str) -> None:
    """Add ``--tls-cert``, ``--tls-key``, ``--plain-http`` and ``--allow-host``; ``secrets`` is what to encrypt."""
    parser.add_argument("--tls-cert", type=Path, metavar="FILE", help="certificate for HTTPS, in PEM format")
    parser.add_argument("--tls-key", type=Path, metavar="FILE", help="private key of the certificate, in PEM format")
    parser.add_argument(
        "--plain-http", action="store_true",
        help=f"let {secrets} of other machines pass unencrypted, as behind a reverse proxy that encrypts",
    )  # fmt: skip
    parser.add_argument(
        "--allow-host", action="append", default=[], metavar="NAME",
        help="further host name to answer to, such as that of a reverse proxy; repeatable",
    )  # fmt: skip


def add_key_file_option(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--key-file``."""
    parser.add_argument(
        "--key-file", type=Path, metavar="FILE",
        help="file of the hashes of API keys, which `rag serve --new-key` makes (default: api-keys in the user's data "
        "folder)",
    )  # fmt: skip


def set_environment(args: argparse.Namespace) -> None:
    """Pass ``--engine``, ``--precision`` and ``--threads`` on to this process and to those that it starts.

    Raises:
        InputError: The number of threads is less than one.
    """
    if engine := getattr(args, "engine", None):
        os.environ[choice.VARIABLE] = engine
    if chosen := getattr(args, "precision", None):
        os.environ[precision.VARIABLE] = chosen
    threads = getattr(args, "threads", None)
    if threads is not None:
        if threads < 1:
            raise InputError(f"--threads {threads}: give a number of at least 1")
        os.environ[THREADS] = os.environ["OMP_NUM_THREADS"] = str(threads)


def add_where_option(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--where``."""
    parser.add_argument(
        "--where", action="append", metavar="CONDITION",
        help="search only documents that match, e.g. country=Kazakhstan, date>=2022-10, path=reports/*, page=3; "
        "repeat it to combine conditions (all must hold)",
    )  # fmt: skip


def add_feedback_option(parser: argparse.ArgumentParser, effect: str) -> None:
    """Add the option ``--feedback``; ``effect`` says what becomes of the words that were marked."""
    parser.add_argument(
        "--feedback", type=Path, metavar="FILE",
        help=f"what people marked right and wrong: a file saved by the page's tab Feedback; {effect}",
    )  # fmt: skip


def add_min_confidence_option(parser: argparse.ArgumentParser) -> None:
    """Add the option ``--min-confidence``."""
    parser.add_argument(
        "--min-confidence", type=_probability, metavar="P",
        help="answer only if the words are at least this likely to be right, from 0 to 1 (default: the reader's)",
    )  # fmt: skip


def _probability(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not a probability; give a number from 0 to 1")
    return value


def read_text_file(path: Path) -> str:
    """The text of a file.

    Raises:
        InputError: It cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error}); check the path") from error
    except UnicodeError as error:
        raise InputError(f"{path}: not UTF-8 text; save it as UTF-8") from error


def read_standard_input() -> str:
    """The text of standard input.

    Raises:
        InputError: It is not UTF-8.
    """
    try:
        return sys.stdin.read()
    except UnicodeError as error:
        raise InputError("standard input: not UTF-8 text; convert it to UTF-8") from error


def open_assistant(args: argparse.Namespace) -> Assistant:
    """The assistant over ``--index`` with ``--reader``, and ``--feedback`` where a command has it; see ``ready_index``.

    Raises:
        InputError: The feedback file does not exist.
    """
    feedback = feedback_file(args)
    return Assistant.load(ready_index(args), reader=args.reader, device=args.device, feedback=feedback)


def feedback_file(args: argparse.Namespace) -> FeedbackFile | None:
    """The file of ``--feedback``; None if it is not given.

    Raises:
        InputError: It does not exist.
    """
    path: Path | None = getattr(args, "feedback", None)
    if path and not path.exists():
        raise InputError(f"{path}: there is no such feedback file; save one in the tab Feedback of `rag ui`")
    return FeedbackFile(path) if path else None


def ready_index(args: argparse.Namespace) -> Path:
    """The folder of ``--index``; the default index is built from the shipped articles if it does not exist.

    Raises:
        IndexMissing: The named folder holds no index.
    """
    folder = args.index or default_index()
    if args.index is None:
        try:
            current_version(folder)
        except IndexMissing:
            # Circular import, and rarely needed.
            from .building import build_and_show

            err.print(f"no index yet: building it from the shipped articles, {shipped_corpus()}")
            build_and_show([shipped_corpus()], folder)
    return folder
