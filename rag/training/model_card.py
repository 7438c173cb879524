"""What stands beside the weights: ``reader.json`` for programs, and a model card for people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from ..errors import InputError
from ..reading.model import WEIGHTS, Description
from .examples import Examples, Split
from .loop import Point, Recipe
from .measure import Estimate, Reading

SETTINGS, CARD = "reader.json", "README.md"

WEAKNESSES = """\
- English only, and prose: tables, code and lists are read as running text.
- It points at words; it neither adds figures up nor draws a conclusion from two sentences.
- A passage that is about the right thing and does not say what was asked still tempts it: see the AUROC above, 0.5
  being chance. What the assistant says of its confidence has been fitted with that in view; the score alone has not.
- Of two passages that say different things it prefers the one in words nearer to the question, not the truer one.
- It has seen no question longer than a sentence or two.
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file that was learnt from.

    Attributes:
        name: Without its folder.
        sha256: Of its bytes.
        licence: As the user stated it.
        learnt, held_back: Its counts of passages, questions and unanswerable questions, by what they were for.
    """

    name: str
    sha256: str
    licence: str
    learnt: Mapping[str, int]
    held_back: Mapping[str, int]


def files(paths: Sequence[Path], split: Split, licences: Mapping[str, str]) -> list[File]:
    """The files with their counts."""
    nothing: Mapping[str, int] = {}
    learnt, held = split.training.counts(), [part.counts() for part in (split.development, split.test)]
    return [
        File(
            path.name,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            licences.get(path.name, "not stated"),
            dict(learnt.get(number, nothing)),
            {
                key: sum(counts.get(number, nothing).get(key, 0) for counts in held)
                for key in ("passages", "questions", "unanswerable")
            },
        )
        for number, path in enumerate(paths)
    ]


def by_file(paths: Sequence[Path], examples: Examples) -> dict[str, Examples]:
    """The examples of each file that has any."""
    found = {}
    for number, path in enumerate(paths):
        part = examples.of(passage.article for passage in examples.passages if passage.file == number)
        if part.examples:
            found[path.name] = part
    return found


@dataclass(frozen=True, slots=True)
class Start:
    """The run that made the weights which another one began with; attributes as those of ``Run``."""

    command: str
    fingerprint: str
    hours: float
    hardware: str
    start: Mapping[str, object] | None


def start(folder: Path | None) -> Start | None:
    """The run that wrote a reader's folder; None where there is none, or nobody knows of it."""
    if folder is None or not (folder / SETTINGS).exists():
        return None
    try:
        values = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        fingerprint = values["description"]["fingerprint"]
        return Start(values["command"], fingerprint, values["hours"], values["hardware"], values.get("start"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(f"{folder / SETTINGS}: not as `rag train` wrote it; delete it to go without it") from error


@dataclass(frozen=True, slots=True)
class Run:
    """A training run that is over.

    Attributes:
        command: The command line that does it again.
        start: The run before, where one reader was trained further.
        recipe: Its settings.
        files: What was learnt from.
        description: Of the weights.
        hours: That it took.
        hardware: On what.
        curve: What it reached on the development articles after each epoch.
        figures: Of each file, what the weights as they were written reach on its test articles.
    """

    command: str
    start: Start | None
    recipe: Recipe
    files: list[File]
    description: Description
    hours: float
    hardware: str
    curve: list[Point]
    figures: Mapping[str, Reading]


def write(run: Run, folder: Path) -> None:
    """Write ``reader.json`` and the model card."""
    values = {"version": version("rag"), **asdict(run)}
    (folder / SETTINGS).write_text(json.dumps(values, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    (folder / CARD).write_text(_card(run), encoding="utf-8")


def _card(run: Run) -> str:
    description = run.description
    return f"""\
# A reader: the span model of `rag`

Given a question and a passage, under the title of its document, it points at the words of the passage that answer, or
at none. It is the transformer
of {description.encoder} with three outputs a token (start, end, and at `[CLS]` whether the passage answers at all),
trained by `rag train`. `{WEIGHTS}` holds its weights in half precision without the word embeddings, which are the
embedder's own and were not changed. Fingerprint of the weights {description.fingerprint}, of those word embeddings
{description.words}.

## What it learnt from

| file | licence | passages | questions | of them unanswerable | held back |
| --- | --- | --- | --- | --- | --- |
{"".join(_file_row(file) for file in run.files)}
"Held back" are questions of whole articles, none of which was learnt from: some to watch the training by, the others
for the figures below. Beside these unanswerable questions, each epoch makes others: questions with a passage that
retrieval ranks high and that does not answer, and questions twisted so that their passage answers them no longer.

## How

    {run.command}

{_start(run.start)}{run.hours:.1f} hours on {run.hardware}. All settings are in `{SETTINGS}`.

On the development articles, the paragraph given:

| epoch | loss | exact match | F1 | AUROC |
| --- | --- | --- | --- | --- |
{"".join(_curve_row(point) for point in run.curve)}
## How well it reads

The paragraph given, articles never learnt from, 95% bootstrap intervals. AUROC: does the score of the best span tell
answerable from unanswerable questions?

| held-back articles of | questions | exact match | F1 | unanswerable | AUROC |
| --- | --- | --- | --- | --- | --- |
{"".join(_figure_row(name, reading) for name, reading in run.figures.items())}
## Known weaknesses

{WEAKNESSES}"""


def _start(start: Start | None) -> str:
    if start is None:
        return ""
    return (
        f"It began with the weights {start.fingerprint}, which came of {start.hours:.1f} hours on {start.hardware}:\n\n"
        f"    {start.command}\n\n"
    )


def _file_row(file: File) -> str:
    learnt = file.learnt
    return (
        f"| {file.name} | {file.licence} | {learnt.get('passages', 0):,} | {learnt.get('questions', 0):,} "
        f"| {learnt.get('unanswerable', 0):,} | {file.held_back['questions']:,} |\n"
    )


def _curve_row(point: Point) -> str:
    reading = point.reading
    figures = (reading.exact_match, reading.f1, reading.auroc) if reading else ()
    return f"| {point.epoch} | {point.loss:.3f} | {' | '.join(_value(figure) for figure in figures)} |\n"


def _figure_row(name: str, reading: Reading) -> str:
    return (
        f"| {name} | {reading.answerable:,} | {_with_interval(reading.exact_match)} | {_with_interval(reading.f1)} "
        f"| {reading.unanswerable:,} | {_with_interval(reading.auroc)} |\n"
    )


def _value(figure: Estimate) -> str:
    return "–" if figure.value != figure.value else f"{figure.value:.3f}"


def _with_interval(figure: Estimate) -> str:
    if figure.value != figure.value:
        return "–"
    return f"{figure.value:.3f} ({figure.interval.low:.3f}–{figure.interval.high:.3f})"
