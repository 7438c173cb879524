"""The summary as a table."""

from __future__ import annotations

from rich.table import Table

from .suite import Figure, Summary


def summary_table(summary: Summary, title: str) -> Table:
    """One row a figure, with its 95% interval and the number of questions that it is over; "-" where there is none."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name, justify in (("figure", "left"), ("value", "right"), ("95% interval", "left"), ("questions", "right")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type]
    for k, figure in summary.recall.items():
        _add(table, f"recall@{k}", figure)
    _add(table, "MRR", summary.mrr)
    _add(table, "right sentence", summary.sentence_hit)
    _add(table, "exact match, as answered", summary.exact_match)
    _add(table, "F1, as answered", summary.f1)
    _add(table, "exact match, if always answered", summary.best_exact_match)
    _add(table, "F1, if always answered", summary.best_f1)
    everything = str(summary.answerable + summary.unanswerable)
    for name, value in zip(("precision", "recall", "F1"), summary.abstention, strict=True):
        table.add_row(f"abstention {name}", f"{value:.3f}" if summary.unanswerable else "-", "", everything)
    table.add_row("calibration error (ECE)", f"{summary.calibration_error:.3f}", "", everything)
    table.add_row("seconds, median", f"{summary.seconds_median:.3f}", "", everything)
    table.add_row("seconds, 95th percentile", f"{summary.seconds_p95:.3f}", "", everything)
    return table


def _add(table: Table, name: str, figure: Figure) -> None:
    if not figure.count:
        table.add_row(name, "-", "", "0")
        return
    table.add_row(name, f"{figure.value:.3f}", f"{figure.low:.3f} to {figure.high:.3f}", str(figure.count))
