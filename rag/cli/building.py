"""Building an index from the terminal: the engine, the run, and its summary."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..embedding.encoder import Encoder
from ..embedding.engines.openvino_engine import openvino_problem
from ..index import Changes, Shard, Workers, build_index
from ..sources.parse_process import FileLimits
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


def run_build(
    paths: Sequence[Location],
    folder: Path,
    encoder: Encoder | None = None,
    *,
    limits: FileLimits | None = None,
    follow_links: bool = False,
    store: str | None = None,
    workers: Workers | None = None,
    shard: Shard | None = None,
) -> Changes:
    """Run ``build_index`` with a progress bar on standard error."""
    with progress_bars() as report:
        return build_index(
            paths,
            folder,
            encoder,
            report=report,
            limits=limits,
            follow_links=follow_links,
            store=store,
            workers=workers,
            shard=shard,
        )


def show_changes(changes: Changes) -> None:
    """Print the summary of an index run to standard error."""
    err.print(changes_table(changes))
