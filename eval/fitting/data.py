"""What the weights beside a reader are fitted on: questions that it was not trained on, each asked of its own articles.

These are the calibration part of the shipped questions, asked of the shipped articles, and the questions of some
articles of SQuAD-format files, asked of those articles alone. The test part of the shipped questions, and sets measured
elsewhere (XQuAD), have no part in any fit.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from rag import Assistant, Index, InputError, Retriever, SentenceTransformerEncoder, SpanReader, build_index
from rag.embedding.encoder import Encoder
from rag.paths import shipped_corpus, shipped_reader
from rag.questions.schema import Question, load_questions
from rag.questions.squad import load_squad
from rag.reading.scoring import Confidence

from ..command import SHIPPED_QUESTIONS

FOLDS = 5

Flags = npt.NDArray[np.bool_]


class Asked(NamedTuple):
    """Questions, and an assistant over what they are about, which withholds nothing; ``name`` is that of their file."""

    name: str
    assistant: Assistant
    questions: list[Question]

    def group(self, question: Question) -> str:
        """The document that a question belongs to, unique among all files: an article of a SQuAD-format one."""
        return f"{self.name} {question.document.partition('/')[0]}"


def asked(reader: Path, also: Sequence[tuple[Path, range]]) -> Iterator[Asked]:
    """The calibration part of the shipped questions, then some articles of other files.

    Args:
        reader: A reader's folder.
        also: SQuAD-format files, each with the numbers of the articles that are taken.

    Raises:
        InputError: A file is not of SQuAD's format, or has no such articles; the folder holds no reader.
    """
    encoder = SentenceTransformerEncoder()
    with tempfile.TemporaryDirectory() as folder:
        build_index(shipped_corpus(), folder, encoder)
        shipped = Index.open(folder, encoder)
    questions = load_questions(SHIPPED_QUESTIONS, shipped.documents)
    chosen = [question for question in questions if question.part == "calibration"]
    yield Asked(SHIPPED_QUESTIONS.stem, _assistant(shipped, encoder, reader), chosen)
    for path, articles in also:
        documents, questions = load_squad(path)
        texts = [document for document in documents if _article(document.id) in articles]
        if not texts:
            raise InputError(f"{path}: there are no articles {articles.start}-{articles.stop - 1} in it")
        chosen = [question for question in questions if _article(question.document) in articles]
        yield Asked(path.name, _assistant(Index.build(texts, encoder), encoder, reader), chosen)


def folds(groups: Sequence[str]) -> Iterator[Flags]:
    """Which examples are tested on weights that the others gave, ``bool [n]``, a fifth of the documents at a time."""
    names = np.unique(groups)
    for fold in range(FOLDS):
        yield np.isin(groups, names[fold::FOLDS])


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--also`` and ``--out``."""
    parser.add_argument(
        "--also", type=_articles, action="append", default=[], metavar="FILE:FIRST-LAST",
        help="SQuAD-format, with the numbers of the articles to ask about, counted from 0",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=shipped_reader(), metavar="DIR",
        help="the reader's folder (default: that of the reader that ships)",
    )  # fmt: skip


def _assistant(index: Index, encoder: Encoder, reader: Path) -> Assistant:
    return Assistant(
        Retriever(index, encoder),
        SpanReader.load(reader, index.lexical.rarity),
        Confidence({}, bias=0.0, threshold=0.0),
    )


def _article(document_id: str) -> int:
    return int(document_id.partition("/")[0])


def _articles(text: str) -> tuple[Path, range]:
    """``FILE:FIRST-LAST``."""
    path, _, numbers = text.rpartition(":")
    first, _, last = numbers.partition("-")
    try:
        return Path(path), range(int(first), int(last) + 1)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not FILE:FIRST-LAST, with numbers of articles") from error
