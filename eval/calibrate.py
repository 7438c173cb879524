"""Fit the confidence of a reader: ``python -m rag.eval.calibrate --out DIR [--also FILE:ARTICLES ...]``.

The calibration part of the shipped questions is asked of the shipped articles, and the questions of some articles of
SQuAD-format files of those articles alone; name only articles that the reader was not trained on. Each question's best
candidate, with its evidence, is an example: right or wrong by ``suite.is_right``. A logistic regression (Platt 1999)
turns evidence into probability; more evidence never lowers it.

The test part of the shipped questions, and sets measured elsewhere (XQuAD), have no part in it.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from rag import Assistant, Index, InputError, RagError, Retriever, SentenceTransformerEncoder, SpanReader, build_index
from rag.confidence import CONFIDENCE, Confidence
from rag.encoder import Encoder
from rag.locations import shipped_corpus, shipped_reader

from .command import SHIPPED_QUESTIONS
from .metrics import auroc, brier, calibration_error
from .questions import Question, load_questions
from .squad import load_squad
from .suite import is_right

#: More of any of these never lowers the probability.
FEATURES = ("span", "verdict", "margin", "coverage", "dense", "ahead", "support")

FOLDS = 5

#: How often the outcomes of confident answers are drawn to see what chance alone does to the calibration error.
DRAWS = 1_000

THRESHOLD_RULE = "maximises the F1 of answering: 2 * right answers given / (answers given + answerable questions)"

Floats = npt.NDArray[np.float64]


class Example(NamedTuple):
    """The best candidate for a question: what it was asked of, its evidence, whether it is right, and could be."""

    group: str
    evidence: Mapping[str, float]
    right: bool
    answerable: bool


def examples(assistant: Assistant, questions: Sequence[Question], group: str) -> Iterator[Example]:
    """The best candidate of each question that has one; ``group`` and the question's document say of what."""
    hits = assistant.retriever.search_many([question.text for question in questions], assistant.passages)
    for question, found in zip(questions, hits, strict=True):
        for answer, evidence in assistant.candidates(question.text, found)[:1]:
            home = question.document.partition("/")[0]
            yield Example(f"{group} {home}", evidence, is_right(answer, question.golds), bool(question.golds))


def fit(data: list[Example]) -> dict[str, object]:
    """The weights as ``rag.confidence`` reads them, what they were fitted on, and how they do on documents unseen.

    The latter by cross-validation: each fifth of the documents is judged by weights that the other four gave.
    """
    features = np.array([[example.evidence[name] for name in FEATURES] for example in data])
    right = np.array([example.right for example in data])
    groups = np.array([example.group for example in data])
    names = np.unique(groups)
    unseen = np.empty(len(data))
    for fold in range(FOLDS):
        test = np.isin(groups, names[fold::FOLDS])
        unseen[test] = _probabilities(features[test], regression(features[~test], right[~test]))
    weights = regression(features, right).round(4)
    answerable = sum(example.answerable for example in data)
    return {
        "features": list(FEATURES),
        "weights": weights[:-1].tolist(),
        "bias": float(weights[-1]),
        "threshold": best_threshold(unseen, right, answerable),
        "threshold_rule": THRESHOLD_RULE,
        "fitted_on": {"questions": len(data), "answerable": answerable, "right": int(right.sum())},
        "unseen_documents": {
            "calibration_error": round(calibration_error(unseen, right), 4),
            "calibration_error_by_chance": round(error_by_chance(unseen), 4),
            "brier": round(brier(unseen, right), 4),
            "auroc": round(auroc(unseen, right), 4),
        },
    }


def regression(features: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Weights of a logistic regression, the bias last; with an L2 penalty, and those of the evidence at least 0."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        p = _probabilities(features, weights)
        misses = -np.log(np.where(right, p, 1 - p) + 1e-12).sum()
        slope = np.append(features.T @ (p - right) + weights[:-1], (p - right).sum())
        return float(misses + (weights[:-1] ** 2).sum() / 2), slope

    bounds = [(0.0, None) for _ in FEATURES] + [(None, None)]
    found = minimize(loss, np.zeros(len(FEATURES) + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def best_threshold(probabilities: Floats, right: npt.NDArray[np.bool_], answerable: int) -> float:
    """The threshold, in steps of 0.01, with the best F1 of answering (``THRESHOLD_RULE``)."""

    def f1(threshold: float) -> float:
        given = probabilities >= threshold
        return float(2 * (given & right).sum() / (given.sum() + answerable))

    return float(max(np.arange(0, 1, 0.01).round(2), key=f1))


def error_by_chance(probabilities: Floats, seed: int = 0) -> float:
    """The calibration error that these probabilities have on average where every one of them is true.

    Bins of few questions are never right in just the share that was said. On 275 questions this comes to about .06, so
    that a lower figure than this one is luck, and a change that moves it by less says nothing (Roelofs et al. 2022).
    """
    drawn = np.random.default_rng(seed).random((DRAWS, len(probabilities))) < probabilities
    return float(np.mean([calibration_error(probabilities, right) for right in drawn]))


def _probabilities(features: Floats, weights: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))


def collect(reader: Path, also: Sequence[tuple[Path, range]]) -> list[Example]:
    """Examples from the calibration part of the shipped questions, and from some articles of other files.

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
    asked = load_questions(SHIPPED_QUESTIONS, shipped.documents)
    chosen = [question for question in asked if question.part == "calibration"]
    data = list(examples(_assistant(shipped, encoder, reader), chosen, SHIPPED_QUESTIONS.stem))
    for path, articles in also:
        documents, questions = load_squad(path)
        texts = [document for document in documents if _article(document.id) in articles]
        if not texts:
            raise InputError(f"{path}: there are no articles {articles.start}-{articles.stop - 1} in it")
        assistant = _assistant(Index.build(texts, encoder), encoder, reader)
        data += examples(assistant, [q for q in questions if _article(q.document) in articles], path.name)
    return data


def _assistant(index: Index, encoder: Encoder, reader: Path) -> Assistant:
    """One that withholds nothing."""
    certain = Confidence(dict.fromkeys(FEATURES, 0.0), 0.0, 0.0)
    return Assistant(Retriever(index, encoder), SpanReader.load(reader, index.words.rarity), certain)


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


def main(argv: Sequence[str] | None = None) -> int:
    """Collect examples, fit, write; 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--also", type=_articles, action="append", default=[], metavar="FILE:FIRST-LAST",
        help="SQuAD-format, with the numbers of the articles to ask about, counted from 0",
    )  # fmt: skip
    parser.add_argument(
        "--out", type=Path, default=shipped_reader(), metavar="DIR",
        help="the reader's folder (default: that of the reader that ships)",
    )  # fmt: skip
    args = parser.parse_args(argv)
    try:
        found = fit(collect(args.out, args.also))
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    # First to the screen: a folder that cannot be written to then costs no second fit.
    print(json.dumps(found, indent=2))
    (args.out / CONFIDENCE).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
