"""Which of the candidates that were read is put first: a weighted sum of the evidence for each.

The weights are fitted by ``rag.eval.fitting.fit_ranking`` on questions with known answers, and lie in the
reader's folder.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ..errors import InputError
from ..paths import shipped_reader

#: The file of a reader's folder that holds the weights of its ranking.
RANKING = "ranking.json"


@dataclass(frozen=True, slots=True)
class Ranking:
    """Turns the evidence for a candidate into the figure by which the candidates of a question are put in order.

    Attributes:
        weights: What each named figure of the evidence adds.
    """

    weights: Mapping[str, float]

    @classmethod
    def load(cls, folder: Path) -> Self:
        """The weights in a reader's folder; those fitted for the reader that ships where it holds none.

        Raises:
            InputError: The file is not what ``rag.eval.fitting.fit_ranking`` writes.
        """
        path = folder / RANKING
        if not path.exists():
            path = shipped_reader() / RANKING
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls({name: float(weight) for name, weight in values["weights"].items()})
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{path}: not a ranking file ({error}); run rag.eval.fitting.fit_ranking") from error

    def value(self, evidence: Mapping[str, float]) -> float:
        """The greater, the further in front; comparable between the candidates of one question.

        The evidence must name every weight.
        """
        return sum(weight * evidence[name] for name, weight in self.weights.items())
