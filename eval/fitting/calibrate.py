"""Calibrate a reader to one's own documents: ``rag eval FILE --calibrate DIR``.

The log-odds that the best candidate is right are stretched and shifted, so that they fit how often it was right (Platt
1999). These two numbers stay near 1 and 0 unless the questions say otherwise, so some dozens of questions suffice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.special import expit

from rag import InputError
from rag.reading.folder import REFERENCE, reader_folder, write_reference
from rag.reading.scoring import CONFIDENCE, RANKING, Confidence

from ..scoring.metrics import calibration_error
from ..scoring.suite import Trial, is_right
from .data import FOLDS
from .fit_confidence import error_by_chance

#: Questions with a candidate that a calibration needs, and how many of the candidates must be right, and wrong.
MIN_QUESTIONS, MIN_OF_EACH = 30, 5

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibrated confidence and its figures.

    Attributes:
        confidence: The confidence.
        questions, right: Number of questions with a candidate, and of those whose best one is right.
        stretch, shift: What log-odds are multiplied with, and what is added to them.
        before: Calibration error of the reader's own confidence.
        after: That of the calibrated one, on questions that it was not fitted on (five-fold cross-validation).
        by_chance: Calibration error to be expected from perfect probabilities on so many questions.
    """

    confidence: Confidence
    questions: int
    right: int
    stretch: float
    shift: float
    before: float
    after: float
    by_chance: float

    def in_words(self) -> str:
        """One line about the figures."""
        return (
            f"{self.questions} questions, {self.right} of the best candidates right; calibration error "
            f"{self.before:.3f} before, {self.after:.3f} after on questions left out ({self.by_chance:.3f} is chance)"
        )


def calibrated(confidence: Confidence, trials: Sequence[Trial]) -> Calibration:
    """Fit a confidence to trials.

    Raises:
        InputError: There are too few questions, or nearly all candidates are right, or wrong.
    """
    best = [(trial.result.answers[0], trial.question.golds) for trial in trials if trial.result.answers]
    logits = np.array([confidence.log_odds(answer.signals) for answer, _ in best])
    right = np.array([is_right(answer, golds) for answer, golds in best], dtype=bool)
    if len(best) < MIN_QUESTIONS or min(right.sum(), (~right).sum()) < MIN_OF_EACH:
        raise InputError(
            f"--calibrate: {int(right.sum())} right and {int((~right).sum())} wrong candidates; give questions with at "
            f"least {MIN_QUESTIONS} candidates, {MIN_OF_EACH} of them right and {MIN_OF_EACH} wrong"
        )
    unseen = np.empty(len(best))
    for fold in range(FOLDS):
        left_out = np.arange(len(best)) % FOLDS == fold
        stretch, shift = _fit(logits[~left_out], right[~left_out])
        unseen[left_out] = expit(stretch * logits[left_out] + shift)
    stretch, shift = (round(value, 4) for value in _fit(logits, right))
    return Calibration(
        confidence=Confidence(
            {name: stretch * weight for name, weight in confidence.weights.items()},
            bias=stretch * confidence.bias + shift,
            threshold=confidence.threshold,
        ),
        questions=len(best),
        right=int(right.sum()),
        stretch=stretch,
        shift=shift,
        before=calibration_error(expit(logits), right),
        after=calibration_error(unseen, right),
        by_chance=error_by_chance(unseen),
    )


def _fit(logits: Floats, right: Flags) -> tuple[float, float]:
    """Stretch and shift of greatest likelihood, with a Gaussian prior of variance 1 around 1 and 0."""

    def loss(values: Floats) -> tuple[float, Floats]:
        stretch, shift = values
        p = expit(stretch * logits + shift)
        log_loss = -np.log(np.where(right, p, 1 - p) + 1e-12).sum()
        gradient = np.array([(logits * (p - right)).sum() + stretch - 1, (p - right).sum() + shift])
        return float(log_loss + ((stretch - 1) ** 2 + shift**2) / 2), gradient

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def check_folder(folder: Path) -> None:
    """Check that a calibration can be written into a folder.

    Raises:
        InputError: It cannot be created, or holds something else than a calibration.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        others = {path.name for path in folder.iterdir()} - {REFERENCE, RANKING, CONFIDENCE}
    except OSError as error:
        raise InputError(f"{folder}: cannot be created ({error.strerror or error}); choose another folder") from error
    if others or (any(folder.iterdir()) and not (folder / REFERENCE).is_file()):
        raise InputError(f"{folder}: holds other files than a calibration; name a new folder")


def write(calibration: Calibration, folder: Path, reader: Path | str | None, questions: str) -> None:
    """Write a reader's folder that names the reader and holds its calibrated confidence.

    Args:
        calibration: What to write.
        folder: A folder that ``check_folder`` accepts.
        reader: The reader that was calibrated; see ``reader_folder``.
        questions: Name of the question file.
    """
    confidence = calibration.confidence
    content = {
        "features": list(confidence.weights),
        "weights": [round(weight, 6) for weight in confidence.weights.values()],
        "bias": round(confidence.bias, 6),
        "threshold": confidence.threshold,
        "calibrated_on": {
            "file": questions, "questions": calibration.questions, "right": calibration.right,
            "stretch": calibration.stretch, "shift": calibration.shift,
        },
        "calibration_error": {
            "before": round(calibration.before, 4), "after_on_questions_left_out": round(calibration.after, 4),
            "by_chance": round(calibration.by_chance, 4),
        },
    }  # fmt: skip
    ranking = reader_folder(reader) / RANKING
    try:
        write_reference(folder, reader)
        if ranking.is_file():
            shutil.copyfile(ranking, folder / RANKING)
        (folder / CONFIDENCE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error}); choose another folder") from error
