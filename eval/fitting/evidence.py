"""Fit the probabilities of evidence, and measure them: ``python -m rag.eval.fitting.evidence FILE=ARTICLES ...``.

The questions are the shipped ones with gold evidence or without an answer, and those of evidence files about their last
ARTICLES articles, which must be the ones held back from the training of the large model. The calibration part, and a
random half of the articles, are fitted on; the others give the figures that are printed and stored, with 95% bootstrap
intervals, beside those of the sentence of the best answer. All are asked as a user would ask: the passages are
retrieved and read.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from rag import RagError, SentenceTransformerEncoder
from rag.paths import shipped_reader
from rag.reading.scoring import EVIDENCE

from ..paths import SHIPPED_EVIDENCE, SHIPPED_QUESTIONS
from ..scoring.evidence import Counts, f1, figures
from ..scoring.metrics import calibration_error
from .confidence import regression
from .evidence_data import Example, held_back_questions, read, shipped_questions

#: Signals used; their weights are at least 0.
UNREAD = ("span", "retrieval", "dense", "coverage", "titled")
READ = (*UNREAD, "second_span", "evidence", "strongest", "neighbour")

#: Files whose questions have all their evidence marked. Others mark one sentence, though more bear on the question.
COMPLETE = frozenset({SHIPPED_EVIDENCE.name, SHIPPED_QUESTIONS.name})

#: Thresholds tried.
TRIED = tuple(np.arange(0.02, 0.98, 0.01).round(2).tolist())

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


def main(argv: Sequence[str] | None = None) -> int:
    """Read, fit, and write the file; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.evidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", type=_articles, nargs="*", metavar="FILE=ARTICLES")
    parser.add_argument(
        "--out", type=Path, default=shipped_reader(), metavar="DIR",
        help="the reader's folder (default: the shipped reader)",
    )  # fmt: skip
    args = parser.parse_args(argv)
    try:
        encoder = SentenceTransformerEncoder()
        held_back = [held_back_questions(path, articles, encoder) for path, articles in args.files]
        data = [
            example for file in [*shipped_questions(encoder), *held_back] for example in read(file, encoder, args.out)
        ]
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    text = json.dumps(fit(data), indent=2) + "\n"
    # Print first, so that an unwritable folder does not lose the result.
    print(text, end="")
    (args.out / EVIDENCE).write_text(text, encoding="utf-8")
    return 0


def fit(data: Sequence[Example]) -> dict[str, Any]:
    """Fit the weights and the thresholds; returns the content of the file that ``EvidenceFinder`` reads."""
    fitted, others = [each for each in data if each.fitting], [each for each in data if not each.fitting]
    models = {"read": _fitted(fitted, READ, read=True), "unread": _fitted(fitted, UNREAD, read=False)}
    threshold = _best_threshold(fitted, models, TRIED, lambda values, tried: values >= tried)
    further = _best_threshold(
        [each for each in fitted if each.several and each.file in COMPLETE],
        models,
        [each for each in TRIED if each <= threshold],
        lambda values, tried: (values >= tried) & (values.max(initial=0) >= threshold),
    )
    return {
        **models,
        "threshold": threshold,
        "further_threshold": further,
        "fitted_on": {
            "questions": len(fitted),
            "with_evidence": sum(each.total > 0 for each in fitted),
            "sentences": sum(len(each.sentences) for each in fitted),
        },
        "unseen_questions": {
            name: _measured([each for each in others if each.file == name], models, threshold, further)
            for name in dict.fromkeys(each.file for each in others)
        },
    }


def _fitted(data: Sequence[Example], names: Sequence[str], *, read: bool) -> dict[str, Any]:
    """Weights and bias for the sentences of passages that the second model has read, or of the others."""
    masks = [each.read == read for each in data]
    features = np.concatenate([each.features(names)[mask] for each, mask in zip(data, masks, strict=True)])
    right = np.concatenate([each.right[mask] for each, mask in zip(data, masks, strict=True)])
    weights = regression(features, right).round(4)
    return {
        "weights": {name: float(weight) for name, weight in zip(names, weights[:-1], strict=True) if weight},
        "bias": float(weights[-1]),
    }


def _probabilities(example: Example, models: Mapping[str, Mapping[str, Any]]) -> Floats:
    """Probability of each sentence."""
    logits = {
        name: example.features(list(part["weights"])) @ np.array(list(part["weights"].values())) + part["bias"]
        for name, part in models.items()
    }
    return np.asarray(expit(np.where(example.read, logits["read"], logits["unread"])))


def _best_threshold(
    data: Sequence[Example],
    models: Mapping[str, Mapping[str, Any]],
    tried: Sequence[float],
    select: Callable[[Floats, float], Flags],
) -> float:
    """The threshold with the highest F1 of the words, as the mean over the files; of questions with evidence."""
    rows = [(each, _probabilities(each, models)) for each in data if each.total]
    names = list(dict.fromkeys(each.file for each, _ in rows))

    def score(threshold: float) -> float:
        counts = [
            [each.counts(select(value, threshold)) for each, value in rows if each.file == name] for name in names
        ]
        return float(np.mean([f1(*np.array(each).T) for each in counts]))

    return max(tried, key=score) if rows else max(tried)


def _selected(example: Example, values: Floats, threshold: float, further: float) -> Flags:
    """The sentences that are evidence; see ``EvidenceFinder.find``."""
    least = further if example.several and values.max(initial=0) >= threshold else threshold
    return np.asarray(values >= least, dtype=bool)


def _measured(
    data: Sequence[Example], models: Mapping[str, Mapping[str, Any]], threshold: float, further: float
) -> dict[str, Any]:
    """Figures of the questions with evidence, the share of the others that get any, and the calibration error."""
    values = [_probabilities(each, models) for each in data]
    given = [_selected(each, value, threshold, further) for each, value in zip(data, values, strict=True)]
    with_evidence = [number for number, each in enumerate(data) if each.total]
    without = [bool(given[number].any()) for number, each in enumerate(data) if not each.total]
    error = calibration_error(np.concatenate(values), np.concatenate([each.right for each in data]))
    return {
        "evidence": _figures([data[number].counts(given[number]) for number in with_evidence]),
        "sentence_of_the_answer": _figures([data[number].counts(data[number].answer) for number in with_evidence]),
        "without_an_answer": {"questions": len(without), "given_evidence": sum(without)},
        "calibration_error": round(error, 4),
    }


def _figures(counts: Sequence[Counts]) -> dict[str, Any]:
    """Precision, recall and F1 of the words, each with its interval and the number of questions."""
    found = figures(counts)
    return {
        name: {key: round(value, 3) for key, value in asdict(found[name]).items() if value is not None}
        for name in ("precision", "recall", "f1")
    }


def _articles(text: str) -> tuple[Path, int]:
    """``FILE=ARTICLES``."""
    path, _, count = text.rpartition("=")
    try:
        return Path(path), int(count)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not FILE=ARTICLES with a number of articles") from error


if __name__ == "__main__":
    sys.exit(main())
