"""Description of trained weights: ``reader.json`` for programs and a model card for people."""

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
- It knows English prose only. It reads tables, code and lists as running text.
- It marks words. It does not add figures up, and it draws no conclusion from two sentences.
- A passage on the right subject that does not say what was asked still tempts it: see the AUROC above, where 0.5 is
  chance. The assistant's confidence was fitted with that in view; the score alone was not.
- Of two passages that contradict each other it prefers the one worded like the question, not the true one.
- It has seen no question longer than two sentences.
"""


@dataclass(frozen=True, slots=True)
class File:
    """A file of training data.

    Attributes:
        name: File name without its folder.
        sha256: Hash of the file.
        licence: Licence as the user stated it.
        learnt, held_back: Counts of passages, questions and unanswerable questions, in training and kept out of it.
    """

    name: str
    sha256: str
    licence: str
    learnt: Mapping[str, int]
    held_back: Mapping[str, int]


def files(paths: Sequence[Path], split: Split, licences: Mapping[str, str]) -> list[File]:
    """Describe the files, with their counts in each part of the split."""
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
    """Group examples by file name; files without examples are left out."""
    found = {}
    for number, path in enumerate(paths):
        part = examples.of(passage.article for passage in examples.passages if passage.file == number)
        if part.examples:
            found[path.name] = part
    return found


@dataclass(frozen=True, slots=True)
class Start:
    """The run that made the weights from which another run started; attributes as in ``Run``."""

    command: str
    fingerprint: str
    hours: float
    hardware: str
    start: Mapping[str, object] | None


def start(folder: Path | None) -> Start | None:
    """Read the run that wrote a reader's folder; None if there is no folder or it does not describe one.

    Raises:
        InputError: ``reader.json`` is damaged.
    """
    if folder is None or not (folder / SETTINGS).exists():
        return None
    try:
        values = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        fingerprint = values["description"]["fingerprint"]
        return Start(values["command"], fingerprint, values["hours"], values["hardware"], values.get("start"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder / SETTINGS}: not written by `rag train`; delete it to leave the earlier run off the card"
        ) from error


@dataclass(frozen=True, slots=True)
class Run:
    """A finished training run.

    Attributes:
        command: Command line that repeats it.
        start: The earlier run whose weights it started from; None if it started from the embedder.
        recipe: Training settings.
        files: Training data.
        description: Description of the weights.
        hours: Training time.
        hardware: Hardware it ran on.
        curve: Figures on the development articles after each epoch.
        figures: Figures of the saved weights on each file's test articles, by file name.
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
# Model card: a span reader of `rag`

Given a question, a passage and the title of its document, the reader marks the words of the passage that answer, or
none. It is the transformer of {description.encoder} with three outputs a token: start, end, and at `[CLS]` whether the
passage answers at all. `rag train` fitted it. `{WEIGHTS}` holds the weights in half precision, without the word
embeddings, which are the embedder's own, unchanged. Fingerprint of the weights: {description.fingerprint}; of the word
embeddings: {description.words}.

## Licence

The weights derive from {description.encoder} and from the training data below. Before you share them, choose a licence
that both allow; share-alike data (CC BY-SA) require the same licence.

## Training data

| file | licence | passages | questions | unanswerable | held back |
| --- | --- | --- | --- | --- | --- |
{"".join(_file_row(file) for file in run.files)}
"Held back" counts the questions of whole articles that were kept out of training, some to choose by during training,
the others for the figures below. Each epoch adds more unanswerable examples: questions with a passage that ranks high
and does not answer, and questions changed so that their passage no longer answers them.

## Training

    {run.command}

{_start(run.start)}This run took {run.hours:.1f} hours on {run.hardware}. All settings are in `{SETTINGS}`.

On the development articles, with the paragraph given:

| epoch | loss | exact match | F1 | AUROC |
| --- | --- | --- | --- | --- |
{"".join(_curve_row(point) for point in run.curve)}
## Evaluation

The paragraph is given, from articles kept out of training, with 95% bootstrap intervals. AUROC says how well the score
of the best span separates answerable from unanswerable questions.

| held-back articles of | answerable | exact match | F1 | unanswerable | AUROC |
| --- | --- | --- | --- | --- | --- |
{"".join(_figure_row(name, reading) for name, reading in run.figures.items())}
## Known weaknesses

{WEAKNESSES}"""


def _start(start: Start | None) -> str:
    if start is None:
        return ""
    return (
        f"It started from the weights {start.fingerprint}, which took {start.hours:.1f} hours on {start.hardware}:\n\n"
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
    cells = [_value(each) for each in (reading.exact_match, reading.f1, reading.auroc)] if reading else ["–"] * 3
    return f"| {point.epoch} | {point.loss:.3f} | {' | '.join(cells)} |\n"


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
