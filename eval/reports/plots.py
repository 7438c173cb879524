"""Plots of a run, as SVG elements that take their colours from the page."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ..scoring.metrics import risk_coverage
from ..scoring.results import Results
from ..scoring.suite import CUTOFFS

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Placeholder colours, replaced by CSS values, which matplotlib does not accept.
INK, ACCENT, MARK = "#010203", "#010204", "#010205"
CSS_COLOURS = {INK: "currentColor", ACCENT: "var(--accent)", MARK: "var(--answer)"}


def recall_plot(results: Results) -> str:
    """Recall by cutoff, with 95% intervals."""
    figures = results.figures()
    points = [(k, f) for k in CUTOFFS if (f := figures.get(f"recall@{k}")) and f.value is not None]

    def draw(axes: Axes) -> None:
        values = [f.value or 0.0 for _, f in points]
        below = [v - (v if f.low is None else f.low) for v, (_, f) in zip(values, points, strict=True)]
        above = [(v if f.high is None else f.high) - v for v, (_, f) in zip(values, points, strict=True)]
        axes.errorbar(range(len(points)), values, yerr=[below, above], color=ACCENT, marker="o", capsize=3)
        axes.set_xticks(range(len(points)), [str(k) for k, _ in points])
        axes.set_ylim(min(0.5, *values, 1.0) - 0.02, 1.02)
        axes.set(xlabel="passages retrieved (k)", ylabel="recall@k")

    return _svg(draw) if points else ""


def risk_coverage_plot(results: Results) -> str:
    """Risk-coverage curve, with the operating point."""
    curve = risk_coverage([o.confidence for o in results.outcomes], [o.right for o in results.outcomes])
    answered = [o for o in results.outcomes if o.answered]

    def draw(axes: Axes) -> None:
        axes.step(curve.coverage, curve.risk, where="post", color=ACCENT)
        if answered:
            wrong = sum(not o.right for o in answered) / len(answered)
            axes.plot(
                [len(answered) / len(results.outcomes)], [wrong], "o", color=MARK, markersize=9, markeredgecolor=INK
            )
        axes.set(xlim=(0, 1), ylim=(0, 1), xlabel="coverage (questions answered)", ylabel="risk (answers wrong)")

    return _svg(draw)


def reliability_plot(results: Results) -> str:
    """Reliability diagram; point sizes show the number of questions."""
    table = results.reliability()

    def draw(axes: Axes) -> None:
        axes.plot([0, 1], [0, 1], color=INK, linewidth=0.8, linestyle=":")
        sizes = [20 + 600 * row.questions / len(results.outcomes) for row in table]
        axes.plot([row.confidence for row in table], [row.accuracy for row in table], color=ACCENT, linewidth=1)
        axes.scatter(
            [row.confidence for row in table], [row.accuracy for row in table], s=sizes, color=ACCENT, alpha=0.7
        )
        axes.set(xlim=(0, 1), ylim=(0, 1.02), xlabel="mean confidence", ylabel="accuracy")

    return _svg(draw)


def latency_plot(results: Results) -> str:
    """Histogram of the time per question."""
    milliseconds = [1000 * o.total for o in results.outcomes]

    def draw(axes: Axes) -> None:
        axes.hist(milliseconds, bins=30, color=ACCENT)
        axes.set(xlabel="time to answer (ms)", ylabel="questions")

    return _svg(draw)


def _svg(draw: Callable[[Axes], None]) -> str:
    from matplotlib.figure import Figure

    with _style():
        figure = Figure(figsize=(4.6, 3.0), layout="constrained")
        axes = figure.add_subplot()
        axes.spines[["top", "right"]].set_visible(False)
        draw(axes)
        buffer = io.StringIO()
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    for placeholder, css in CSS_COLOURS.items():
        svg = svg.replace(placeholder, css)
    return svg


@contextmanager
def _style() -> Iterator[None]:
    import matplotlib as mpl

    colours = dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color", "ytick.color"), INK)
    # Text stays text, in the page's font; the fixed salt makes the SVG reproducible.
    style: dict[Any, Any] = {**colours, "svg.fonttype": "none", "svg.hashsalt": "rag", "font.size": 10}
    with mpl.rc_context(style):
        yield
