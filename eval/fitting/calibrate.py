"""Calibrate a reader to one's own documents: ``rag eval FILE --calibrate DIR``.

The log-odds that the best candidate is right are multiplied by a slope, and an intercept is added, so that they fit how
often it was right (Platt 1999). Both stay near 1 and 0 unless the questions say otherwise, so some dozens of questions
suffice.
"""

from __future__ import annotations

import json
import os
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
from rag.reading.scoring import CONFIDENCE, DOCUMENT_CONFIDENCE, EVIDENCE, RANKING, Confidence

from ..scoring.metrics import calibration_error
from ..scoring.suite import Trial, is_right
from .confidence import error_by_chance
from .data import FOLDS, folds

#: Questions with a candidate that a calibration needs, and how many of the candidates must be right, and wrong.
MIN_QUESTIONS, MIN_OF_EACH = 30, 5

#: Files that are taken over from the reader that is calibrated.
COPIED = (RANKING, EVIDENCE, DOCUMENT_CONFIDENCE)

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Calibration:
    """A calibrated confidence and its figures.

    Attributes:
        confidence: The confidence.
        questions, right: Number of questions with a candidate, and of those whose best one is right.
        slope, intercept: What log-odds are multiplied by, and what is added to them.
        before: Calibration error of the reader's own confidence.
        after: That of the calibrated one on questions left out of the fit, by five-fold cross-validation. Questions on
            one document are left out together if there are at least five documents.
        by_chance: Calibration error to be expected from perfect probabilities on so many questions.
    """

    confidence: Confidence
    questions: int
    right: int
    slope: float
    intercept: float
    before: float
    after: float
    by_chance: float

    def in_words(self) -> str:
        """One line about the figures."""
        return (
            f"{self.questions} questions, {self.right} of the best candidates right; calibration error "
            f"{self.before:.3f} before, {self.after:.3f} after on questions left out (by chance: {self.by_chance:.3f})"
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
    for left_out in folds(_groups([trial for trial in trials if trial.result.answers])):
        slope, intercept = _fit(logits[~left_out], right[~left_out])
        unseen[left_out] = expit(slope * logits[left_out] + intercept)
    slope, intercept = (round(value, 4) for value in _fit(logits, right))
    return Calibration(
        confidence=Confidence(
            {name: slope * weight for name, weight in confidence.weights.items()},
            bias=slope * confidence.bias + intercept,
            threshold=confidence.threshold,
        ),
        questions=len(best),
        right=int(right.sum()),
        slope=slope,
        intercept=intercept,
        before=calibration_error(expit(logits), right),
        after=calibration_error(unseen, right),
        by_chance=error_by_chance(unseen),
    )


def _groups(trials: Sequence[Trial]) -> list[str]:
    """What is left out together: the questions on a document, or each question if there are too few documents."""
    documents = [trial.question.document or trial.result.answers[0].document for trial in trials]
    return documents if len(set(documents)) >= FOLDS else [trial.question.id for trial in trials]


def _fit(logits: Floats, right: Flags) -> tuple[float, float]:
    """Slope and intercept of greatest likelihood, with a Gaussian prior of variance 1 around 1 and 0."""

    def loss(values: Floats) -> tuple[float, Floats]:
        slope, intercept = values
        p = expit(slope * logits + intercept)
        log_loss = -np.log(np.where(right, p, 1 - p) + 1e-12).sum()
        gradient = np.array([(logits * (p - right)).sum() + slope - 1, (p - right).sum() + intercept])
        return float(log_loss + ((slope - 1) ** 2 + intercept**2) / 2), gradient

    found = minimize(loss, np.array([1.0, 0.0]), jac=True, method="L-BFGS-B", bounds=[(0.0, None), (None, None)])
    return float(found.x[0]), float(found.x[1])


def check_folder(folder: Path) -> None:
    """Check that a calibration can be written into a folder: a new or empty one, or one that holds a calibration.

    Raises:
        InputError: It contains other files, or cannot be read or written to.
    """
    existing = next(path for path in (folder, *folder.absolute().parents) if path.exists())
    if not existing.is_dir() or not os.access(existing, os.W_OK):
        raise InputError(f"{folder}: cannot be written to; choose another folder")
    try:
        names = {path.name for path in folder.iterdir()} if folder.exists() else set()
    except OSError as error:
        raise InputError(f"{folder}: cannot be read ({error.strerror or error}); choose another folder") from error
    if names and (REFERENCE not in names or names - {REFERENCE, CONFIDENCE, *COPIED}):
        raise InputError(f"{folder}: contains files that are not part of a calibration; name a new folder")


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
            "slope": calibration.slope, "intercept": calibration.intercept,
        },
        "calibration_error": {
            "before": round(calibration.before, 4), "after_on_questions_left_out": round(calibration.after, 4),
            "by_chance": round(calibration.by_chance, 4),
        },
    }  # fmt: skip
    source = reader_folder(reader)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        write_reference(folder, reader)
        for name in COPIED:
            if not (source / name).is_file():
                (folder / name).unlink(missing_ok=True)
            elif (source / name).resolve() != (folder / name).resolve():
                shutil.copyfile(source / name, folder / name)
        (folder / CONFIDENCE).write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: cannot be written ({error.strerror or error}); choose another folder") from error
