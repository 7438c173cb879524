"""Questions for fitting ranking and confidence, none of which the reader was trained on.

These are the calibration part of the shipped questions, over the shipped articles, and chosen articles of SQuAD-format
files, each file indexed on its own. Sets used for measuring only (the shipped test part, XQuAD) are never fitted on.
"""

from __future__ import annotations

import argparse
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
import numpy.typing as npt

from rag import (
    Assistant,
    Document,
    Hit,
    Index,
    InputError,
    Retriever,
    SentenceTransformerEncoder,
    Span,
    SpanReader,
    build_index,
)
from rag.embedding.encoder import Encoder
from rag.paths import shipped_corpus, shipped_reader
from rag.questions.places import Gold
from rag.questions.schema import Question, load_questions
from rag.questions.squad import load_squad
from rag.reading.scoring import Confidence

from ..paths import SHIPPED_QUESTIONS

FOLDS = 5

PARAGRAPH_BREAK = "\n\n"

Flags = npt.NDArray[np.bool_]


class Reading(NamedTuple):
    """A question and what the reader found in its passages.

    Attributes:
        name: Name of the question's file.
        group: The question's document, or article of a SQuAD-format file, unique among all files.
        question: The question.
        hits: The passages.
        spans: The candidates, not ranked.
        assistant: The assistant that was asked.
    """

    name: str
    group: str
    question: Question
    hits: list[Hit]
    spans: list[Span]
    assistant: Assistant


class FittingSet(NamedTuple):
    """Questions of one file and an assistant over its documents that always answers; ``name`` is the file's name."""

    name: str
    assistant: Assistant
    questions: list[Question]

    def read(self) -> Iterator[Reading]:
        """Read the passages found for each question."""
        assistant, reader = self.assistant, cast("SpanReader", self.assistant.reader)
        found = assistant.retriever.search_many([question.text for question in self.questions], assistant.passages)
        for question, hits in zip(self.questions, found, strict=True):
            group = f"{self.name} {question.document.partition('/')[0]}"
            yield Reading(self.name, group, question, hits, reader.candidates(question.text, hits), assistant)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add ``--also`` and ``--out``."""
    parser.add_argument(
        "--also", type=_articles, action="append", default=[], metavar="FILE:FIRST-LAST",
        help="also fit on these articles of a SQuAD-format file, counted from 0",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=shipped_reader(), metavar="DIR",
        help="the reader's folder (default: the shipped reader)",
    )  # fmt: skip


def fitting_sets(
    reader: Path, also: Sequence[tuple[Path, range]], *, whole_articles: bool = False
) -> Iterator[FittingSet]:
    """The calibration part of the shipped questions, then the chosen articles of other files.

    Args:
        reader: A reader's folder.
        also: SQuAD-format files, each with the numbers of its articles to use.
        whole_articles: Make one document of each of these articles, instead of one of each paragraph.

    Raises:
        InputError: A file is not in SQuAD's format or lacks the articles, or the folder holds no reader.
    """
    # All files are read first: asking the shipped questions takes minutes, and bad input should fail before that.
    others = [(path, *_chosen(path, articles)) for path, articles in also]
    if whole_articles:
        others = [(path, *_joined(documents, questions)) for path, documents, questions in others]
    encoder = SentenceTransformerEncoder()
    shipped = shipped_index(encoder)
    questions = load_questions(SHIPPED_QUESTIONS, shipped.documents)
    chosen = [question for question in questions if question.part == "calibration"]
    yield FittingSet(SHIPPED_QUESTIONS.stem, _assistant(shipped, encoder, reader), chosen)
    for path, documents, chosen in others:
        yield FittingSet(path.name, _assistant(Index.build(documents, encoder), encoder, reader), chosen)


def shipped_index(encoder: Encoder) -> Index:
    """An index of the shipped articles."""
    with tempfile.TemporaryDirectory() as folder:
        build_index(shipped_corpus(), folder, encoder)
        return Index.open(folder, encoder)


def _chosen(path: Path, articles: range) -> tuple[list[Document], list[Question]]:
    """The documents and questions of some articles of a SQuAD-format file."""
    documents, questions = load_squad(path)
    texts = [document for document in documents if _article(document.id) in articles]
    if not texts:
        raise InputError(f"{path}: there are no articles {articles.start}-{articles.stop - 1}; count them from 0")
    return texts, [question for question in questions if _article(question.document) in articles]


def _joined(documents: Sequence[Document], questions: Sequence[Question]) -> tuple[list[Document], list[Question]]:
    """The articles as documents, their paragraphs joined by blank lines, and the questions with offsets in them."""
    articles: dict[str, list[Document]] = {}
    for document in documents:
        articles.setdefault(document.id.partition("/")[0], []).append(document)
    starts: dict[str, int] = {}
    joined = []
    for name, parts in articles.items():
        at = 0
        for part in parts:
            starts[part.id] = at
            at += len(part.text) + len(PARAGRAPH_BREAK)
        joined.append(Document(name, PARAGRAPH_BREAK.join(part.text for part in parts), parts[0].title))
    return joined, [
        replace(
            question,
            document=question.document.partition("/")[0],
            golds=tuple(_moved(gold, starts[gold.document]) for gold in question.golds),
        )
        for question in questions
    ]


def _moved(gold: Gold, by: int) -> Gold:
    """A right answer of a paragraph, in its article."""
    places = {name: getattr(gold, name) + by for name in ("start", "end", "sentence_start", "sentence_end")}
    return replace(gold, document=gold.document.partition("/")[0], **places)


def folds(groups: Sequence[str]) -> Iterator[Flags]:
    """Masks of the test examples of each cross-validation fold, ``bool [n]``; a document is in one fold only."""
    names = np.unique(groups)
    for fold in range(FOLDS):
        yield np.isin(groups, names[fold::FOLDS])


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
        raise argparse.ArgumentTypeError(f"{text!r} is not FILE:FIRST-LAST with article numbers") from error
