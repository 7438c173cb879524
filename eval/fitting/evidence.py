"""Fit the probabilities of evidence, and measure them: ``python -m rag.eval.fitting.evidence FILE=ARTICLES ...``.

The files are evidence files; their last ARTICLES articles must be the ones held back from the training of the large
model. Every other article is fitted on, together with a passage of another article that shares the most terms with the
question and holds no evidence. The remaining articles give the figures that are printed and stored: precision, recall
and F1 over the words of all questions, with 95% bootstrap intervals, beside two baselines: the sentence of the best
span, and the sentences whose cosine similarity to the question reaches the threshold that is best for fitting.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import expit

from rag import InputError, RagError, SentenceTransformerEncoder
from rag.index.lexical import terms
from rag.paths import shipped_reader
from rag.questions.evidence import EvidenceQuestion, load_evidence
from rag.reading.evidence import MAX_COMPARED
from rag.reading.folder import network_folder, second_folder
from rag.reading.model import SpanModel
from rag.reading.predictor import Pair, ReadText, SpanPredictor
from rag.reading.scoring import EVIDENCE
from rag.reading.sentences import SentenceSignals, extents, signals
from rag.service.quotes import WORD
from rag.text.segmentation import Extent

from ..scoring.bootstrap import interval
from ..scoring.metrics import calibration_error
from .confidence import regression

#: Signals used; their weights are at least 0.
READ = ("evidence", "strongest", "neighbour", "span", "answerability", "dense", "coverage", "nearby")
UNREAD = ("dense", "coverage", "nearby")

#: Questions whose passages are read between two lines of progress.
AT_ONCE = 50

Floats = npt.NDArray[np.float64]

#: A question with its passage, whether it is fitted on, and whether the passage is of another article.
_Asked = tuple[EvidenceQuestion, bool, bool]


@dataclass(frozen=True, slots=True)
class Example:
    """A question and a passage, with the signals of its sentences.

    Attributes:
        file: Name of the question's file.
        words: Words of each sentence.
        gold: Words of each sentence that are evidence.
        signals: Signals of each sentence.
        answer: For each sentence, whether it holds the start of the best span.
        fitting: Is it fitted on?
        other: Is the passage of another article?
    """

    file: str
    words: Floats
    gold: Floats
    signals: list[SentenceSignals]
    answer: npt.NDArray[np.bool_]
    fitting: bool
    other: bool

    @property
    def right(self) -> npt.NDArray[np.bool_]:
        """Sentences of which at least half of the words are evidence."""
        return self.gold * 2 >= self.words

    def features(self, names: Sequence[str]) -> Floats:
        """``float64 [sentences, len(names)]``."""
        return np.array([[getattr(each, name) for name in names] for each in self.signals])


def main(argv: Sequence[str] | None = None) -> int:
    """Read, fit, and write the file; returns 2 on invalid input."""
    parser = argparse.ArgumentParser(
        prog="python -m rag.eval.fitting.evidence",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("files", type=_articles, nargs="+", metavar="FILE=ARTICLES")
    parser.add_argument(
        "--sample", type=int, metavar="N", help="read at most N random pairs of question and passage of each file"
    )
    parser.add_argument(
        "--out", type=Path, default=shipped_reader(), metavar="DIR",
        help="the reader's folder (default: the shipped reader)",
    )  # fmt: skip
    args = parser.parse_args(argv)
    try:
        found = fit(examples(args.files, args.out, args.sample))
    except RagError as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    text = json.dumps(found, indent=2) + "\n"
    # Print first, so that an unwritable folder does not lose the result.
    print(text, end="")
    (args.out / EVIDENCE).write_text(text, encoding="utf-8")
    return 0


def examples(files: Sequence[tuple[Path, int]], reader: Path, sample: int | None = None) -> list[Example]:
    """Read the held-back questions of all files.

    Args:
        files: Evidence files, each with its number of held-back articles.
        reader: A reader's folder.
        sample: Read at most so many random pairs of question and passage of each file; all if None.

    Raises:
        InputError: A file is invalid or has too few articles, or the folder holds no large model with an output for
            evidence.
    """
    asked = [
        (path.name, question, fitting, other)
        for path, articles in files
        for question, fitting, other in _sampled(_held_back(path, articles), sample)
    ]
    folder = second_folder(network_folder(reader))
    if folder is None:
        raise InputError(f"{reader}: holds no large model; name the folder of a reader that has one")
    predictor, encoder = SpanPredictor.of(SpanModel.load(folder)), SentenceTransformerEncoder()
    found: list[Example] = []
    for first in range(0, len(asked), AT_ONCE):
        part = asked[first : first + AT_ONCE]
        pairs = [Pair(question.text, _title(question), question.context) for _, question, _, _ in part]
        for (name, question, fitting, other), read in zip(part, predictor.read(pairs), strict=True):
            if not read.has_evidence:
                raise InputError(f"{folder}: the model has no output for evidence; train one with evidence files")
            found.append(_example(name, question, read, encoder, fitting=fitting, other=other))
        print(f"{len(found)} of {len(asked)} passages read", file=sys.stderr)
    return found


def _held_back(path: Path, count: int) -> list[_Asked]:
    """The held-back questions, whether each is fitted on, and whether its passage is of another article."""
    questions = load_evidence(path)
    articles = list(dict.fromkeys(question.article for question in questions))[-count:]
    if len(articles) < max(count, 2):
        raise InputError(f"{path}: has {len(articles)} articles, not {count}; hold back at least 2 that it has")
    fitted = set(articles[::2])
    kept = [question for question in questions if question.article in set(articles)]
    found = [(question, question.article in fitted, False) for question in kept]
    for question in kept:
        others = [each for each in kept if each.article in fitted and each.article != question.article]
        if question.article in fitted and others:
            wanted = set(terms(question.text))
            other = max(others, key=lambda each: len(wanted & set(terms(each.context))))
            found.append((replace(question, context=other.context, article=other.article, evidence=()), True, True))
    return found


def _sampled(asked: list[_Asked], count: int | None) -> list[_Asked]:
    return asked if count is None else random.Random(0).sample(asked, min(count, len(asked)))


def _title(question: EvidenceQuestion) -> str:
    return "" if question.article == question.context else question.article


def _example(
    file: str,
    question: EvidenceQuestion,
    read: ReadText,
    encoder: SentenceTransformerEncoder,
    *,
    fitting: bool,
    other: bool,
) -> Example:
    text = question.context
    parts = extents(text)
    vectors = encoder.encode([question.text, *(text[start:end] for start, end in parts[:MAX_COMPARED])])
    cosines = [*(vectors[1:] @ vectors[0]).tolist(), *[0.0] * len(parts[MAX_COMPARED:])]
    found = signals(question.text, text, parts, read)
    best = next(iter(read.best(1)), None)
    places = [[match.start() for match in WORD.finditer(text, start, end)] for start, end in parts]
    return Example(
        file,
        np.array([len(words) for words in places], dtype=float),
        np.array([sum(_is_gold(at, question) for at in words) for words in places], dtype=float),
        [replace(each, dense=cosine) for each, cosine in zip(found, cosines, strict=True)],
        np.array([best is not None and _holds(part, best.start) for part in parts], dtype=bool),
        fitting,
        other,
    )


def _is_gold(at: int, question: EvidenceQuestion) -> bool:
    return any(start <= at < end for start, end in question.evidence)


def _holds(part: Extent, at: int) -> bool:
    return part.start <= at < part.end


def fit(data: Sequence[Example]) -> dict[str, Any]:
    """Fit the weights; returns the content of the file that ``EvidenceFinder`` reads."""
    reported = [each for each in data if not each.fitting]
    found: dict[str, Any] = {
        "read": _fitted(data, READ),
        "unread": _fitted(data, UNREAD),
        "fitted_on": {
            "questions": sum(each.fitting and not each.other for each in data),
            "passages_of_other_articles": sum(each.other for each in data),
            "sentences": sum(len(each.signals) for each in data if each.fitting),
        },
        "unseen_articles": {},
    }
    shown = [each for each in data if each.fitting and not each.other]
    cosine = _best_threshold(shown, [each.features(["dense"])[:, 0] for each in shown])
    for name in dict.fromkeys(each.file for each in reported):
        chosen = [each for each in reported if each.file == name]
        found["unseen_articles"][name] = {
            "questions": len(chosen),
            "with_evidence": sum(bool(each.gold.any()) for each in chosen),
            "read": _judged(chosen, found["read"]),
            "unread": _judged(chosen, found["unread"]),
            "sentence_of_the_answer": _figures(chosen, [each.answer for each in chosen]),
            "cosine_alone": _figures(chosen, [each.features(["dense"])[:, 0] >= cosine for each in chosen]),
        }
    return found


def _fitted(data: Sequence[Example], names: Sequence[str]) -> dict[str, Any]:
    """Weights, bias and threshold with the signals named."""
    data = [each for each in data if each.fitting]
    features = np.concatenate([each.features(names) for each in data])
    right = np.concatenate([each.right for each in data])
    weights = regression(features, right).round(4)
    shown = [each for each in data if not each.other]
    threshold = _best_threshold(shown, [_probabilities(each, names, weights) for each in shown])
    return {
        "weights": {name: float(weight) for name, weight in zip(names, weights[:-1], strict=True) if weight},
        "bias": float(weights[-1]),
        "threshold": threshold,
    }


def _probabilities(example: Example, names: Sequence[str], weights: Floats) -> Floats:
    return np.asarray(expit(example.features(names) @ weights[:-1] + weights[-1]))


def _best_threshold(data: Sequence[Example], values: Sequence[Floats]) -> float:
    """The threshold with the highest word F1 over all passages, among them those without evidence."""

    def score(threshold: float) -> float:
        counts = [_counts(each, value >= threshold) for each, value in zip(data, values, strict=True)]
        return _f1(*np.array(counts).T)

    return float(max(np.arange(0.02, 0.98, 0.01).round(2), key=score))


def _counts(example: Example, chosen: npt.NDArray[np.bool_]) -> tuple[float, float, float]:
    """Words chosen that are evidence, words chosen, and words that are evidence."""
    return float(example.gold[chosen].sum()), float(example.words[chosen].sum()), float(example.gold.sum())


def _f1(both: Floats, chosen: Floats, gold: Floats) -> float:
    return float(2 * both.sum() / max(1.0, chosen.sum() + gold.sum()))


def _precision(both: Floats, chosen: Floats, gold: Floats) -> float:
    return float(both.sum() / max(1.0, chosen.sum()))


def _recall(both: Floats, chosen: Floats, gold: Floats) -> float:
    return float(both.sum() / max(1.0, gold.sum()))


def _figures(data: Sequence[Example], chosen: Sequence[npt.NDArray[np.bool_]]) -> dict[str, Any]:
    """Precision, recall and F1, each with the ends of its interval."""
    columns = np.array([_counts(each, mask) for each, mask in zip(data, chosen, strict=True)]).T
    return {
        name: [round(value, 3) for value in (measure(*columns), *interval(measure, list(columns)))]
        for name, measure in (("precision", _precision), ("recall", _recall), ("f1", _f1))
    }


def _judged(data: Sequence[Example], part: dict[str, Any]) -> dict[str, Any]:
    """Figures of a regression, and the calibration error of its probabilities."""
    names, weights = list(part["weights"]), np.array([*part["weights"].values(), part["bias"]])
    values = [_probabilities(each, names, weights) for each in data]
    error = calibration_error(np.concatenate(values), np.concatenate([each.right for each in data]))
    figures = _figures(data, [value >= part["threshold"] for value in values])
    return {**figures, "calibration_error": round(error, 4)}


def _articles(text: str) -> tuple[Path, int]:
    """``FILE=ARTICLES``."""
    path, _, count = text.rpartition("=")
    try:
        return Path(path), int(count)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not FILE=ARTICLES with a number of articles") from error


if __name__ == "__main__":
    sys.exit(main())
