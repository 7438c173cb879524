"""Question sets: questions with gold answers.

The format is JSON Lines, documented in ``eval/questions/README.md``; ``rag.questions.squad`` reads SQuAD's format.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from ..errors import InputError
from ..types import Document
from .places import Gold, read_evidence, read_items, read_place

#: Longest question accepted, in code points.
LONGEST_QUESTION = 2_000

KINDS = ("who", "when", "where", "how many", "what", "which", "why", "how", "yes-no", "list")
TAGS = ("paraphrased", "similar", "near miss", "far off")
PARTS = ("calibration", "test")
REQUIRED = {"id", "question", "kind"}
OPTIONAL = {"answers", "wrong", "part", "document", "tags", "by", "at", "evidence", "items"}

#: Callback for an invalid question: return to skip it, or raise the error.
OnInvalid = Callable[[InputError], None]

#: Callback for an unlabelled question, which is skipped.
OnUnlabelled = Callable[["Question"], None]


def raise_invalid(error: InputError) -> None:
    """Stop at the first invalid question."""
    raise error


def ignore_unlabelled(question: Question) -> None:
    """No-op callback."""


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its gold answers; ``golds`` is empty if it is unanswerable or unlabelled.

    Attributes:
        id: Unique in its set.
        text: The question.
        golds: Alternative right answers.
        kind: One of ``KINDS``, or empty.
        tags: Some of ``TAGS``, defined in ``eval/questions/README.md``.
        part: One of ``PARTS``, or empty if the set is not split.
        document: The document that the question was written about, whether or not it answers it; empty if none.
        wrong: Spans that were given as an answer and are wrong.
        unlabelled: The right answer is unknown; only ``wrong`` is known.
        evidence: All parts of the documents that bear on the answer; None if they are not marked.
        items: The items of a list, each with its alternative quotes; empty if the answer is no list.
    """

    id: str
    text: str
    golds: tuple[Gold, ...]
    kind: str = ""
    tags: tuple[str, ...] = ()
    part: str = ""
    document: str = ""
    wrong: tuple[Gold, ...] = ()
    unlabelled: bool = False
    evidence: tuple[Gold, ...] | None = None
    items: tuple[tuple[Gold, ...], ...] = ()


def load_questions(
    path: Path,
    documents: Mapping[str, Document],
    on_invalid: OnInvalid = raise_invalid,
    on_unlabelled: OnUnlabelled = ignore_unlabelled,
) -> list[Question]:
    """The labelled questions of a JSON Lines file, every quote checked against its document.

    Args:
        path: The file.
        documents: The documents that the questions are about, by id.
        on_invalid: Called for each invalid line, which is skipped unless the callback raises.
        on_unlabelled: Called for each unlabelled question, which is skipped.

    Raises:
        InputError: A line is invalid (the message names file and line), or no question is left.
    """
    split = _Split()

    def read(values: Any, earlier: Mapping[str, Question]) -> Question:
        question = read_question(values, documents)
        check_new_id(question.id, earlier)
        split.check(question)
        return question

    questions = read_records(path, read, on_invalid)
    labelled = [question for question in questions.values() if not question.unlabelled]
    for question in questions.values():
        if question.unlabelled:
            on_unlabelled(question)
    if not labelled:
        raise InputError(f"{path}: no {'labelled ' if questions else ''}questions; add some with 'answers'")
    return labelled


class _Split:
    """Checks that the calibration and test parts do not share documents."""

    def __init__(self) -> None:
        self._parts: dict[str, str] = {}
        self._golds: set[str] = set()
        self._split: bool | None = None

    def check(self, question: Question) -> None:
        """Add a question.

        Raises:
            InputError: It contradicts earlier questions.
        """
        if self._split not in (None, bool(question.part)):
            raise InputError("some questions have a 'part' and some do not; give it to all or to none")
        document, part = question.document, question.part
        if document and part and self._parts.get(document, part) != part:
            raise InputError(f"{document} is in the {self._parts[document]} part; a document has one part")
        # Only what the question adds is checked, so that many questions take linear time.
        golds = {gold.document for gold in question.golds} if part == "calibration" else set()
        tested = {document} if document and part == "test" else set()
        mixed = {gold for gold in golds if self._parts.get(gold) == "test"} | (tested & self._golds)
        if mixed:
            raise InputError(f"{min(mixed)} is in the test part and answers a calibration question; move one of them")
        self._parts |= {document: part} if document and part else {}
        self._golds |= golds
        self._split = bool(part)


class Record(Protocol):
    """What a line of a file stands for."""

    @property
    def id(self) -> str:
        """Unique in its file."""


