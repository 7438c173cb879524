"""Paired quality of the engines: ``python -m rag.eval.bench.engine_quality QUESTIONS.json.gz [--last N] [--second]``.

The paragraphs of a file are indexed, searched and read twice, by OpenVINO and by torch; each question is compared with
itself. The reader's first model, or with ``--second`` its larger one, gets the paragraph of each question. An
answerable question is also read with a near miss: the first paragraph found that does not hold any of its answers.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from rag import Document, Index, InputError, RagError, Retriever, SentenceTransformerEncoder
from rag.embedding.engines.choice import OPENVINO, TORCH, VARIABLE
from rag.paths import shipped_reader
from rag.questions.schema import Question
from rag.questions.squad import load_squad, sample
from rag.reading.folder import SECOND
from rag.reading.model import SpanModel
from rag.reading.predictor import Pair, SpanPredictor

from ..scoring.bootstrap import Interval, Statistic, paired_interval
from ..scoring.metrics import auroc_by_ranks, exact_match, mean, recall_at, token_f1

Column = npt.NDArray[np.float64]

#: Paragraphs found for each question.
FOUND = 10

#: Score of a paragraph without any span; finite, as AUROC requires.
LOWEST = float(np.finfo(np.float64).min)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an engine gives; the rows of two engines belong together.

    Attributes:
        engine: The library and its precision.
        found: The ids of the paragraphs found for each question, best first.
        ranks: Rank of the paragraph of each answerable question, from 1; infinite if it is not found.
        exact, f1: Scores of the best span in that paragraph.
        scores: Score of the best span of each pair that was read.
        answers: 1 for each of those pairs whose paragraph answers, else 0.
    """

    engine: str
    found: tuple[tuple[str, ...], ...]
    ranks: Column
    exact: Column
    f1: Column
    scores: Column
    answers: Column


class Figure(NamedTuple):
    """A figure on torch and on OpenVINO, and the 95% interval of the difference."""

    torch: float
    openvino: float
    difference: Interval


@contextmanager
def engine(name: str) -> Iterator[None]:
    """Use this engine for the models that are loaded inside."""
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = name
    try:
        yield
    finally:
        if before is None:
            del os.environ[VARIABLE]
        else:
            os.environ[VARIABLE] = before


def outcomes(documents: Sequence[Document], questions: Sequence[Question], reader: Path) -> tuple[Outcome, Outcome]:
    """What torch and OpenVINO give; OpenVINO reads the near misses that torch found.

    Args:
        documents: What is searched.
        questions: What is asked.
        reader: Folder of the span model that reads.

    Raises:
        InputError: OpenVINO cannot be used.
    """
    by_torch = _outcome(TORCH, documents, questions, reader, None)
    return by_torch, _outcome(OPENVINO, documents, questions, reader, by_torch.found)


def _outcome(
    name: str,
    documents: Sequence[Document],
    questions: Sequence[Question],
    reader: Path,
    near_misses_among: Sequence[Sequence[str]] | None,
) -> Outcome:
    with engine(name):
        encoder = SentenceTransformerEncoder(device="cpu")
        predictor = SpanPredictor.of(SpanModel.load(reader, "cpu"))
    retriever = Retriever(Index.build(documents, encoder), encoder)
    found = [_found(retriever, question.text) for question in questions]
    texts = {document.id: document for document in documents}
    pairs, golds = [], []
    for question, among in zip(questions, near_misses_among or found, strict=True):
        own = texts[question.document]
        pairs.append(Pair(question.text, own.title, own.text))
        golds.append([gold.text for gold in question.golds])
        if question.golds and (missed := _near_miss(question, among, texts)):
            pairs.append(Pair(question.text, missed.title, missed.text))
            golds.append([])
    best = [spans[0] if spans else None for spans in predictor.predict(pairs, count=1)]
    quotes = [pair.text[span.start : span.end] if span else "" for pair, span in zip(pairs, best, strict=True)]
    answered = [row for row, right in enumerate(golds) if right]
    return Outcome(
        engine=encoder.engine,
        found=tuple(found),
        ranks=np.array([
            ids.index(question.document) + 1 if question.document in ids else math.inf
            for question, ids in zip(questions, found, strict=True)
            if question.golds
        ]),
        exact=np.array([exact_match(quotes[row], golds[row]) for row in answered]),
        f1=np.array([token_f1(quotes[row], golds[row]) for row in answered]),
        scores=np.array([span.score if span else LOWEST for span in best]),
        answers=np.array([float(bool(right)) for right in golds]),
    )  # fmt: skip


