"""The Evaluate tab as HTML: the questions, the progress, the figures, the plots and the failures."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

import numpy as np
from markupsafe import Markup
from rag.eval.reports.plots import latency_plot, recall_plot, reliability_plot, risk_coverage_plot
from rag.eval.reports.report import PLOTS
from rag.eval.reports.table import interval, number
from rag.eval.scoring.bootstrap import Figure
from rag.eval.scoring.measures import BY_KEY
from rag.eval.scoring.metrics import risk_coverage
from rag.eval.scoring.results import Results
from rag.eval.scoring.suite import CAUSES, CUTOFFS, Outcome

from ..services.evaluation_jobs import Evaluation, QuestionSet, Report, State
from .render import render

#: Failures, and reasons for leaving questions out, that are listed.
LISTED = 200

#: The style sheet inside a plot, which would apply to the whole page.
STYLE = re.compile(r"<style.*?</style>", re.DOTALL)


@dataclass(frozen=True, slots=True)
class FigureRow:
    """A row of the table of figures."""

    label: str
    lower_is_better: bool
    value: str
    interval: str
    count: int


@dataclass(frozen=True, slots=True)
class Plot:
    """A plot, its title, and what it shows in words."""

    title: str
    svg: Markup
    caption: str


def introduction_html() -> str:
    """What an evaluation does."""
    return render("evaluation_introduction")


def no_questions_html() -> str:
    """How to get questions with known answers."""
    return render("evaluation_no_questions")


def question_set_html(questions: QuestionSet) -> str:
    """The number of questions, and why others are left out."""
    return render("question_set", questions=questions, left_out=questions.left_out[:LISTED])


def running_html(evaluation: Evaluation, state: State) -> str:
    """The progress of an evaluation."""
    return render("evaluation_running", evaluation=evaluation, state=state)


def ended_html(evaluation: Evaluation, is_outdated: bool) -> str:
    """How an evaluation ended.

    Args:
        evaluation: An evaluation that has ended.
        is_outdated: Whether the index has changed since.
    """
    return render("evaluation_ended", evaluation=evaluation, state=evaluation.state(), is_outdated=is_outdated)


def report_html(report: Report) -> str:
    """The headline, the figures with their 95% intervals, and the plots with captions."""
    results, figures = report.results, report.figures
    return render(
        "evaluation_report",
        handled=figures["handled"],
        right=sum(outcome.handled for outcome in results.outcomes),
        total=len(results.outcomes),
        answerable=results.answerable,
        headline=_rows(figures, headline=True),
        others=_rows(figures, headline=False),
        plots=[_plot(title, svg, report) for title, svg in report.plots.items()],
    )


def failures_html(results: Results, collection: str, cause: str = "") -> str:
    """The questions that failed: wrong answers first, the most confident ones before the others.

    Args:
        results: Results of the evaluation.
        collection: Id of the evaluated collection, for the links.
        cause: Show only questions that failed at this stage; all if empty.
    """
    failed = [outcome for outcome in results.outcomes if outcome.cause and cause in ("", outcome.cause)]
    worst = sorted(failed, key=lambda outcome: (not outcome.answered, -outcome.confidence))
    return render(
        "evaluation_failures",
        total=len(worst),
        failures=[(outcome, _link(outcome, collection)) for outcome in worst[:LISTED]],
        causes=CAUSES,
        limit=LISTED,
    )


def _rows(figures: Mapping[str, Figure], headline: bool) -> list[FigureRow]:
    return [
        FigureRow(
            BY_KEY[key].label, not BY_KEY[key].higher_is_better, number(figure.value), interval(figure), figure.count
        )
        for key, figure in figures.items()
        if BY_KEY[key].headline is headline
    ]


def _plot(title: str, svg: str, report: Report) -> Plot:
    drawn = STYLE.sub("", svg).replace("<svg", '<svg aria-hidden="true"', 1)
    return Plot(title, Markup(drawn), CAPTIONS[dict(PLOTS)[title]](report))


def _recall_caption(report: Report) -> str:
    found = [(k, figure.value) for k in CUTOFFS if (figure := report.figures[f"recall@{k}"]).value is not None]
    shares = ", ".join(f"{value:.0%} in the first {k}" for k, value in found)
    return f"The right words are among the retrieved passages: {shares}."


def _risk_caption(report: Report) -> str:
    outcomes = report.results.outcomes
    answered = [outcome for outcome in outcomes if outcome.answered]
    wrong = sum(not outcome.right for outcome in answered) / max(len(answered), 1)
    curve = risk_coverage([o.confidence for o in outcomes], [o.right for o in outcomes])
    at_half = float(curve.risk[int(np.argmin(np.abs(curve.coverage - 0.5)))])
    return (
        f"{len(answered) / len(outcomes):.0%} of the questions were answered, and {wrong:.0%} of these answers are "
        f"wrong (the dot). If only the most confident half were answered, {at_half:.0%} would be wrong."
    )


def _reliability_caption(report: Report) -> str:
    error = report.figures["ece"].value
    return (
        "On the dotted line, confidence equals accuracy. "
        f"On average the two differ by {100 * (error or 0):.0f} percentage points."
    )


def _latency_caption(report: Report) -> str:
    median, p95 = (report.figures[key].value or 0 for key in ("total_p50", "total_p95"))
    return f"Half of the answers took at most {median:.2f} seconds, 95% at most {p95:.2f}."


#: What each plot shows, in words.
CAPTIONS: dict[Callable[[Results], str], Callable[[Report], str]] = {
    recall_plot: _recall_caption,
    risk_coverage_plot: _risk_caption,
    reliability_plot: _reliability_caption,
    latency_plot: _latency_caption,
}


def _link(outcome: Outcome, collection: str) -> str:
    """The link that asks a question again."""
    return "?" + urlencode({"q": outcome.text, "collection": collection})
