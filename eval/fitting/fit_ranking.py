"""Fit the ranking: ``python -m rag.eval.fitting.fit_ranking --out DIR [--also FILE:ARTICLES ...]``.

Each answerable question of ``data`` gives the spans that the reader has on its shortlist, and how good each
is: the mean of its F1 and of whether its sentence holds a gold answer. The weights make the softmax over a shortlist
point at what is good (ListNet's top-one probabilities, Cao et al. 2007); more evidence never puts a span further back.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize

from rag import RagError, Span
from rag.questions.schema import Question
from rag.reading.reader import SHORTLIST
from rag.reading.scoring import RANKING

from ..scoring.bootstrap import paired_interval
from ..scoring.metrics import mean, token_f1
from .data import Asked, add_arguments, asked, folds

#: More of any of these never puts a span further back.
FEATURES = ("span", "retrieval", "second_pass_score")

#: Weight of the L2 penalty on the weights of features that are brought to unit variance.
PENALTY = 3.0

Floats = npt.NDArray[np.float64]


class Shortlist(NamedTuple):
    """The shortlist for a question, the spans in the order of their scores before the ranking.

    Attributes:
        name: Of the question's file.
        group: Of its document.
        features: ``float64 [spans, len(FEATURES)]``.
        f1, hit: Of each span: F1 against the golds, and whether its sentence overlaps one, ``float64 [spans]`` each.
    """

    name: str
    group: str
    features: Floats
    f1: Floats
    hit: Floats

    @property
    def good(self) -> Floats:
        """How good each span is, in [0, 1]."""
        return (self.f1 + self.hit) / 2


def shortlists(of: Asked) -> Iterator[Shortlist]:
    """The shortlists of the answerable questions; of those for which nothing was read there is none."""
    questions = [question for question in of.questions if question.golds]
    hits = of.assistant.retriever.search_many([question.text for question in questions], of.assistant.passages)
    for question, found in zip(questions, hits, strict=True):
        spans = sorted(of.assistant.reader.read(question.text, found)[:SHORTLIST], key=lambda span: -span.score)
        if spans:
            yield Shortlist(
                of.name,
                of.group(question),
                np.array([[getattr(span.signals, name) for name in FEATURES] for span in spans]),
                np.array([token_f1(span.text, [gold.text for gold in question.golds]) for span in spans]),
                np.array([_hit(span, question) for span in spans], dtype=float),
            )


def fit(data: Sequence[Shortlist]) -> dict[str, object]:
    """The weights as ``rag.reading.ranking`` reads them, what they were fitted on, and how they do on documents unseen.

    The latter by cross-validation, for each file apart, before (by the score of the first reading) and after.
    """
    chosen = [0] * len(data)
    for test in folds([each.group for each in data]):
        weights = regression([each for each, tested in zip(data, test, strict=True) if not tested])
        for row in np.flatnonzero(test).tolist():
            chosen[row] = int((data[row].features @ weights).argmax())
    weights = regression(data)
    names = list(dict.fromkeys(each.name for each in data))
    return {
        "weights": dict(zip(FEATURES, (weights / weights[0]).round(3).tolist(), strict=True)),
        "fitted_on": {"questions": len(data), "with a good span": sum(bool(each.good.any()) for each in data)},
        "unseen_documents": {
            name: _figures([(each, row) for each, row in zip(data, chosen, strict=True) if each.name == name])
            for name in names
        },
    }


def regression(data: Sequence[Shortlist]) -> Floats:
    """Weights ``[len(FEATURES)]``, at least 0, that make good spans likely."""
    data = [each for each in data if each.good.any()]
    spread = np.concatenate([each.features for each in data]).std(axis=0) + 1e-9
    features = [each.features / spread for each in data]

    def loss(weights: Floats) -> tuple[float, Floats]:
        total, slope = PENALTY * float(weights @ weights) / 2, PENALTY * weights
        for each, x in zip(data, features, strict=True):
            likely = _softmax(x @ weights)
            good = likely * each.good
            total -= float(np.log(good.sum()))
            slope = slope - (good / good.sum() - likely) @ x
        return total, slope

    bounds = [(0.0, None) for _ in FEATURES]
    found = minimize(loss, np.zeros(len(FEATURES)), jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x / spread)


def _softmax(values: Floats) -> Floats:
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum())


def _hit(span: Span, question: Question) -> bool:
    sentence = span.sentence
    return any(
        gold.document == span.document_id and sentence.start < gold.end and gold.start < sentence.end
        for gold in question.golds
    )


def _figures(chosen: Sequence[tuple[Shortlist, int]]) -> dict[str, object]:
    found: dict[str, object] = {"questions": len(chosen)}
    for name, values in (("f1", [each.f1 for each, _ in chosen]), ("sentence_hit", [each.hit for each, _ in chosen])):
        before = np.array([value[0] for value in values])
        after = np.array([value[row] for value, (_, row) in zip(values, chosen, strict=True)])
        gain = paired_interval(mean, [before], [after])
        found[name] = {
            "before": round(mean(before), 4),
            "after": round(mean(after), 4),
            "interval_of_gain": [round(gain.low, 4), round(gain.high, 4)],
        }
    return found


def main(argv: Sequence[str] | None = None) -> int:
    """Collect shortlists, fit, write; 2 on bad input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.fit_ranking",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    try:
        found = fit([each for of in asked(args.out, args.also) for each in shortlists(of)])
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    # First to the screen: a folder that cannot be written to then costs no second fit.
    print(json.dumps(found, indent=2))
    (args.out / RANKING).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
