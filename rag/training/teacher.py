"""Knowledge distillation: a trained reader's probabilities as targets beside the gold answers (Hinton et al. 2015)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from ..errors import InputError
from ..reading.model import SpanModel, padded
from ..reading.network import ANSWERABLE, END, EVIDENCE, OUTPUTS, START
from ..reading.predictor import Pair
from ..reading.windows import Ints, Window, WindowMaker

Floats = npt.NDArray[np.float32]

#: Share of the teacher in the targets; the gold answers have the rest.
SHARE = 0.6

#: Logit of an answer that starts or ends where no token of the teacher does.
NEVER = -1e4


class Taught(NamedTuple):
    """The teacher's output for a window with ``n`` passage tokens.

    Attributes:
        start, end: Probability that the answer starts or ends at the window's first token, which stands for no answer,
            and at each passage token, ``float32 [1 + n]``; each sums to 1.
        answerable: Probability that the window answers.
        evidence: Log-odds that each passage token belongs to evidence, ``float32 [n]``.
    """

    start: Floats
    end: Floats
    answerable: float
    evidence: Floats


class Teacher:
    """A trained reader that labels the windows of another model, which may have another tokenizer.

    Args:
        folder: Folder of a reader that ``rag train`` wrote.
        device: A torch device; chosen as for reading if None.

    Raises:
        InputError: The folder holds no such reader, or one without an output for evidence.
    """

    def __init__(self, folder: Path, device: str | None = None) -> None:
        self._model = SpanModel.load(folder, device)
        self._maker = WindowMaker.load(self._model.folder, self._model.longest)
        [logits] = self._logits([Pair("Who?", "", "Anna.")])
        if logits[1].shape[-1] < OUTPUTS:
            raise InputError(f"{folder}: has no output for evidence; choose a teacher that `rag train` wrote")

    @property
    def fingerprint(self) -> str:
        """Identifies the teacher's weights."""
        return self._model.description.fingerprint

    def read(self, pairs: Sequence[Pair], windows: Sequence[Window]) -> list[Taught]:
        """Label windows.

        Args:
            pairs: Question, title and whole passage of each window.
            windows: Windows of the student, each of the passage of its pair.
        """
        parts = [
            pair._replace(text=pair.text[: window.offsets[-1][1]][window.offsets[0][0] :])
            for pair, window in zip(pairs, windows, strict=True)
        ]
        return [
            _taught(logits, own.offsets + window.offsets[0][0], own.first, window.offsets)
            for (own, logits), window in zip(self._logits(parts), windows, strict=True)
        ]

    def _logits(self, pairs: Sequence[Pair]) -> list[tuple[Window, Floats]]:
        """The teacher's window of each pair, with its logits, ``float32 [tokens, outputs]``."""
        tokens = [self._maker.many([pair.question, pair.title, pair.text]) for pair in pairs]
        # A part of a passage that fills a window of the student may be a few tokens too long for the teacher.
        windows = [self._maker.windows(*each)[0] for each in tokens]
        logits = self._model.engine.run(*padded(windows, self._model.padding))
        return [(window, values[: len(window.ids)]) for window, values in zip(windows, logits, strict=True)]


def _taught(logits: Floats, own: Ints, first: int, offsets: Ints) -> Taught:
    """Carry a window's logits over to the tokens of another tokenizer.

    Args:
        logits: ``float32 [tokens, outputs]`` of the teacher's window.
        own: Offsets of its passage tokens, from ``first`` on.
        first: Position of its first passage token.
        offsets: Offsets of the student's passage tokens, ``int32 [n, 2]``.
    """
    inside = logits[first : first + len(own)]
    starts = dict(zip(own[:, 0].tolist(), inside[:, START].tolist(), strict=True))
    ends = dict(zip(own[:, 1].tolist(), inside[:, END].tolist(), strict=True))
    around = np.clip(np.searchsorted(own[:, 0], offsets[:, 0], side="right") - 1, 0, None)
    return Taught(
        _softmax([float(logits[0, START]), *(starts.get(at, NEVER) for at in offsets[:, 0].tolist())]),
        _softmax([float(logits[0, END]), *(ends.get(at, NEVER) for at in offsets[:, 1].tolist())]),
        float(1 / (1 + np.exp(-logits[0, ANSWERABLE]))),
        inside[around, EVIDENCE],
    )


def _softmax(logits: Sequence[float]) -> Floats:
    raised = np.exp(np.array(logits, dtype=np.float32) - max(logits))
    return np.asarray(raised / raised.sum(), dtype=np.float32)
