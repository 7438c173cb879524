"""Comparison with other libraries: ``python -m rag.eval.bench.peers QUESTIONS.json.gz [--environment DIR]``.

Each library indexes the same paragraphs with the same embedder, searches for the same questions and, if it has an
extractive reader, reads the same ten paragraphs with the same weights; each in a process of its own, in turn. The other
libraries are installed in an environment of their own, which is made where there is none.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import venv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import platformdirs
from rich.console import Console
from rich.table import Table

from rag import Document, Index, InputError, RagError, Retriever, SentenceTransformerEncoder
from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.paths import shipped_reader
from rag.questions.schema import Question
from rag.questions.squad import load_squad
from rag.reading.network import END, START
from rag.reading.weights import WEIGHTS, load_weights

from ..scoring.metrics import percentile
from . import peer

#: What is installed for the other libraries, besides the version of torch that runs here.
PACKAGES = (
    "sentence-transformers", "faiss-cpu", "txtai", "haystack-ai", "transformers-haystack",
    "sentence-transformers-haystack", "llama-index-core", "llama-index-embeddings-huggingface",
)  # fmt: skip

#: File in the environment that lists what is installed; a folder without it is not touched.
INSTALLED = "peers.txt"

#: Nothing is downloaded or reported while a library runs.
ENVIRONMENT = {"HF_HUB_OFFLINE": "1", "HAYSTACK_TELEMETRY_ENABLED": "False"}


@dataclass(frozen=True, slots=True)
class Figures:
    """Figures of a library; times in seconds.

    Attributes:
        version: Version of the library.
        build: Time to index the paragraphs, median of the rounds.
        search: Time to search for each question, in each round.
        read: Time to read the paragraphs for each question, in each round; empty if the library has no reader.
        recall: Share of the questions whose paragraph is the first, and among the ten first.
    """

    version: str
    build: float
    search: tuple[float, ...]
    read: tuple[float, ...]
    recall: tuple[float, float]


def write_job(folder: Path, documents: Sequence[Document], questions: Sequence[Question]) -> None:
    """Write what the libraries are given; see ``peer``."""
    encoder = SentenceTransformerEncoder()
    retriever = Retriever(Index.build(documents, encoder), encoder)
    texts = {document.id: document.text for document in documents}
    read = []
    for question in questions:
        found = dict.fromkeys(hit.passage.document_id for hit in retriever.search(question.text, 2 * peer.FOUND))
        read.append([texts[each] for each in list(found)[: peer.FOUND]])
    job = {
        "texts": list(texts.values()), "questions": [question.text for question in questions], "read": read,
        "embedder": model_folder(DEFAULT_ENCODER), "reader": str(_hugging_face_reader(folder / "reader")),
    }  # fmt: skip
    (folder / "job.json").write_text(json.dumps(job), encoding="utf-8")


def _hugging_face_reader(folder: Path) -> Path:
    """Write the shipped reader as a question-answering model of transformers, with its outputs for start and end."""
    import torch
    from transformers import AutoConfig, AutoModelForQuestionAnswering, AutoTokenizer

    loaded = load_weights(shipped_reader() / WEIGHTS)
    config = AutoConfig.from_pretrained(loaded.folder)
    model = AutoModelForQuestionAnswering.from_config(config)  # type: ignore[no-untyped-call]
    state = {f"{model.base_model_prefix}.{name}": tensor for name, tensor in loaded.body.state_dict().items()}
    head = loaded.head.state_dict()
    state |= {f"qa_outputs.{name}": tensor[[START, END]] for name, tensor in head.items()}
    with torch.no_grad():
        model.load_state_dict(state)
    model.save_pretrained(folder)
    AutoTokenizer.from_pretrained(loaded.folder).save_pretrained(folder)
    return folder


def prepared(environment: Path) -> Path:
    """The Python of the environment of the other libraries, made where there is none.

    Raises:
        InputError: The folder holds something else, or the libraries cannot be installed.
    """
    python = environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    installed = environment / INSTALLED
    packages = [f"torch=={version('torch').partition('+')[0]}", *PACKAGES]
    if installed.exists() and installed.read_text().split() == packages:
        return python
    if not installed.exists() and environment.exists() and any(environment.iterdir()):
        raise InputError(f"{environment}: is not empty, and holds no {INSTALLED}; name a new folder")
    venv.create(environment, with_pip=True)
    installed.touch()
    done = subprocess.run([python, "-m", "pip", "install", "--quiet", *packages], check=False)
    if done.returncode:
        raise InputError(f"{environment}: the libraries cannot be installed; see the message of pip")
    installed.write_text("\n".join(packages))
    return python


def measure(job: Path, python: Path, expected: Sequence[int], rounds: int) -> dict[str, Figures]:
    """Run every library in turn, ``rounds`` times.

    Args:
        job: Folder of ``write_job``.
        python: Runs the other libraries.
        expected: Row of each question's paragraph.
        rounds: How often.

    Raises:
        InputError: A library fails.
    """
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in peer.LIBRARIES}
    for _ in range(rounds):
        for name, runs in found.items():
            interpreter = sys.executable if name == peer.rag.__name__ else str(python)
            runs.append(_run([interpreter, "-P", peer.__file__, name, str(job)]))
    return {name: _figures(runs, expected) for name, runs in found.items()}


def _run(command: Sequence[str]) -> dict[str, Any]:
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, text=True, check=False)
    if done.returncode:
        last = (done.stderr.strip() or "no message").splitlines()[-1]
        raise InputError(f"{command[3]}: failed ({last})")
    result: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return result


def _figures(runs: Sequence[Mapping[str, Any]], expected: Sequence[int]) -> Figures:
    ranks = [list(dict.fromkeys(rows)) for rows in runs[0]["found"]]
    return Figures(
        version=runs[0]["version"],
        build=statistics.median(run["build"] for run in runs),
        search=tuple(each for run in runs for each in run["search"]),
        read=tuple(each for run in runs for each in run["read"]),
        recall=(
            statistics.mean(rows[:1] == [row] for rows, row in zip(ranks, expected, strict=True)),
            statistics.mean(row in rows for rows, row in zip(ranks, expected, strict=True)),
        ),
    )


def peers_table(figures: Mapping[str, Figures]) -> Table:
    """One row for each library."""
    table = Table(box=None, pad_edge=False)
    for column in ("library", "version", "index, s", "question p50, ms", "p95, ms", "read ten, p50, s", "R@1", "R@10"):
        table.add_column(column, justify="left" if column in ("library", "version") else "right")
    for name, each in figures.items():
        table.add_row(
            name,
            each.version,
            f"{each.build:.1f}",
            f"{1000 * percentile(50, each.search):.1f}",
            f"{1000 * percentile(95, each.search):.1f}",
            f"{percentile(50, each.read):.2f}" if each.read else "",
            *(f"{share:.3f}" for share in each.recall),
        )
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison and print a table; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.peers", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, help="paragraphs and questions in SQuAD's format")
    parser.add_argument(
        "--environment", type=Path, default=platformdirs.user_cache_path("rag") / "peers", metavar="DIR",
        help="environment of the other libraries (default: in the user's cache folder)",
    )  # fmt: skip
    parser.add_argument("--paragraphs", type=int, default=600, metavar="N", help="the first N (default: %(default)s)")
    parser.add_argument(
        "--questions", type=int, default=100, metavar="N", help="N questions about them, evenly (default: %(default)s)"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="repeats (default: %(default)s)")
    args = parser.parse_args(argv)
    try:
        if min(args.paragraphs, args.questions, args.rounds) < 1:
            raise InputError("--paragraphs, --questions and --rounds must be positive; give larger values")
        documents, questions = load_squad(args.file)
        documents = documents[: args.paragraphs]
        rows = {document.id: row for row, document in enumerate(documents)}
        asked = [question for question in questions if question.golds and question.document in rows]
        if not asked:
            raise InputError(f"{args.file}: no question is answered in the first paragraphs; give more --paragraphs")
        count = min(args.questions, len(asked))
        asked = [asked[number * len(asked) // count] for number in range(count)]
        python = prepared(args.environment)
        with tempfile.TemporaryDirectory() as folder:
            write_job(Path(folder), documents, asked)
            figures = measure(Path(folder), python, [rows[question.document] for question in asked], args.rounds)
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    print(f"{len(documents)} paragraphs, {len(asked)} questions")
    Console(soft_wrap=True, highlight=False).print(peers_table(figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
