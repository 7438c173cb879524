"""Optical character recognition with RapidOCR: the words of an image, and how many images of a file are read.

RapidOCR (PP-OCRv6, ONNX Runtime) comes with its models and downloads nothing. They read Chinese, Japanese and languages
in Latin script. It is the extra ``ocr``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

#: What to install for OCR.
REMEDY = "pip install 'rag[ocr]'"

#: Pages of a file that OCR reads.
MAX_PAGES = 100

#: Longest side of an image that is read, in pixels; that of a page at 200 dpi. Text is located on a smaller copy.
MAX_SIDE, LOCATING_SIDE = 2_400, 1_280


class Word(NamedTuple):
    """A word that was recognized.

    Attributes:
        text: Without whitespace.
        left, top, right, bottom: In pixels from the upper left corner of the image.
    """

    text: str
    left: float
    top: float
    right: float
    bottom: float


@dataclass(frozen=True, slots=True)
class Recognized:
    """A line that was recognized.

    Attributes:
        words: From left to right; not empty.
        score: How sure the engine is of its characters on average, in [0, 1].
    """

    words: tuple[Word, ...]
    score: float


class Allowance:
    """How many pages of a file OCR may still read.

    Args:
        pages: Their number.
        before_page: Called before each.
    """

    def __init__(self, pages: int, before_page: Callable[[], None] = lambda: None) -> None:
        self.pages, self._before_page = pages, before_page
        self.is_available = pages > 0 and is_installed()

    def take(self) -> bool:
        """True if one more page may be read; it is counted."""
        if not self.is_available or not self.pages:
            return False
        self.pages -= 1
        self._before_page()
        return True


_ALLOWANCE: ContextVar[Allowance | None] = ContextVar("allowance", default=None)


def allowance() -> Allowance:
    """How many pages of the file that is being parsed OCR may still read; none outside of ``allowing``."""
    return _ALLOWANCE.get() or Allowance(0)


@contextmanager
def allowing(granted: Allowance) -> Iterator[None]:
    """Files that are parsed in this context share an allowance."""
    token = _ALLOWANCE.set(granted)
    try:
        yield
    finally:
        _ALLOWANCE.reset(token)


def is_installed() -> bool:
    """True if the extra ``ocr`` is installed."""
    return all(find_spec(name) for name in ("rapidocr", "onnxruntime"))


def recognize(image: Any) -> list[Recognized]:
    """The lines on an image, in no particular order.

    Args:
        image: ``uint8 [height, width, 3]``, in blue, green and red.
    """
    found = _engine()(image)
    if found.txts is None or found.boxes is None:
        return []
    parts: Sequence[Any] = found.word_results if len(found.word_results) == len(found.txts) else [()] * len(found.txts)
    lines = zip(found.txts, found.scores, found.boxes.tolist(), parts, strict=True)
    return [Recognized(_words(text, box, each), float(score)) for text, score, box, each in lines if text.strip()]


@cache
def _engine() -> Any:
    import rapidocr

    models = Path(rapidocr.__file__).with_name("models")
    # Named, because RapidOCR downloads models that it takes for missing or changed.
    return rapidocr.RapidOCR(
        params={
            "Global.log_level": "error",
            "Global.max_side_len": MAX_SIDE,
            "Global.return_word_box": True,
            "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            "Det.model_path": str(models / "PP-OCRv6_det_small.onnx"),
            "Det.limit_type": "max",
            "Det.limit_side_len": LOCATING_SIDE,
            # Dilation joins lines that are close to each other and tilted.
            "Det.use_dilation": False,
            "Cls.model_path": str(models / "ch_ppocr_mobile_v2.0_cls_mobile.onnx"),
            "Rec.model_path": str(models / "PP-OCRv6_rec_small.onnx"),
            # Lines read together are padded to the longest one, which takes more time and memory.
            "Rec.rec_batch_num": 1,
        }
    )


def _words(text: str, corners: Sequence[Sequence[float]], parts: Sequence[Any]) -> tuple[Word, ...]:
    """The words of a line with their boxes; with that of the line if its parts do not add up to its text.

    RapidOCR's parts are letters of Chinese and words of other languages, which it also cuts at wide gaps.
    """
    tokens = text.split()
    rest = [(str(part[0]), part[2]) for part in parts]
    if "".join(part for part, _ in rest) != "".join(tokens):
        return tuple(Word(token, *_around(corners)) for token in tokens)
    words = []
    for token in tokens:
        points: list[Sequence[float]] = []
        length = 0
        while length < len(token):
            part, box = rest.pop(0)
            length += len(part)
            points += box
        words.append(Word(token, *_around(points)))
    return tuple(words)


def _around(points: Sequence[Sequence[float]]) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of points."""
    across, down = zip(*points, strict=True)
    return min(across), min(down), max(across), max(down)
