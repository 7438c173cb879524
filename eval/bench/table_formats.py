"""Questions about a table, asked of each file that holds it: ``python -m rag.eval.bench.table_formats FOLDER``.

The folder holds the same table in files of several formats, and ``questions.json``, a list of questions with the cells
that answer them: ``[["Who is the mayor of Vellin?", "Ana Ruiz"], ...]``. Each file is indexed alone. An answer is right
if it is the cell.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from rag import Assistant, InputError, RagError, SentenceTransformerEncoder, build_index
from rag.formats import FORMATS, suffix_of

QUESTIONS = "questions.json"


@dataclass(frozen=True, slots=True)
class Score:
    """Numbers of questions of one file: answered right, answered wrong, and not answered."""

    file: str
    right: int
    wrong: int
    not_found: int


def read_questions(path: Path) -> list[tuple[str, str]]:
    """The questions with their answers.

    Raises:
        InputError: The file cannot be read, or is not of this form.
    """
    try:
        return [(str(question), str(answer)) for question, answer in json.loads(path.read_text(encoding="utf-8"))]
    except (OSError, ValueError, TypeError) as error:
        raise InputError(f"{path}: is no list of questions with their answers ({error}); write it as JSON") from error


def score(file: Path, questions: Sequence[tuple[str, str]], encoder: SentenceTransformerEncoder) -> Score:
    """Index a file alone, and ask the questions."""
    with tempfile.TemporaryDirectory() as temporary:
        documents, index = Path(temporary) / "documents", Path(temporary) / "index"
        documents.mkdir()
        shutil.copy(file, documents)
        build_index(documents, index, encoder)
        assistant = Assistant.load(index, encoder)
        given = [(assistant.ask(question).answer, gold) for question, gold in questions]
    right = sum(answer is not None and " ".join(answer.text.split()) == gold for answer, gold in given)
    not_found = sum(answer is None for answer, _ in given)
    return Score(file.name, right, len(given) - right - not_found, not_found)


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, and print one row per file."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.table_formats",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folder", type=Path, metavar="FOLDER", help=f"folder with the files and {QUESTIONS}")
    args = parser.parse_args(argv)
    try:
        questions = read_questions(args.folder / QUESTIONS)
        files = [path for path in sorted(args.folder.iterdir()) if suffix_of(path.name) in FORMATS]
        if not files:
            raise InputError(f"{args.folder}: no files of supported formats there; name a folder that holds some")
        encoder = SentenceTransformerEncoder()
        made = Table(title=f"{len(questions)} questions", title_justify="left", box=None, pad_edge=False)
        for name in ("file", "right", "wrong", "not found"):
            made.add_column(name, justify="left" if name == "file" else "right")
        for file in files:
            found = score(file, questions, encoder)
            made.add_row(found.file, str(found.right), str(found.wrong), str(found.not_found))
        Console().print(made)
    except RagError as error:
        parser.error(str(error))
    return 0


if __name__ == "__main__":
    sys.exit(main())
