"""Progress bars on standard error."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from ..index import Pace, Report
from .common import err


class _PaceColumn(ProgressColumn):
    """Speed and time left: those of an index run while it embeds, else the time left as rich estimates it."""

    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace, self._other = pace, TimeRemainingColumn()

    def render(self, task: Task) -> Text:
        """See rich."""
        if task.description != "embedding" or self._pace.speed is None or self._pace.seconds_left is None:
            return self._other.render(task)
        left = timedelta(seconds=round(self._pace.seconds_left))
        return Text(f"{self._pace.speed:,.0f} passages/s, {left} left", style="progress.remaining")


@contextmanager
def progress_bars() -> Iterator[Report]:
    """A report function that draws one bar per stage with the time left; disabled unless stderr is a terminal."""
    pace = Pace()
    columns = (TextColumn("{task.description:>10}"), BarColumn(), MofNCompleteColumn(), _PaceColumn(pace))
    with Progress(*columns, console=err, disable=not err.is_terminal) as progress:
        tasks = {}

        def report(stage: str, done: int, total: int) -> None:
            pace.report(stage, done, total)
            if stage not in tasks:
                tasks[stage] = progress.add_task(stage)
            progress.update(tasks[stage], completed=done, total=total)

        yield report
