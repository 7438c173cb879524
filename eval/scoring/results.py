"""The results of a run: figures, causes, slices and every outcome, as ``results.json`` holds them."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Self

from rag import InputError

from .measures import BY_KEY, LATENCY, MEASURES, RETRIEVAL, Figure, figure
from .metrics import Bin, reliability, risk_coverage
from .suite import CAUSES, Outcome

#: Of ``results.json``; raised when an older reader would misunderstand it.
FORMAT = 1

#: What each slice is measured by.
SLICED = ("recall@1", "sentence_hit", "f1", "handled")


@dataclass(frozen=True, slots=True)
class Slice:
    """Some of the questions, by one of their properties: ``by`` is "kind", "tag" or "document"."""

    by: str
    name: str
    count: int
    figures: dict[str, Figure]


@dataclass(frozen=True, slots=True)
class Results:
    """One run over one question set.

    Attributes:
        file: Name of the question set.
        mode: "index" (questions over an index), "open" or "reading" (of a SQuAD-format file).
        part: Which part of the set was asked, empty where it has none or all were.
        complete: False where the run was interrupted.
        left_out: What ``--skip-bad`` left out, a line each.
        settings: What the run depended on.
        outcomes: One for each question asked.
        seed: Of the intervals.
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
        """How many of the questions the documents answer."""
        return sum(bool(outcome.golds) for outcome in self.outcomes)

    def figures(self) -> dict[str, Figure]:
        """Every measure that the mode has: where the gold paragraph is given, nothing is retrieved."""
        return {
            measure.key: figure(measure, self.outcomes, self.seed)
            for measure in MEASURES
            if self.mode != "reading" or not (measure.group == RETRIEVAL or measure.key.startswith(("retr", "ceil")))
        }

    def causes(self) -> dict[str, int]:
        """How many questions failed at which stage."""
        counts = Counter(outcome.cause for outcome in self.outcomes)
        return {cause: counts[cause] for cause in CAUSES}

    def slices(self) -> list[Slice]:
        """By kind, by tag and by document, as far as the questions say."""
        groups: dict[tuple[str, str], list[Outcome]] = {}
        for outcome in self.outcomes:
            names = [("kind", outcome.kind), ("document", outcome.document if self.mode == "index" else "")]
            for key in [*names, *(("tag", tag) for tag in outcome.tags)]:
                groups.setdefault(key, []).append(outcome)
        order = ("kind", "tag", "document")
        return [
            Slice(by, name, len(some), {key: figure(BY_KEY[key], some, self.seed) for key in SLICED})
            for (by, name), some in sorted(groups.items(), key=lambda item: (order.index(item[0][0]), item[0][1]))
            if name
        ]

    def reliability(self) -> list[Bin]:
        """What was said, against what was right."""
        return reliability([o.confidence for o in self.outcomes], [o.right for o in self.outcomes])

    def summary(self) -> dict[str, Any]:
        """All but the questions, as JSON."""
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
            "reliability": [row._asdict() for row in self.reliability()],
            "risk_coverage": [list(point) for point in zip(curve.coverage.tolist(), curve.risk.tolist(), strict=True)],
        }

    def write(self, path: Path) -> None:
        """Write the summary and every outcome.

        Raises:
            InputError: The file cannot be written.
        """
        content = {**self.summary(), "questions": [asdict(outcome) for outcome in self.outcomes]}
        write_text(path, json.dumps(content, indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def read(cls, path: Path) -> Self:
        """The results that ``write`` wrote.

        Raises:
            InputError: The file cannot be read, or holds no results of this format.
        """
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
            if content["format"] != FORMAT:
                raise InputError(f"{path}: of format {content['format']!r}, not {FORMAT}; run `rag eval` again")
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
            raise InputError(f"{path}: no results of `rag eval --report` ({error})") from error


def write_text(path: Path, text: str) -> None:
    """Write a file, its folder made if need be.

    Raises:
        InputError: It cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise InputError(f"{path}: cannot be written ({error.strerror})") from error


def is_timing(key: str) -> bool:
    """Is the figure a speed of this machine, not a quality of the answers?"""
    return BY_KEY[key].group == LATENCY


def predictions(outcomes: Sequence[Outcome]) -> dict[str, str]:
    """SQuAD's official format: the text by the question's id, empty for no answer."""
    return {outcome.id: outcome.given for outcome in outcomes}


def no_answer_probabilities(outcomes: Sequence[Outcome]) -> dict[str, float]:
    """What SQuAD 2.0's scorer takes as ``--na-prob-file``: one less the best candidate's confidence."""
    return {outcome.id: 1 - outcome.confidence for outcome in outcomes}
