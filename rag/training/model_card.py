"""Records of a training run: ``reader.json`` for programs, a model card for people."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from ..errors import InputError
from ..reading.weights import WEIGHTS, WORDS, Description
from .examples import Examples, Split
from .loop import Point
from .measure import Estimate, Reading
from .recipe import Recipe

SETTINGS, CARD = "reader.json", "README.md"

WEAKNESSES = """\
- It knows what it was trained on, the files above. It reads tables, code and lists as running text.
- It marks words. It does not add figures up or combine two sentences into a conclusion.
- It may mark words in a passage that is on the right subject but does not answer: see the AUROC above, where 0.5 is
  chance. The assistant's confidence takes this into account; the reader's score alone does not.
- Of two passages that contradict each other it prefers the one worded like the question, not the true one.
- It was trained on no question longer than two sentences.
"""


@dataclass(frozen=True, slots=True)
class DataFile:
    """A file of training data.

    Attributes:
        name: File name without its folder.
        sha256: Hash of the file.
        licence: Licence as stated by the user.
        training: Number of passages, questions and unanswerable questions trained on.
        held_back: The same numbers for the articles kept out of training.
    """

    name: str
    sha256: str
    licence: str
    training: Mapping[str, int]
    held_back: Mapping[str, int]


def describe_files(paths: Sequence[Path], split: Split, licences: Mapping[str, str]) -> list[DataFile]:
    """Describe the data files.

    Args:
        paths: The files, in the order in which they were loaded.
        split: Their examples.
        licences: Licence by file name.
    """
    training = split.training.counts()
    held_back = [part.counts() for part in (split.development, split.test)]
    empty: Mapping[str, int] = {}
    return [
        DataFile(
            path.name,
            hashlib.sha256(path.read_bytes()).hexdigest(),
            licences.get(path.name, "not stated"),
            dict(training.get(number, empty)),
            {
                key: sum(counts.get(number, empty).get(key, 0) for counts in held_back)
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
class EarlierRun:
    """The run whose weights another run started from.

    Attributes:
        command, hours, hardware, start: See ``Run``; ``start`` is an ``EarlierRun`` as JSON.
        fingerprint: Identifies the weights.
    """

    command: str
    fingerprint: str
    hours: float
    hardware: str
    start: Mapping[str, object] | None


def earlier_run(folder: Path | None) -> EarlierRun | None:
    """Read the run that wrote a reader's folder; None without a folder, or if it has no ``reader.json``.

    Raises:
        InputError: ``reader.json`` was not written by ``rag train``.
    """
    if folder is None or not (folder / SETTINGS).exists():
        return None
    try:
        values = json.loads((folder / SETTINGS).read_text(encoding="utf-8"))
        fingerprint = values["description"]["fingerprint"]
        return EarlierRun(values["command"], fingerprint, values["hours"], values["hardware"], values.get("start"))
    except (KeyError, TypeError, ValueError) as error:
        raise InputError(
            f"{folder / SETTINGS}: not written by `rag train`; delete it to leave the earlier run off the card"
        ) from error


@dataclass(frozen=True, slots=True)
class Run:
    """A finished training run.

    Attributes:
        command: The command line.
        start: The run whose weights it started from; None if it started from the embedder.
        teacher: Fingerprint of the teacher's weights; empty without one.
        recipe: Training settings.
        files: Training data.
        description: Description of the weights.
        hours: Training time.
        hardware: Hardware it ran on.
        curve: Figures on the development articles after each epoch.
        figures: Figures of the saved weights on each file's test articles, by file name.
    """

    command: str
    start: EarlierRun | None
    teacher: str
    recipe: Recipe
    files: list[DataFile]
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
none. It is the transformer of {description.encoder} with outputs per token for start, end, whether the passage answers
at all (at the first token), and whether the token belongs to evidence. It was trained with `rag train`. The language of
its questions is `{description.language}`.

{_stored(description)} {_words(description)} Fingerprint of the weights:
{description.fingerprint}.

## Licence

The weights derive from {description.encoder} and from the training data below. Before you share them, choose a licence
that both allow; share-alike data (CC BY-SA) require the same licence.

## Training data

| file | licence | passages | questions | unanswerable | held back |
| --- | --- | --- | --- | --- | --- |
{"".join(_file_row(file) for file in run.files)}
"Held back" counts the questions of whole articles that were kept out of training: development articles, measured after
each epoch, and test articles, for the figures under Evaluation. Each epoch adds more unanswerable examples: questions
with a passage that ranks high and does not answer, and questions changed so that their passage no longer answers them.

## Training

    {run.command}

{_earlier(run.start)}{_teacher(run.teacher)}This run took {run.hours:.1f} hours on {run.hardware}. All settings
are in `{SETTINGS}`.

On the development articles, with the paragraph given:

| epoch | loss | exact match | F1 | AUROC |
| --- | --- | --- | --- | --- |
{"".join(_curve_row(point) for point in run.curve)}
## Evaluation

On the test articles, with the paragraph given and 95% bootstrap intervals. AUROC says how well the score of the best
span separates answerable from unanswerable questions.

| test articles of | answerable | exact match | F1 | unanswerable | AUROC |
| --- | --- | --- | --- | --- | --- |
{"".join(_figure_row(name, reading) for name, reading in run.figures.items())}
## Known weaknesses

{WEAKNESSES}"""


def _stored(description: Description) -> str:
    if description.quantized:
        return f"`{WEIGHTS}` and `{WORDS}` hold its weights, those of its layers as 8-bit integers."
    return f"`{WEIGHTS}` holds its weights in half precision."


def _words(description: Description) -> str:
    if not description.words:
        return "The word embeddings are among them; training did not change them."
    return f"The word embeddings are the embedder's own, unchanged; their fingerprint is {description.words}."


def _earlier(run: EarlierRun | None) -> str:
    if run is None:
        return ""
    return (
        f"It started from the weights {run.fingerprint}, which took {run.hours:.1f} hours on {run.hardware}:\n\n"
        f"    {run.command}\n\n"
    )


def _teacher(fingerprint: str) -> str:
    return f"Its targets are in part the probabilities of the weights {fingerprint}.\n\n" if fingerprint else ""


def _file_row(file: DataFile) -> str:
    training = file.training
    return (
        f"| {file.name} | {file.licence} | {training.get('passages', 0):,} | {training.get('questions', 0):,} "
        f"| {training.get('unanswerable', 0):,} | {file.held_back['questions']:,} |\n"
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
