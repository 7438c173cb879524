"""Fit the confidence of the untrained reader: ``python -m rag.eval.calibrate FILE --foreign FILE [--out FILE]``.

The file is SQuAD 2.0: its paragraphs are indexed, and its questions asked of all of them, the unanswerable ones too.
Questions of the foreign file, which is about other things, are asked of the same index; nothing there answers them.
Each question's best candidate, with its evidence, is an example: right or wrong by ``suite.is_right``. Articles are
divided: four fifths to fit a logistic regression (Platt 1999), one fifth to say how good the probabilities are.

Sets measured elsewhere (XQuAD, the shipped questions) have no part in it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import brier_score_loss, roc_auc_score

from rag import Assistant, EvidenceReader, Index, Retriever, SentenceTransformerEncoder
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


def examples(assistant: Assistant, questions: list[Question]) -> Iterator[Example]:
    """The best candidate of each question that has one."""
    hits = assistant.retriever.search_many([question.text for question in questions], assistant.passages)
    for question, found in zip(questions, hits, strict=True):
        for answer, evidence in assistant.candidates(question.text, found)[:1]:
            golds = [gold.text for gold in question.golds]
            right = is_right(answer.text, golds, in_gold_sentence(answer, question.golds))
            yield Example(question.document.partition("/")[0], evidence, right, bool(golds))


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


def _matrix(data: list[Example]) -> list[list[float]]:
    return [[example.evidence[name] for name in FEATURES] for example in data]


def main() -> None:
    """Collect examples, fit, write."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.calibrate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("file", type=Path, metavar="FILE", help="SQuAD 2.0, .json or .json.gz")
    parser.add_argument("--foreign", type=Path, required=True, metavar="FILE", help="SQuAD-format, about other things")
    parser.add_argument("--limit", type=int, default=2_500, metavar="N", help="questions asked (default: 2500)")
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="of the draw (default: 0)")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="JSON to write")
    args = parser.parse_args()

    documents, own = load_squad(args.file)
    foreign = sample(load_squad(args.foreign)[1], args.limit // 8, args.seed)
    foreign = [
        Question(f"foreign-{question.id}", question.text, (), document=f"f{question.document}") for question in foreign
    ]
    encoder = SentenceTransformerEncoder()
    index = Index.build(documents, encoder)
    reader = EvidenceReader(encoder, index.words.rarity)
    assistant = Assistant(Retriever(index, encoder), reader, Confidence(dict.fromkeys(FEATURES, 0.0), 0.0, 0.0))
    questions = [*sample(own, args.limit, args.seed), *foreign]
    found = fit(list(examples(assistant, questions)))
    args.out.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
