"""Results as tables for a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.table import Table

from rag.text.plural import counted
from rag.text.printable import printable

from ..scoring.bootstrap import Figure
from ..scoring.gate import Comparison
from ..scoring.measures import BY_KEY
from ..scoring.results import Results
from ..scoring.suite import CAUSES, Outcome
from ..scoring.sweep import COMPARED, Row


def summary_table(results: Results) -> Table:
    """All figures with 95% intervals and question counts; "-" if undefined."""
    table = _table(title_of(results), "figure", ">value", "95% interval", ">questions")
    for key, figure in results.figures().items():
        table.add_row(BY_KEY[key].label, number(figure.value), interval(figure), str(figure.count))
    return table


def causes_table(results: Results) -> Table:
    """Number of failed questions by cause."""
    table = _table(f"{counted(sum(results.causes().values()), 'question')} failed", "stage", ">questions", "cause")
    for cause, count in results.causes().items():
        table.add_row(cause, str(count), CAUSES[cause])
    return table


def comparison_table(comparison: Comparison, name: str) -> Table:
    """Headline figures before and after; significant regressions are marked "worse"."""
    missing = f"; {comparison.missing} in only one run are ignored" if comparison.missing else ""
    title = f"compared with {name} on {counted(comparison.common, 'common question')}{missing}"
    table = _table(title, "figure", ">before", ">after", "95% interval of the difference", "")
    for d in comparison.differences:
        span = f"{d.low:+.3f} to {d.high:+.3f}" if d.low is not None and d.high is not None else "-"
        table.add_row(d.measure.label, number(d.before), number(d.after), span, "worse" if d.worse else "")
    return table


def changes_table(title: str, outcomes: Sequence[Outcome]) -> Table:
    """Questions that are handled differently than before."""
    table = _table(f"{counted(len(outcomes), 'question')} {title}", "id", "question", "answer", "cause")
    for o in outcomes:
        table.add_row(printable(o.id), printable(o.text), printable(o.given) or "not found", o.cause or "")
    return table


def sweep_table(rows: Sequence[Row], title: str) -> Table:
    """One row per setting, the default first."""
    labels = [f">{BY_KEY[key].label}" for key in COMPARED]
    table = _table(title, "setting", ">passages", *labels)
    for row in rows:
        table.add_row(row.name, str(row.passages), *(f"{number(f.value)} {interval(f)}" for f in row.figures))
    return table


def title_of(results: Results) -> str:
    """Question set, part, mode and counts in one line."""
    part = f", {results.part} part" if results.part else ""
    mode = {"index": "", "table": ", a cell of the table each", "open": ", open", "reading": ", gold paragraph given"}[
        results.mode
    ]
    counts = f"{results.answerable} answerable and {len(results.outcomes) - results.answerable} unanswerable questions"
    return f"{printable(results.file)}{part}{mode}: {counts}{'' if results.complete else ' (interrupted)'}"


def number(value: float | None) -> str:
    """Three decimals, or a dash."""
    return "-" if value is None else f"{value:.3f}"


def interval(figure: Figure) -> str:
    """The interval in parentheses; empty if there is none."""
    return "" if figure.low is None or figure.high is None else f"({figure.low:.3f} to {figure.high:.3f})"


def _table(title: str, *columns: str) -> Table:
    """A plain table; a column name that starts with ``>`` is right-aligned."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for column in columns:
        table.add_column(column.removeprefix(">"), justify="right" if column.startswith(">") else "left")
    return table
