"""Questions written for this project about public data: ``python -m rag.data.written FILE... --out FILE``.

The packaged files hold the questions and where their answers stand, but no text of the data. This command joins them
with the data into a SQuAD-format file:

- ``--use training``, for ``rag train``: answerable and unanswerable questions, about articles that the shipped readers
  do not hold back.
- ``--use calibration``, for fitting, and ``--use evaluation``, for ``rag eval``: unanswerable questions about
  paragraphs that no reader is trained on, together with the data's own answerable questions.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import json
import random
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import InputError, RagError
from rag.files import writing_aside
from rag.questions.squad import load_squad

#: What the questions are for, and how many of the data's own questions are added for each of them.
USES = {"training": 0, "calibration": 2, "evaluation": 2}


class Written(NamedTuple):
    """A question about a paragraph.

    Attributes:
        file: Name of a SQuAD-format file.
        paragraph: Id of the paragraph in it: ``ARTICLE/PARAGRAPH``, both counted from 0.
        question: The question's text.
        start, end: The answer, code points in the paragraph; of an unanswerable question, a plausible wrong answer.
        answerable: Does the paragraph answer?
    """

    file: str
    paragraph: str
    question: str
    start: int
    end: int
    answerable: bool


@dataclass(frozen=True, slots=True)
class WrittenQuestions:
    """Questions about SQuAD-format files.

    Attributes:
        checksums: SHA-256 of each file by its name.
        questions: The questions.
    """

    checksums: Mapping[str, str]
    questions: Sequence[Written]

    @classmethod
    def packaged(cls, use: str) -> WrittenQuestions:
        """The packaged questions for one of ``USES``."""
        packed = (files("rag.data") / f"written-{use}.jsonl.gz").read_bytes()
        first, *others = gzip.decompress(packed).splitlines()
        return cls(json.loads(first), [Written(*json.loads(line)) for line in others])


def join(written: WrittenQuestions, paths: Sequence[Path], own: int = 0) -> dict[str, Any]:
    """The questions about the given files with their paragraphs, in SQuAD's format.

    Args:
        written: The questions.
        paths: SQuAD-format files.
        own: For each of the questions, up to this many answerable questions of the same articles of the file are added.
            With any, all paragraphs of these articles are kept; else only those that a question is about.

    Raises:
        InputError: A file cannot be read, is not one that the questions are about, or is given twice.
    """
    names: dict[str, Path] = {}
    for path in paths:
        name = _name(written, path)
        if name in names:
            raise InputError(f"{path}: the same file as {names[name]}; give it once")
        names[name] = path
    articles = [article for name, path in names.items() for article in _articles(written, name, path, own)]
    return {"version": "written", "data": articles}


def _name(written: WrittenQuestions, path: Path) -> str:
    """The name under which the questions know a file."""
    try:
        checksum = hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from error
    for name, known in written.checksums.items():
        if known == checksum:
            return name
    names = ", ".join(sorted(written.checksums))
    raise InputError(f"{path}: not a file that the questions are about, or another version; give one of {names}")


def _articles(written: WrittenQuestions, name: str, path: Path, own: int) -> list[dict[str, Any]]:
    asked = [question for question in written.questions if question.file == name]
    paragraphs = {question.paragraph for question in asked}
    articles = {_article(paragraph) for paragraph in paragraphs}
    documents, of_file = load_squad(path)
    kept: dict[str, dict[str, Any]] = {}
    found: dict[str, dict[str, Any]] = {}
    for document in documents:
        article = _article(document.id)
        if document.id in paragraphs or (own and article in articles):
            kept[document.id] = {"context": document.text, "qas": []}
            found.setdefault(article, {"title": document.title, "paragraphs": []})["paragraphs"].append(
                kept[document.id]
            )
    others = [question for question in of_file if question.golds and question.document in kept]
    for other in random.Random(0).sample(others, min(len(others), own * len(asked))):
        _ask(kept[other.document], f"{name} {other.id}", other.text, [(gold.start, gold.end) for gold in other.golds])
    for number, (_, paragraph, text, start, end, answerable) in enumerate(asked):
        _ask(kept[paragraph], f"{name} written {number}", text, [(start, end)], answerable)
    return list(found.values())


def _article(paragraph: str) -> str:
    return paragraph.partition("/")[0]


def _ask(
    paragraph: dict[str, Any], name: str, question: str, spans: Sequence[tuple[int, int]], answerable: bool = True
) -> None:
    """Add a question to a paragraph in SQuAD's format."""
    answers = [{"text": paragraph["context"][start:end], "answer_start": start} for start, end in spans]
    asked = {"id": name, "question": question, "is_impossible": not answerable}
    paragraph["qas"].append(
        asked | ({"answers": answers} if answerable else {"answers": [], "plausible_answers": answers})
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Write the questions with their paragraphs; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.data.written",
        description="Join the questions written for this project with the data that they are about.",
    )
    parser.add_argument("files", nargs="+", type=Path, help="SQuAD-format files that the questions are about")
    parser.add_argument(
        "--use", choices=USES, default="training", help="what the questions are for (default: training)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="SQuAD-format .json.gz file to write")
    args = parser.parse_args(argv)
    try:
        _check_output(args.out, args.files)
        content = join(WrittenQuestions.packaged(args.use), args.files, USES[args.use])
        with writing_aside(args.out) as aside:
            aside.write_bytes(gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0))
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    count = sum(len(paragraph["qas"]) for article in content["data"] for paragraph in article["paragraphs"])
    print(f"wrote {count:,} questions to {args.out}")
    return 0


def _check_output(path: Path, inputs: Sequence[Path]) -> None:
    if not path.name.endswith(".json.gz"):
        raise InputError(f"{path}: the file is written compressed; give --out a name that ends in .json.gz")
    if path.resolve() in {each.resolve() for each in inputs}:
        raise InputError(f"{path}: is one of the files to read; choose another --out")


if __name__ == "__main__":
    sys.exit(main())
