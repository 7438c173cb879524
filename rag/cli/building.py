"""Building an index from the terminal: the engine, the run, and its summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..embedding.encoder import Encoder
from ..embedding.engines.openvino_engine import openvino_problem
from ..index import Changes, build_index
from ..sources.remote import Location
from .common import err
from .progress import progress_bars
from .show_index import changes_table


def show_engine(encoder: Encoder) -> None:
    """Print what runs the models to standard error, and why it is not OpenVINO, if that is missing."""
    engine = getattr(encoder, "engine", "")
    problem = openvino_problem() if engine == "torch, cpu" else None
    if engine:
        err.print(f"engine: {engine}" + (f"; {problem}" if problem else ""))


def build_and_show(paths: Sequence[Location], folder: Path) -> None:
    """Index paths with the default options: a progress bar, then the summary, on standard error."""
    with progress_bars() as report:
        changes = build_index(paths, folder, report=report)
    show_changes(changes)


def show_changes(changes: Changes) -> None:
    """Print the summary of an index run to standard error."""
    err.print(changes_table(changes))
