"""Fit the confidence of the untrained reader: ``python -m rag.eval.calibrate FILE --foreign FILE [--out FILE]``.

The file is SQuAD 2.0: its articles are dealt out into indexes of the size that people's folders have, and its questions
asked of them, the unanswerable ones too. Questions of the foreign file, which is about other things, are asked as well;
nothing there answers them.
Each question's best candidate, with its evidence, is an example: right or wrong by ``suite.is_right``. Articles are
divided: four fifths to fit a logistic regression (Platt 1999), one fifth to say how good the probabilities are.

Sets measured elsewhere (XQuAD, the shipped questions) have no part in it.
"""

from __future__ import annotations

import argparse
import json
import random
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from rag import Assistant, Document, EvidenceReader, Index, Retriever, SentenceTransformerEncoder
from rag.confidence import Confidence

from .metrics import calibration_error
from .questions import Question
from .squad import load_squad, sample
from .suite import in_gold_sentence, is_right

FORMS = ("date", "number", "person", "place", "name")
FEATURES = ("similarity", "coverage", "passage", "dense", "ahead", "margin", "agreement", *FORMS)

THRESHOLD_RULE = (
    "the probability at which most questions are dealt with rightly: right answers given, no answer withheld"
)


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
            golds = [gold.text for gold in question.golds]
            right = is_right(answer.text, golds, in_gold_sentence(answer, question.golds))
            yield Example(_article(question.document), evidence, right, bool(golds))


def fit(data: list[Example]) -> dict[str, object]:
    """The weights as ``rag.confidence`` reads them, with what they were fitted on and how they do elsewhere."""
    articles = sorted({example.article for example in data})
    held_out = set(articles[::5])
    train = [example for example in data if example.article not in held_out]
    test = [example for example in data if example.article in held_out]
    model = LogisticRegression(max_iter=1_000).fit(_matrix(train), [example.right for example in train])
    weights = [round(float(weight), 4) for weight in model.coef_[0]]
    bias = round(float(model.intercept_[0]), 4)
    scores = Confidence(dict(zip(FEATURES, weights, strict=True)), bias, 0.5)
    threshold = best_threshold([scores.probability(example.evidence) for example in train], train)
    probabilities = [scores.probability(example.evidence) for example in test]
    right = [example.right for example in test]
    return {
        "features": list(FEATURES),
        "weights": weights,
        "bias": bias,
        "threshold": threshold,
        "threshold_rule": THRESHOLD_RULE,
        "fitted_on": {"questions": len(train), "right": sum(example.right for example in train)},
        "held_out": {
            "questions": len(test),
            "right": sum(right),
            "calibration_error": round(calibration_error(probabilities, right), 4),
            "brier": round(float(brier_score_loss(right, probabilities)), 4),
            "auroc": round(float(roc_auc_score(right, probabilities)), 4),
        },
    }


def best_threshold(probabilities: list[float], data: list[Example]) -> float:
    """The threshold, in steps of 0.01, that deals rightly with most examples."""

    def dealt_with(threshold: float) -> int:
        pairs = zip(probabilities, data, strict=True)
        return sum(e.right if p >= threshold else not e.answerable for p, e in pairs)

    return float(max(np.arange(0, 1, 0.01).round(2), key=dealt_with))


def _article(document_id: str) -> str:
    return document_id.partition("/")[0]


def _matrix(data: list[Example]) -> list[list[float]]:
    return [[example.evidence[name] for name in FEATURES] for example in data]


def main() -> None:
    """Collect examples, fit, write."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="SQuAD 2.0, .json or .json.gz")
    parser.add_argument("--foreign", type=Path, required=True, metavar="FILE", help="SQuAD-format, about other things")
    parser.add_argument("--articles", type=int, default=4, metavar="N", help="articles in one index (default: 4)")
    parser.add_argument("--questions", type=int, default=320, metavar="N", help="asked of each index (default: 320)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (default: 0)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON to write")
    args = parser.parse_args()

    encoder = SentenceTransformerEncoder()
    foreign = [replace(question, golds=(), document="") for question in load_squad(args.foreign)[1]]
    data: list[Example] = []
    for documents, questions in folders(*load_squad(args.file), args.articles, args.seed):
        index = Index.build(documents, encoder)
        reader = EvidenceReader(encoder, index.words.rarity)
        assistant = Assistant(Retriever(index, encoder), reader, Confidence(dict.fromkeys(FEATURES, 0.0), 0.0, 0.0))
        asked = sample(questions, args.questions, args.seed)
        strangers = sample(foreign, args.questions // 8, len(data))
        stand_in = [replace(question, document=documents[0].id) for question in strangers]
        data += examples(assistant, [*asked, *stand_in])
    found = fit(data)
    args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
