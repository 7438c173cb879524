"""Fit the confidence of the untrained reader: ``python -m rag.eval.calibrate FILE --foreign FILE [--out FILE]``.

The file is SQuAD 2.0: its articles are dealt out into indexes of the size that people's folders have, and its questions
asked of them, the unanswerable ones too. Questions of the foreign file, which is about other things, are asked as well;
nothing there answers them.
Each question's best candidate, with its evidence, is an example: right or wrong by ``suite.is_right``. A logistic
regression (Platt 1999) turns evidence into probability; more evidence never lowers it.

Sets measured elsewhere (XQuAD, the shipped questions) have no part in it.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from rag import Assistant, Document, EvidenceReader, Index, RagError, Retriever, SentenceTransformerEncoder
from rag.confidence import Confidence

from .metrics import auroc, brier, calibration_error
from .questions import Question
from .squad import load_squad, sample
from .suite import is_right

#: More of these never lowers the probability.
EVIDENCE = ("similarity", "coverage", "dense", "ahead", "margin")
FORMS = ("date", "number", "person", "place", "name")
FEATURES = (*EVIDENCE, *FORMS)

FOLDS = 5

THRESHOLD_RULE = "maximises the F1 of answering: 2 * right answers given / (answers given + answerable questions)"

Floats = npt.NDArray[np.float64]


class Example(NamedTuple):
    """The best candidate for a question: its article, its evidence, whether it is right, whether it could be."""

    article: str
    evidence: Mapping[str, float]
    right: bool
    answerable: bool


def folders(
    documents: list[Document], questions: list[Question], articles: int, seed: int
) -> Iterator[tuple[list[Document], list[Question]]]:
    """The articles dealt out at random, so many to an index, with the questions that belong to them."""
    names = sorted({_article(document.id) for document in documents})
    random.Random(seed).shuffle(names)
    for start in range(0, len(names), articles):
        chosen = set(names[start : start + articles])
        yield (
            [document for document in documents if _article(document.id) in chosen],
            [question for question in questions if _article(question.document) in chosen],
        )


def examples(assistant: Assistant, questions: list[Question]) -> Iterator[Example]:
    """The best candidate of each question that has one."""
    hits = assistant.retriever.search_many([question.text for question in questions], assistant.passages)
    for question, found in zip(questions, hits, strict=True):
        for answer, evidence in assistant.candidates(question.text, found)[:1]:
            right = is_right(answer, question.golds)
            yield Example(_article(question.document), evidence, right, bool(question.golds))


def fit(data: list[Example]) -> dict[str, object]:
    """The weights as ``rag.confidence`` reads them, what they were fitted on, and how they do on articles unseen.

    The latter by cross-validation: each fifth of the articles is judged by weights that the other four gave.
    """
    features = np.array([[example.evidence[name] for name in FEATURES] for example in data])
    right = np.array([example.right for example in data])
    articles = np.array([example.article for example in data])
    names = np.unique(articles)
    unseen = np.empty(len(data))
    for fold in range(FOLDS):
        test = np.isin(articles, names[fold::FOLDS])
        unseen[test] = _probabilities(features[test], regression(features[~test], right[~test]))
    weights = regression(features, right).round(4)
    answerable = sum(example.answerable for example in data)
    return {
        "features": list(FEATURES),
        "weights": weights[:-1].tolist(),
        "bias": float(weights[-1]),
        "threshold": best_threshold(_probabilities(features, weights), right, answerable),
        "threshold_rule": THRESHOLD_RULE,
        "fitted_on": {"questions": len(data), "answerable": answerable, "right": int(right.sum())},
        "unseen_articles": {
            "calibration_error": round(calibration_error(unseen, right), 4),
            "brier": round(brier(unseen, right), 4),
            "auroc": round(auroc(unseen, right), 4),
        },
    }


def regression(features: Floats, right: npt.NDArray[np.bool_]) -> Floats:
    """Weights of a logistic regression, the bias last; with an L2 penalty, and those of ``EVIDENCE`` at least 0."""

    def loss(weights: Floats) -> tuple[float, Floats]:
        p = _probabilities(features, weights)
        misses = -np.log(np.where(right, p, 1 - p) + 1e-12).sum()
        slope = np.append(features.T @ (p - right) + weights[:-1], (p - right).sum())
        return float(misses + (weights[:-1] ** 2).sum() / 2), slope

    bounds = [(0.0 if name in EVIDENCE else None, None) for name in FEATURES] + [(None, None)]
    found = minimize(loss, np.zeros(len(FEATURES) + 1), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def best_threshold(probabilities: Floats, right: npt.NDArray[np.bool_], answerable: int) -> float:
    """The threshold, in steps of 0.01, with the best F1 of answering (``THRESHOLD_RULE``)."""

    def f1(threshold: float) -> float:
        given = probabilities >= threshold
        return float(2 * (given & right).sum() / (given.sum() + answerable))

    return float(max(np.arange(0, 1, 0.01).round(2), key=f1))


def _probabilities(features: Floats, weights: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-(features @ weights[:-1] + weights[-1]))))


def _article(document_id: str) -> str:
    return document_id.partition("/")[0]


def main(argv: Sequence[str] | None = None) -> int:
    """Collect examples, fit, write; 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="SQuAD 2.0, .json or .json.gz")
    parser.add_argument("--foreign", type=Path, required=True, metavar="FILE", help="SQuAD-format, about other things")
    parser.add_argument("--articles", type=int, default=4, metavar="N", help="articles in one index (default: 4)")
    parser.add_argument("--questions", type=int, default=320, metavar="N", help="asked of each index (default: 320)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (default: 0)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON to write")
    args = parser.parse_args(argv)
    try:
        found = fit(collect(args.file, args.foreign, args.articles, args.questions, args.seed))
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    # First to the screen: a folder that cannot be written to then costs no second fit.
    print(json.dumps(found, indent=2))
    args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


def collect(file: Path, foreign_file: Path, articles: int, count: int, seed: int) -> list[Example]:
    """Examples from ``count`` questions asked of each index of so many articles, an eighth as many foreign ones added.

    Raises:
        InputError: A file is not of SQuAD's format.
    """
    foreign = [replace(question, golds=(), document="") for question in load_squad(foreign_file)[1]]
    encoder = SentenceTransformerEncoder()
    data: list[Example] = []
    for documents, questions in folders(*load_squad(file), articles, seed):
        index = Index.build(documents, encoder)
        reader = EvidenceReader(encoder, index.words.rarity)
        assistant = Assistant(Retriever(index, encoder), reader, Confidence(dict.fromkeys(FEATURES, 0.0), 0.0, 0.0))
        asked = sample(questions, count, seed)
        strangers = sample(foreign, count // 8, len(data))
        stand_in = [replace(question, document=documents[0].id) for question in strangers]
        data += examples(assistant, [*asked, *stand_in])
    return data


if __name__ == "__main__":
    sys.exit(main())