def _found(retriever: Retriever, question: str) -> tuple[str, ...]:
    """The ids of the first ``FOUND`` paragraphs; a paragraph may be found by several of its passages."""
    hits = retriever.search(question, 2 * FOUND)
    return tuple(dict.fromkeys(hit.passage.document_id for hit in hits))[:FOUND]


def _near_miss(question: Question, among: Sequence[str], texts: Mapping[str, Document]) -> Document | None:
    """The first other paragraph that holds none of the question's answers."""
    answers = [gold.text.casefold() for gold in question.golds]
    for document in (texts[each] for each in among if each != question.document):
        if not any(answer in document.text.casefold() for answer in answers):
            return document
    return None


def figures(torch: Outcome, openvino: Outcome) -> dict[str, Figure]:
    """Recall, scores and AUROC of both, by name."""

    def paired(statistic: Statistic, columns: Callable[[Outcome], Sequence[Column]]) -> Figure:
        before, after = columns(torch), columns(openvino)
        return Figure(statistic(*before), statistic(*after), paired_interval(statistic, before, after))

    return {
        "R@1": paired(partial(recall_at, 1), lambda each: [each.ranks]),
        f"R@{FOUND}": paired(partial(recall_at, FOUND), lambda each: [each.ranks]),
        "exact match": paired(mean, lambda each: [each.exact]),
        "F1": paired(mean, lambda each: [each.f1]),
        "AUROC": paired(auroc_by_ranks, lambda each: [each.scores, each.answers]),
    }


def quality_table(torch: Outcome, openvino: Outcome) -> Table:
    """One row for each figure."""
    table = Table(box=None, pad_edge=False)
    for column in ("figure", torch.engine, openvino.engine, "difference, 95% interval"):
        table.add_column(column, justify="left" if column == "figure" else "right")
    for name, (before, after, (low, high)) in figures(torch, openvino).items():
        table.add_row(name, f"{before:.4f}", f"{after:.4f}", f"{after - before:+.4f} [{low:+.4f}, {high:+.4f}]")
    return table


def main(argv: Sequence[str] | None = None) -> int:
    """Run the comparison and print a table; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.bench.engine_quality",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", type=Path, help="paragraphs and questions in SQuAD's format")
    parser.add_argument("--last", type=int, metavar="N", help="only the last N articles, such as those held back")
    parser.add_argument("--questions", type=int, metavar="N", help="N random questions (default: all)")
    parser.add_argument("--second", action="store_true", help="read with the larger model of the reader")
    args = parser.parse_args(argv)
    try:
        if args.questions is not None and args.questions < 1:
            raise InputError(f"--questions is {args.questions}; it must be at least 1")
        documents, questions = load_squad(args.file)
        if args.last is not None:
            articles = list(dict.fromkeys(_article(document.id) for document in documents))
            if not 1 <= args.last <= len(articles):
                raise InputError(f"--last is {args.last}; {args.file} has {len(articles)} articles")
            kept = set(articles[-args.last :])
            documents = [document for document in documents if _article(document.id) in kept]
            questions = [question for question in questions if _article(question.document) in kept]
        questions = sample(questions, args.questions, seed=0)
        if not any(question.golds for question in questions):
            raise InputError(f"{args.file}: none of the chosen questions has an answer; choose more")
        torch, openvino = outcomes(documents, questions, shipped_reader() / SECOND if args.second else shipped_reader())
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    pairs = len(torch.answers)
    print(f"{len(documents)} paragraphs; {len(torch.ranks)} questions with an answer; {pairs} pairs read")
    Console(soft_wrap=True, highlight=False).print(quality_table(torch, openvino))
    return 0


def _article(document: str) -> str:
    """The article of a paragraph's id."""
    return document.partition("/")[0]


if __name__ == "__main__":
    sys.exit(main())
