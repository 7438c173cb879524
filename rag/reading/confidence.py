"""Evidence to probability: logistic regression (Platt 1999) with weights fitted by ``rag.eval.fitting``."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..errors import InputError
from ..paths import shipped_reader

#: The file of a reader's folder that holds the weights of its confidence.
CONFIDENCE = "confidence.json"


@dataclass(frozen=True, slots=True)
class Confidence:
    """Turns the evidence for a span into the probability that it is right.

    Attributes:
        weights: What each named figure of the evidence adds, in logits.
        bias: Logits without any evidence.
        threshold: Below this probability it is better not to answer; the data file says by which rule.
    """

    weights: Mapping[str, float]
    bias: float
    threshold: float

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The weights in a reader's folder; those fitted for the reader that ships where it holds none.

        Raises:
            InputError: The file is not what ``rag.eval.fitting.fit_confidence`` writes.
        """
        path = folder / CONFIDENCE
        if not path.exists():
            path = shipped_reader() / CONFIDENCE
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            weights = dict(zip(values["features"], values["weights"], strict=True))
            return cls(weights, values["bias"], values["threshold"])
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path}: not a confidence file ({error}); run rag.eval.fitting.fit_confidence") from error

    def __post_init__(self) -> None:
        if not 0 <= self.threshold <= 1:
            raise InputError(f"the threshold is {self.threshold}; it is a probability, so between 0 and 1")

    def probability(self, evidence: Mapping[str, float]) -> float:
        """The probability in [0, 1] that a span with this evidence is right; it must name every weight."""
        logit = self.bias + sum(weight * evidence[name] for name, weight in self.weights.items())
        return 1 / (1 + math.exp(-max(-60.0, min(60.0, logit))))


def in_words(probability: float) -> str:
    """The word that stands beside a probability wherever a person reads it."""
    if probability >= 0.9:
        return "very likely right"
    if probability >= 0.7:
        return "likely right"
    if probability >= 0.5:
        return "may be right"
    return "unsure"
