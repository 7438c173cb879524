"""A self-contained HTML report of a run: figures, plots, slices and a question browser."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path
from typing import Any

from rag import Document, Passage
from rag.text.plural import counted
from rag.text.segmentation import paragraphs

from ..scoring.bootstrap import Figure
from ..scoring.measures import BY_KEY
from ..scoring.results import Results, is_timing, write_text
from ..scoring.suite import CAUSES, Trial, passage_relevance
from . import plots
from .table import number, title_of

#: Hits shown per question.
SHOWN_HITS = 5

PLOTS = (
    ("Recall by passages retrieved", plots.recall_plot),
    ("Risk and coverage", plots.risk_coverage_plot),
    ("Reliability of the confidence", plots.reliability_plot),
    ("Time to answer", plots.latency_plot),
)


def write_report(results: Results, trials: Sequence[Trial], documents: Mapping[str, Document], folder: Path) -> None:
    """Write ``report.html`` and ``results.json``.

    Args:
        results: The run.
        trials: The trials behind the outcomes, in the same order.
        documents: The indexed documents, by id.
        folder: Created if missing.

    Raises:
        InputError: The folder cannot be written to.
    """
    results.write(folder / "results.json")
    write_text(folder / "report.html", render(results, trials, documents))


def render(results: Results, trials: Sequence[Trial], documents: Mapping[str, Document]) -> str:
    """The report as HTML."""
    from jinja2 import Environment, StrictUndefined

    templates = resources.files(__package__) / "templates"
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"counted": counted, "number": number, "interval": _interval}
    template = environment.from_string((templates / "report.html").read_text(encoding="utf-8"))
    figures = results.figures()
    drawn = ((title, plot(results)) for title, plot in PLOTS)
    return template.render(
        title=title_of(results),
        results=results,
        date=datetime.now(UTC).date().isoformat(),
        style=(templates / "report.css").read_text(encoding="utf-8"),
        script=(templates / "report.js").read_text(encoding="utf-8"),
        headline=[(BY_KEY[key], figure) for key, figure in figures.items() if BY_KEY[key].headline],
        others=[(BY_KEY[key], figure) for key, figure in figures.items() if not BY_KEY[key].headline],
        is_timing=is_timing,
        causes=[(cause, count, CAUSES[cause]) for cause, count in results.causes().items()],
        plots=[(title, svg) for title, svg in drawn if svg],
        slices=results.slices(),
        labels=[BY_KEY[key].label for key in (results.slices()[0].figures if results.slices() else ())],
        data=_script_safe(_browser_data(results, trials, documents)),
    )


def _browser_data(results: Results, trials: Sequence[Trial], documents: Mapping[str, Document]) -> dict[str, Any]:
    """Data of the question browser; texts are stored once and referred to by number."""
    texts = _Texts(documents)
    questions = []
    for outcome, trial in zip(results.outcomes, trials, strict=True):
        best = trial.result.answers[0] if trial.result.answers else None
        shown = [texts.around(gold.document, gold.start, gold.end) for gold in trial.question.golds]
        if best:
            shown.insert(0, texts.around(best.document, best.start, best.end))
        hits = [hit.passage for hit in trial.hits or trial.result.hits][:SHOWN_HITS]
        questions.append({
            "id": outcome.id, "text": outcome.text, "kind": outcome.kind, "tags": outcome.tags,
            "cause": outcome.cause or "", "rank": outcome.rank, "golds": list(dict.fromkeys(outcome.golds)),
            "best": outcome.best, "answered": outcome.answered, "confidence": round(outcome.confidence, 3),
            "given": [best.document, best.start, best.end] if best else None,
            "marks": [[gold.document, gold.start, gold.end] for gold in trial.question.golds],
            "shown": list(dict.fromkeys(shown)),
            "hits": [[texts.passage(hit), passage_relevance(hit, trial.question.golds) > 0] for hit in hits],
        })  # fmt: skip
    return {"texts": texts.all, "questions": questions}


class _Texts:
    """Numbered excerpts of documents, each ``[document, title, start, text]``."""

    def __init__(self, documents: Mapping[str, Document]) -> None:
        self.all: list[tuple[str, str, int, str]] = []
        self._documents = documents
        self._numbers: dict[tuple[str, int, int], int] = {}

    def passage(self, passage: Passage) -> int:
        return self._number(passage.document_id, passage.start, passage.end)

    def around(self, document_id: str, start: int, end: int) -> int:
        """The paragraphs that overlap the span."""
        document = self._documents[document_id]
        inside = [e for e in paragraphs(document.text, document.body) if e.start < end and start < e.end]
        return self._number(document_id, inside[0].start if inside else start, inside[-1].end if inside else end)

    def _number(self, document_id: str, start: int, end: int) -> int:
        key = (document_id, start, end)
        if key not in self._numbers:
            self._numbers[key] = len(self.all)
            document = self._documents[document_id]
            self.all.append((document_id, document.title, start, document.text[start:end]))
        return self._numbers[key]


def _script_safe(value: object) -> Any:
    """JSON for a script element; no text in it can close the element."""
    from markupsafe import Markup

    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def _interval(figure: Figure) -> str:
    return "" if figure.low is None or figure.high is None else f"{figure.low:.3f} to {figure.high:.3f}"
