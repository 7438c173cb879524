"""The three scores of a span, in the order in which they are computed.

1. ``prior_score``: the reader's log-odds plus what retrieval says about the passage. It picks the passages that are
   read a second time.
2. ``Ranking``: a weighted sum of signals, after the second reading. It orders the candidates.
3. ``Confidence``: a logistic regression (Platt 1999) on all signals of the best candidate. It gives its probability of
   being right, at most .5 if its words are plainly not of the type that the question asks for. Those of the other
   candidates follow from how far they are behind it in the ranking, so the order by probability is the order of the
   ranking.

The weights of 2 and 3 are fitted by ``rag.eval.fitting`` and stored in the reader's folder. There are two confidences:
one for answers from a whole collection, one for answers from one document alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any, Self

from ..errors import InputError
from ..paths import shipped_reader
from ..types import Signals, Span

#: Files of a reader's folder.
RANKING, CONFIDENCE, EVIDENCE = "ranking.json", "confidence.json", "evidence.json"

#: The confidence of answers from one document alone, such as the cells of a table.
DOCUMENT_CONFIDENCE = "document-confidence.json"

#: Weight of the retrieval signal in ``prior_score``. Of several passages that seem to answer, the one about the
#: question is mostly right. Chosen among 0, 0.5, 1, 1.5, 2, 3 and 4 on the calibration part of the shipped questions
#: (115 answerable: F1 .57 at 0, .62 at 2) and on development articles of squad-dev-part and squadshifts-new-wiki (427
#: questions: .76 and .78).
PRIOR = 2.0

#: Weight of ``Signals.lead`` in files that were fitted before it existed.
LEAD = 0.17

NAMES = frozenset(field.name for field in fields(Signals))

#: Names of signals in files that were fitted before version 0.2.
OLD_NAMES = {"verdict": "answerability", "ahead": "retrieval", "again": "second_pass_score"}


def prior_score(signals: Signals) -> float:
    """Score of a span by the last model that has read it; it depends on the span's passage and the first hit alone."""
    return signals.second_pass_score + PRIOR * signals.retrieval


@dataclass(frozen=True, slots=True)
class Ranking:
    """Orders the candidates of one question.

    Attributes:
        weights: Weight of each signal, by its name in ``Signals``.
    """

    weights: Mapping[str, float]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The ranking in a reader's folder; the shipped one if the folder has none.

        Raises:
            InputError: The file is not one that ``rag.eval.fitting.fit`` writes.
        """

        with fitted(folder, RANKING) as content:
            return cls(_by_signal(content["weights"]))

    def ranked(self, spans: Iterable[Span]) -> list[Span]:
        """The spans with their ranking score, best first."""
        return sorted((replace(span, score=self.value(span.signals)) for span in spans), key=lambda span: -span.score)

    def value(self, signals: Signals) -> float:
        """Ranking score; higher is better, comparable within one question."""
        return _weighted_sum(self.weights, signals)


@dataclass(frozen=True, slots=True)
class Confidence:
    """Turns signals into the probability of being right.

    Attributes:
        weights: Weight of each signal in logits, by its name in ``Signals``.
        bias: Logits if all signals are 0.
        threshold: Probability below which the assistant abstains; the file says how it was chosen.
    """

    weights: Mapping[str, float]
    bias: float
    threshold: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The confidence in a reader's folder; the shipped one if the folder has none.

        Raises:
            InputError: The file is not one that ``rag.eval.fitting.fit`` writes.
        """
        return cls._load(folder, CONFIDENCE, "rag.eval.fitting.fit")

    @classmethod
    def load_for_documents(cls, folder: Path) -> Self:
        """As ``load``, for answers from one document alone.

        Raises:
            InputError: The file is not one that ``rag.eval.fitting.document_confidence`` writes.
        """
        return cls._load(folder, DOCUMENT_CONFIDENCE, "rag.eval.fitting.document_confidence")

    @classmethod
    def _load(cls, folder: Path, name: str, command: str) -> Self:
        with fitted(folder, name, command) as content:
            weights = dict(zip(content["features"], content["weights"], strict=True))
            return cls({"lead": LEAD} | _by_signal(weights), float(content["bias"]), float(content["threshold"]))

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f"the threshold is {self.threshold}; it is a probability, so between 0 and 1")

    def probability(self, signals: Signals) -> float:
        """Probability in [0, 1] that a candidate is right.

        Args:
            signals: Those of the best candidate of the question, with the candidate's own ``lead``.
        """
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, self.log_odds(signals)))))

    def log_odds(self, signals: Signals) -> float:
        """Logarithm of the odds that a candidate is right; see ``probability``."""
        found = self.bias + _weighted_sum(self.weights, signals)
        return min(found, 0.0) if signals.type_fit < 0 else found


def in_words(probability: float) -> str:
    """The phrase shown beside a probability."""
    if probability >= 0.9:
        return "very likely right"
    if probability >= 0.7:
        return "likely right"
    if probability >= 0.5:
        return "may be right"
    return "unsure"


@contextmanager
def fitted(folder: Path, name: str, command: str = "rag.eval.fitting.fit") -> Iterator[Any]:
    """Content of a file in a reader's folder, or of the shipped one; what is wrong with it is an InputError.

    ``command`` writes the file.
    """
    path = folder / name
    if not path.exists():
        path = shipped_reader() / name
    try:
        yield json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        if isinstance(error, InputError):
            raise
        kind = name.partition(".")[0].replace("-", " ")
        article = "an" if kind[0] in "aeiou" else "a"
        raise InputError(f"{path}: not {article} {kind} file ({error}); run {command}") from error


def _by_signal(weights: Mapping[str, float]) -> dict[str, float]:
    named = {OLD_NAMES.get(name, name): float(weight) for name, weight in weights.items()}
    if unknown := sorted(named.keys() - NAMES):
        raise ValueError(f"unknown signal {unknown[0]!r}")
    return named


def _weighted_sum(weights: Mapping[str, float], signals: Signals) -> float:
    return sum(weight * float(getattr(signals, name)) for name, weight in weights.items())
