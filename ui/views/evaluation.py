"""What an evaluation found, as HTML: its figures, its plots, and the questions that failed."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from urllib.parse import urlencode

import numpy as np
from rag.eval.reports.plots import latency_plot, recall_plot, reliability_plot, risk_coverage_plot
from rag.eval.reports.report import PLOTS
from rag.eval.reports.table import interval, number
from rag.eval.scoring.measures import BY_KEY, Figure
from rag.eval.scoring.metrics import risk_coverage
from rag.eval.scoring.results import Results
from rag.eval.scoring.suite import CAUSES, CUTOFFS, Outcome

from ..services.evaluation_jobs import Report
from .highlight import escape
from .messages import counted

#: Failures, and reasons for leaving questions out, that are listed.
LISTED = 200

#: The style sheet within a plot, which would be one of the whole page.
STYLE = re.compile(r"<style.*?</style>", re.DOTALL)


def report_html(report: Report) -> str:
    """The headline, all figures with their 95% intervals, and the plots, each with what it shows in words."""
    results, figures = report.results, report.figures
    headline = {key: figure for key, figure in figures.items() if BY_KEY[key].headline}
    others = {key: figure for key, figure in figures.items() if not BY_KEY[key].headline}
    plots = "".join(_plot(number, title, svg, report) for number, (title, svg) in enumerate(report.plots.items()))
    return (
        f'<div class="evaluation">{_handled(results, figures)}{_table("Headline figures", headline)}'
        f"<details><summary>All other figures</summary>{_table('All other figures', others)}</details>"
        f'<div class="plots">{plots}</div></div>'
    )


def failures_html(results: Results, collection: str, cause: str = "") -> str:
    """The questions that failed: wrong answers first, the surest one before the others.

    Args:
        results: Of the evaluation.
        collection: The id of the collection that was asked, for the links.
        cause: Only those that failed at this stage; all where it is empty.
    """
    failed = [outcome for outcome in results.outcomes if outcome.cause and cause in ("", outcome.cause)]
    if not failed:
        return '<p class="hint">No question failed.</p>'
    worst = sorted(failed, key=lambda outcome: (not outcome.answered, -outcome.confidence))
    items = "".join(_failure(outcome, collection) for outcome in worst[:LISTED])
    more = f" These are the first {LISTED}." if len(worst) > LISTED else ""
    return (
        f'<p class="quiet" role="status">{counted(len(worst), "question")} failed, wrong answers that were given with '
        f'most confidence first.{more}</p><ol class="failures">{items}</ol>'
    )


def _handled(results: Results, figures: Mapping[str, Figure]) -> str:
    """The one figure to remember, in words."""
    right, figure = sum(outcome.handled for outcome in results.outcomes), figures["handled"]
    between = f", 95% interval {figure.low:.0%} to {figure.high:.0%}" if figure.low is not None and figure.high else ""
    return (
        f'<p class="handled"><b>{figure.value or 0:.0%}</b> handled right: {right:,} of '
        f"{counted(len(results.outcomes), 'question')}{between}. {results.answerable:,} of them can be answered from "
        "the documents; for the others “not found” is right.</p>"
    )


def _table(caption: str, figures: Mapping[str, Figure]) -> str:
    rows = "".join(_figure(key, figure) for key, figure in figures.items())
    return (
        f'<table class="rows figures"><caption class="unseen">{caption}</caption><thead><tr><th scope="col">figure</th>'
        '<th scope="col" class="n">value</th><th scope="col">95% interval</th><th scope="col" class="n">questions</th>'
        f"</tr></thead><tbody>{rows}</tbody></table>"
    )


def _figure(key: str, figure: Figure) -> str:
    measure = BY_KEY[key]
    less = "" if measure.higher_is_better else " <small>less is better</small>"
    return (
        f'<tr><th scope="row">{escape(measure.label)}{less}</th><td class="n">{number(figure.value)}</td>'
        f'<td>{interval(figure)}</td><td class="n">{figure.count:,}</td></tr>'
    )


def _plot(at: int, title: str, svg: str, report: Report) -> str:
    says = SAYS[dict(PLOTS)[title]](report)
    drawn = STYLE.sub("", svg).replace("<svg", '<svg aria-hidden="true"', 1)
    return (
        f'<figure><div role="img" aria-labelledby="plot-{at}">{drawn}</div>'
        f'<figcaption id="plot-{at}"><b>{escape(title)}</b> {escape(says)}</figcaption></figure>'
    )


def _recall_says(report: Report) -> str:
    found = [(k, figure.value) for k in CUTOFFS if (figure := report.figures[f"recall@{k}"]).value is not None]
    shares = ", ".join(f"{value:.0%} in the first {k}" for k, value in found)
    return f"The right words stand among the passages that were found: {shares}."


def _risk_says(report: Report) -> str:
    outcomes = report.results.outcomes
    answered = [outcome for outcome in outcomes if outcome.answered]
    wrong = sum(not outcome.right for outcome in answered) / max(len(answered), 1)
    curve = risk_coverage([o.confidence for o in outcomes], [o.right for o in outcomes])
    half = float(curve.risk[int(np.argmin(np.abs(curve.coverage - 0.5)))])
    return (
        f"{len(answered) / len(outcomes):.0%} of the questions were answered, and {wrong:.0%} of these answers are "
        f"wrong (the dot). If only the surest half were answered, {half:.0%} would be wrong."
    )


def _reliability_says(report: Report) -> str:
    error = report.figures["ece"].value
    return (
        "On the dotted line, what is said is what comes true. "
        f"On average the two are {100 * (error or 0):.0f} percentage points apart."
    )


def _latency_says(report: Report) -> str:
    half, most = (report.figures[key].value or 0 for key in ("total_p50", "total_p95"))
    return f"Half of the answers took at most {half:.2f} seconds, 95% at most {most:.2f}."


#: What each plot shows, in words.
SAYS: dict[Callable[[Results], str], Callable[[Report], str]] = {
    recall_plot: _recall_says,
    risk_coverage_plot: _risk_says,
    reliability_plot: _reliability_says,
    latency_plot: _latency_says,
}


def _failure(outcome: Outcome, collection: str) -> str:
    likely = f"{outcome.confidence:.0%} likely to be right"
    if outcome.answered:
        said = f"<b>{escape(outcome.best)}</b>, said to be {likely}"
    else:
        said = "not found" + (f"; withheld: <b>{escape(outcome.best)}</b>, {likely}" if outcome.best else "")
    right = " or ".join(f"<b>{escape(gold)}</b>" for gold in dict.fromkeys(outcome.golds))
    right = f"{right} in <code>{escape(outcome.document)}</code>" if right else "not found: no document answers"
    cause = outcome.cause or ""
    link = escape("?" + urlencode({"q": outcome.text, "collection": collection}))
    return (
        f"<li><h3>{escape(outcome.text)}</h3><dl><dt>Said</dt><dd>{said}</dd><dt>Right</dt><dd>{right}</dd>"
        f"<dt>Failed at</dt><dd>{escape(cause)}: {escape(CAUSES[cause])}</dd></dl>"
        f'<a href="{link}" target="_blank" rel="noopener">Ask it again<span class="unseen"> in a new tab</span></a>'
        "</li>"
    )
