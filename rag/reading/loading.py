"""Load the models of a reader, side by side: each takes some tenths of a second of one core."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple, TypeVar

from ..embedding.engines.choice import OPENVINO, chosen_engine
from ..embedding.engines.precision import wanted_precision
from ..embedding.engines.torch_engine import torch_device
from .folder import network_folder, second_folder
from .model import SpanModel
from .predictor import SpanPredictor
from .weights import model_files

Loaded = TypeVar("Loaded")


class Predictors(NamedTuple):
    """The models of a reader: the one that reads all passages, and the larger one that reads some again, if any."""

    first: SpanPredictor
    second: SpanPredictor | None


def load_predictors(folder: Path, device: str | None = None) -> Predictors:
    """The models of a reader's folder; they are kept by path, modification time and precision.

    Args:
        folder: The reader's folder; see ``folder``.
        device: Torch device; a graphics card if None and there is one.

    Raises:
        InputError: The folder holds no weights or damaged ones, or this machine has no such device.
    """
    engine = chosen_engine(device)
    resolved = "cpu" if engine == OPENVINO else torch_device(device)
    network = network_folder(folder)
    larger = second_folder(network)
    if not larger:
        return Predictors(_kept(network, engine, resolved), None)
    with ThreadPoolExecutor(1) as thread:
        second = thread.submit(_kept, larger, engine, resolved)
        return Predictors(_kept(network, engine, resolved), second.result())


def load_beside(folder: Path, device: str | None, other: Callable[[], Loaded]) -> Loaded:
    """Load something else while a reader's models load; ``load_predictors`` then has them, or says what is wrong."""
    with ThreadPoolExecutor(1) as thread:
        models: Future[Predictors] = thread.submit(load_predictors, folder, device)
        loaded = other()
        models.exception()
        return loaded


def _kept(folder: Path, engine: str, device: str) -> SpanPredictor:
    modified = tuple(path.stat().st_mtime_ns for path in model_files(folder))
    return _predictor(folder, modified, engine, device, wanted_precision())


@lru_cache(maxsize=4)
def _predictor(folder: Path, modified: tuple[int, ...], engine: str, device: str, precision: str) -> SpanPredictor:
    """A predictor; it depends on all arguments, though the model takes the last one from the environment."""
    return SpanPredictor.of(SpanModel.load(folder, device))