R = TypeVar("R", bound=Record)


def read_records(
    path: Path, read: Callable[[Any, Mapping[str, R]], R], on_invalid: OnInvalid = raise_invalid
) -> dict[str, R]:
    """The records of a JSON Lines file by id, in file order; blank lines are skipped.

    Args:
        path: The file.
        read: Makes a record of a parsed line, given the records before it; raises ``InputError`` if it is invalid.
        on_invalid: Called with an error that names file and line, whose line is skipped unless the callback raises.

    Raises:
        InputError: The file cannot be read.
    """
    records: dict[str, R] = {}
    for number, line in enumerate(read_lines(path), start=1):
        if not line.strip():
            continue
        try:
            record = read(parse_line(line), records)
        except InputError as error:
            on_invalid(InputError(f"{path}:{number}: {error}"))
            continue
        records[record.id] = record
    return records


def check_new_id(record_id: str, earlier: Mapping[str, object]) -> None:
    """Refuse an id that an earlier line has.

    Raises:
        InputError: It is in ``earlier``.
    """
    if record_id in earlier:
        raise InputError(f"the id {record_id!r} is used on an earlier line; ids must be unique")


def parse_line(line: str) -> Any:
    """Parse a line as JSON.

    Raises:
        InputError: The line is not JSON.
    """
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON ({error.msg} at column {error.colno})") from error
    except ValueError as error:  # a number with thousands of digits
        raise InputError(f"not a question ({error})") from error
    except RecursionError as error:
        raise InputError("not a question (nested too deeply)") from error


def read_lines(path: Path) -> list[str]:
    """The lines of a JSON Lines file.

    Raises:
        InputError: The file cannot be read or is not UTF-8.
    """
    try:
        # JSON strings may contain U+2028 and the like, so split at "\n" only; some editors write a BOM.
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from error


def read_question(values: Any, documents: Mapping[str, Document]) -> Question:
    """Validate a parsed line as a question.

    Raises:
        InputError: A field is missing, unknown or invalid, or a quote is not in its document.
    """
    if not isinstance(values, dict):
        raise InputError("not a JSON object")
    if missing := REQUIRED - values.keys():
        raise InputError(f"{sorted(missing)[0]!r} is missing")
    if unknown := values.keys() - REQUIRED - OPTIONAL:
        raise InputError(
            f"{sorted(unknown)[0]!r} is not a field; the fields are {', '.join(sorted(REQUIRED | OPTIONAL))}"
        )
    for name in ("id", "question", *(values.keys() & {"by", "at"})):
        if not isinstance(values[name], str) or not values[name].strip():
            raise InputError(f"{name!r} must be a non-empty string")
    if values["kind"] not in KINDS:
        raise InputError(f"the kind {values['kind']!r} is not one of {', '.join(KINDS)}")
    tags, part, document = values.get("tags", []), values.get("part", ""), values.get("document", "")
    if not isinstance(tags, list) or any(tag not in TAGS for tag in tags):
        raise InputError(f"'tags' must be a list of {', '.join(TAGS)}")
    if part and part not in PARTS:
        raise InputError(f"the part {part!r} is not one of {', '.join(PARTS)}")
    if not isinstance(document, str):
        raise InputError("'document' must be a string")
    if document and document not in documents:
        raise InputError(f"there is no document {document!r}")
    golds, wrong = _places(values, "answers", documents), _places(values, "wrong", documents)
    if not wrong and "answers" not in values:
        raise InputError("'answers' is missing; only a question with 'wrong' may leave it out")
    if both := {(w.document, w.start, w.end) for w in wrong} & {(g.document, g.start, g.end) for g in golds}:
        raise InputError(f"the span {min(both)} is in both 'answers' and 'wrong'; remove one")
    evidence = read_evidence(values, documents, golds)
    home = document or next((place.document for place in (*golds, *wrong)), "")
    return Question(
        id=values["id"],
        text=values["question"],
        golds=golds,
        kind=values["kind"],
        tags=tuple(tags),
        part=part,
        document=home,
        wrong=wrong,
        unlabelled="answers" not in values,
        evidence=evidence,
        items=read_items(values, documents, evidence),
    )


def _places(values: dict[str, Any], field: str, documents: Mapping[str, Document]) -> tuple[Gold, ...]:
    given = values.get(field, [])
    if not isinstance(given, list):
        raise InputError(
            f"{field!r} must be a list" + ", empty if no document answers the question" * (field == "answers")
        )
    return tuple(read_place(place, documents) for place in given)
