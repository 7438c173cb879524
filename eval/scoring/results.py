"""Results of a run, and ``results.json``: figures, causes of failure, slices and all outcomes."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from rag import InputError

from .bootstrap import Figure
from .measures import BY_KEY, LATENCY, MEASURES, RETRIEVAL, Measure, figure
from .metrics import Bin, reliability, risk_coverage
from .suite import CAUSES, Outcome

#: Format version of ``results.json``; raised by incompatible changes.
FORMAT = 1

#: Measures of each slice.
SLICED = ("recall@1", "sentence_hit", "f1", "handled")


@dataclass(frozen=True, slots=True)
class Slice:
    """Figures of a subset of the questions; ``by`` is "kind", "tag" or "document"."""

    by: str
    name: str
    count: int
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Results:
    """One run over one question set.

    Attributes:
        file: Name of the question set.
        mode: "index" (questions about an index), "table" (the cells of a table), "open" or "reading" (see ``rag eval
            --help``).
        part: The part of the set that was asked; empty for all.
        complete: False if the run was interrupted.
        left_out: Errors of the questions skipped by ``--skip-bad``.
        settings: Versions and settings of the run.
        outcomes: One per question asked.
        seed: Random seed of the intervals.
    """

    file: str
    mode: str
    part: str
    complete: bool
    left_out: tuple[str, ...]
    settings: Mapping[str, Any]
    outcomes: tuple[Outcome, ...]
    seed: int = 0

    @property
    def answerable(self) -> int:
        """Number of answerable questions."""
        return sum(bool(outcome.golds) for outcome in self.outcomes)

    def measures(self) -> list[Measure]:
        """The measures that apply to the mode: with the gold paragraph given, nothing is retrieved."""
        return [
            measure
            for measure in MEASURES
            if self.mode != "reading" or not (measure.group == RETRIEVAL or measure.key.startswith(("retr", "ceil")))
        ]

    def figures(self) -> dict[str, Figure]:
        """The figure of every measure, by key."""
        return {measure.key: figure(measure, self.outcomes, self.seed) for measure in self.measures()}

    def causes(self) -> dict[str, int]:
        """Number of failed questions by cause."""
        counts = Counter(outcome.cause for outcome in self.outcomes)
        return {cause: counts[cause] for cause in CAUSES}

    def slices(self) -> list[Slice]:
        """Slices by kind, tag and document."""
        groups: dict[tuple[str, str], list[Outcome]] = {}
        for outcome in self.outcomes:
            names = [("kind", outcome.kind), ("document", outcome.document if self.mode in ("index", "table") else "")]
            for key in [*names, *(("tag", tag) for tag in outcome.tags)]:
                groups.setdefault(key, []).append(outcome)
        order = ("kind", "tag", "document")
        return [
            Slice(by, name, len(some), {key: figure(BY_KEY[key], some, self.seed) for key in SLICED})
            for (by, name), some in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
            if name
        ]

    def reliability(self) -> list[Bin]:
        """Reliability diagram of the confidence."""
        return reliability([o.confidence for o in self.outcomes], [o.right for o in self.outcomes])

    def summary(self) -> dict[str, Any]:
        """Everything except the outcomes, as JSON values."""
        curve = risk_coverage([o.confidence for o in self.outcomes], [o.right for o in self.outcomes])
        return {
            "format": FORMAT,
            "file": self.file,
            "mode": self.mode,
            "part": self.part,
            "complete": self.complete,
            "left_out": list(self.left_out),
            "settings": dict(self.settings),
            "seed": self.seed,
            "answerable": self.answerable,
            "unanswerable": len(self.outcomes) - self.answerable,
            "figures": {key: asdict(value) for key, value in self.figures().items()},
            "causes": self.causes(),
            "slices": [asdict(part) for part in self.slices()],
            "reliability": [
                {"low": b.low, "high": b.high, "questions": b.questions, "said": b.confidence, "right": b.accuracy}
                for b in self.reliability()
            ],
            "risk_coverage": [list(point) for point in zip(curve.coverage.tolist(), curve.risk.tolist(), strict=True)],
        }

    def write(self, path: Path) -> None:
        """Write the summary and all outcomes.

        Raises:
            InputError: The file cannot be written.
        """
        content = {**self.summary(), "questions": [asdict(outcome) for outcome in self.outcomes]}
        write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read a file written by ``write``.

        Raises:
            InputError: The file cannot be read or has another format.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise InputError(f"{path}: format {content['format']!r} is not {FORMAT}; run `rag eval --report` again")
            names = {field.name for field in fields(cls)} - {"outcomes", "left_out"}
            outcomes = tuple(
                Outcome(**{**values, "tags": tuple(values["tags"]), "golds": tuple(values["golds"])})
                for values in content["questions"]
            )
            return cls(
                **{name: content[name] for name in names}, left_out=tuple(content["left_out"]), outcomes=outcomes
            )
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror}); name a results.json") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(
                f"{path}: not a results.json of `rag eval --report` ({error}); name another file"
            ) from error


def write_text(path: Path, text: str) -> None:
    """Write a file and create its folder.

    Raises:
        InputError: The file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror}); choose another path") from error


def is_timing(key: str) -> bool:
    """Does the measure depend on the machine's speed?"""
    return BY_KEY[key].group == LATENCY


def predictions(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """SQuAD's prediction format: answer text by question id, empty for no answer."""
    return {outcome.id: outcome.given for outcome in outcomes}


def no_answer_probabilities(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """No-answer probability by question id, for SQuAD 2.0's ``--na-prob-file``: 1 - confidence."""
    return {outcome.id: 1 - outcome.confidence for outcome in outcomes}
