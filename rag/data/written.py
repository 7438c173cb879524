"""Questions written for this project about public data: ``python -m rag.data.written FILE... --out FILE``.

The packaged files hold the questions and where their answers stand, but no text of the data. This command joins them
with the data into a SQuAD-format file:

- ``written.jsonl.gz`` for ``rag train``: answerable and unanswerable questions. None is about an article that the
  shipped readers hold back.
- ``near-misses.jsonl.gz``, with ``--near-misses``, for ``rag eval``: unanswerable questions about articles that no
  reader is trained on. Twice as many of the data's own questions about the same articles are added.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import sys
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from rag.errors import InputError, RagError
from rag.questions.squad import load_squad
from rag.types import Document

#: The data's own questions per near miss.
OWN_RATIO = 2


class Written(NamedTuple):
    """A question about a paragraph.

    Attributes:
        file: Name of a SQuAD-format file.
        paragraph: Its paragraph, as ``ARTICLE/PARAGRAPH``, both counted from 0.
        question: The question's text.
        start, end: The answer, code points in the paragraph; both 0 if it does not answer.
    """

    file: str
    paragraph: str
    question: str
    start: int
    end: int


def training_questions() -> list[Written]:
    """The packaged questions for training."""
    return _packaged("written.jsonl.gz")


def near_misses() -> list[Written]:
    """The packaged near misses for measuring."""
    return _packaged("near-misses.jsonl.gz")


def _packaged(name: str) -> list[Written]:
    lines = gzip.decompress((files("rag.data") / name).read_bytes()).splitlines()
    return [Written(*json.loads(line)) for line in lines]


def join(written: Sequence[Written], paths: Sequence[Path]) -> dict[str, Any]:
    """The questions about the given files with their paragraphs, in SQuAD's format.

    Raises:
        InputError: A file is not in SQuAD's format, or it is not one that the questions are about.
    """
    found = []
    for path in paths:
        documents, _ = load_squad(path, on_invalid=lambda error: None)
        asked = _about(written, path, documents)
        places = {place for place, *_ in asked}
        found += _articles(path, [document for document in documents if document.id in places], asked)
    return {"version": "written", "data": found}


def join_with_own(written: Sequence[Written], paths: Sequence[Path]) -> dict[str, Any]:
    """As ``join``, with all paragraphs of these articles and ``OWN_RATIO`` times as many of their answerable questions.

    Raises:
        InputError: See ``join``.
    """
    found = []
    for path in paths:
        documents, questions = load_squad(path)
        asked = _about(written, path, documents)
        articles = {_article(place) for place, *_ in asked}
        own = [
            Asked(question.document, question.text, [(gold.start, gold.end) for gold in question.golds])
            for question in questions
            if question.golds and _article(question.document) in articles
        ]
        own = random.Random(0).sample(own, min(len(own), OWN_RATIO * len(asked)))
        chosen = [document for document in documents if _article(document.id) in articles]
        found += _articles(path, chosen, [*own, *asked])
    return {"version": "written", "data": found}


class Asked(NamedTuple):
    """A question about the paragraph with an id, and ``(start, end)`` of each annotator's answer."""

    paragraph: str
    question: str
    answers: list[tuple[int, int]]


def _about(written: Sequence[Written], path: Path, documents: Sequence[Document]) -> list[Asked]:
    """The questions about a file, checked against its paragraphs."""
    lengths = {document.id: len(document.text) for document in documents}
    asked = [question for question in written if question.file == path.name]
    if not asked:
        names = ", ".join(sorted({question.file for question in written}))
        raise InputError(f"{path}: no question is about it; give one of {names}")
    for question in asked:
        if question.end > lengths.get(question.paragraph, -1):
            raise InputError(
                f"{path}: no paragraph {question.paragraph} as in the file of the model card; give that one"
            )
    return [
        Asked(question.paragraph, question.question, [(question.start, question.end)] if question.end else [])
        for question in asked
    ]


def _article(paragraph: str) -> str:
    return paragraph.partition("/")[0]


def _articles(path: Path, documents: Sequence[Document], asked: Sequence[Asked]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    places: dict[str, dict[str, Any]] = {}
    for document in documents:
        places[document.id] = {"context": document.text, "qas": []}
        article = found.setdefault(_article(document.id), {"title": document.title, "paragraphs": []})
        article["paragraphs"].append(places[document.id])
    for number, (paragraph, question, answers) in enumerate(asked):
        text = places[paragraph]["context"]
        places[paragraph]["qas"].append(
            {
                "id": f"{path.name} {number}",
                "question": question,
                "answers": [{"text": text[start:end], "answer_start": start} for start, end in answers],
                "is_impossible": not answers,
            }
        )
    return list(found.values())


def main(argv: Sequence[str] | None = None) -> int:
    """Write the questions with their paragraphs; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.data.written",
        description="Join the questions written for this project with the data that they are about.",
    )
    parser.add_argument("files", nargs="+", type=Path, help="SQuAD-format files, with the names in the model card")
    parser.add_argument("--near-misses", action="store_true", help="near misses for measuring, not training questions")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="SQuAD-format .json.gz file to write")
    args = parser.parse_args(argv)
    try:
        if args.near_misses:
            content = join_with_own(near_misses(), args.files)
        else:
            content = join(training_questions(), args.files)
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    args.out.write_bytes(gzip.compress(json.dumps(content, ensure_ascii=False).encode(), mtime=0))
    count = sum(len(paragraph["qas"]) for article in content["data"] for paragraph in article["paragraphs"])
    print(f"wrote {count:,} questions to {args.out}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
