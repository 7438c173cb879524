"""User feedback on answers, stored as a question set and edited line by line.

The file is JSON Lines as documented in ``eval/questions/README.md``, so ``rag eval`` and ``rag train`` accept it.
Lines in another format and unknown fields are preserved.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..text.words import normalized_words
from ..types import Attribution
from .anchors import Documents, Place, Selection, common_places, find_place, to_places
from .locked_lines import edited_lines, read_lines
from .question_type import guess_kind
from .schema import KINDS, LONGEST_QUESTION, Question, parse_line, read_question

#: Longest id made from a question, in code points, without its number.
MAX_SLUG = 48

CONTRADICTION = "a question cannot have an answer and be unanswerable; choose one"

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Feedback:
    """Feedback on one question, as stored.

    Attributes:
        text: The question.
        answers: Right answers: ``document``, ``sentence`` and ``quote``, and in feedback since version 0.3 ``by`` and
            ``at``. Empty if the question is unanswerable, None if it is unlabelled.
        wrong: Wrong answers, in the same form.
        attribution: Who gave the latest feedback on the question, and when.
    """

    text: str
    answers: tuple[Place, ...] | None
    wrong: tuple[Place, ...]
    attribution: Attribution


@dataclass(frozen=True, slots=True)
class Annotation(Feedback):
    """A line of the file, checked against the current documents.

    Attributes:
        id, kind: The question's id and kind; ``kind`` may be empty.
        question: The question with offsets in the current documents; None if the line is stale.
        stale: Why the line does not match the current documents (``rag eval`` would reject it); empty if it does.
    """

    id: str
    kind: str
    question: Question | None
    stale: str


class FeedbackFile:
    """A feedback file, created by the first ``add``; every method reads it from disk.

    Methods that write hold a lock, and raise InputError if the file cannot be written.

    Args:
        path: Path of the file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def annotations(self, documents: Documents) -> list[Annotation]:
        """All annotations in file order, checked against the documents."""
        lines = (_values(line) for line in read_lines(self.path))
        return [_annotation(values, documents) for values in lines if values is not None]

    def about(self, question: str) -> Feedback | None:
        """The feedback on a question, ignoring case, whitespace and punctuation; None if there is none."""
        lines = read_lines(self.path)
        _, values = _find(lines, lambda each: normalized_words(each["question"]) == normalized_words(question))
        return None if values is None else Feedback(**_stored(values))

    def add(
        self,
        question: str,
        documents: Documents,
        *,
        right: Sequence[Selection] = (),
        wrong: Sequence[Selection] = (),
        unanswerable: bool = False,
        by: str = "",
        at: datetime | None = None,
    ) -> str:
        """Add feedback on a question; returns the id of its line.

        Feedback on a question that is already in the file (ignoring case, whitespace and punctuation) is merged into
        its line, and places that are gone from the documents are dropped. The latest feedback wins: a place that
        was right becomes wrong or the reverse, and an answered question becomes unanswerable or the reverse.

        Args:
            question: The question as asked.
            documents: The indexed documents.
            right: Spans that answer the question.
            wrong: Spans that do not.
            unanswerable: No document answers the question.
            by: Name of the account that gives the feedback; empty if there are no accounts.
            at: When it was given, with a time zone; now if None.

        Raises:
            InputError: The feedback is empty or contradictory, the question is empty or too long, or a selection cannot
                be stored (see ``unique_quote``).
        """
        _check_question(question)
        if not (right or wrong or unanswerable):
            raise InputError("the feedback is empty; give a right or wrong answer, or mark the question unanswerable")
        if unanswerable and right:
            raise InputError(CONTRADICTION)
        stamp = _stamp(by, at)
        answers, others = ([place | stamp for place in to_places(each, documents)] for each in (right, wrong))
        _check_disjoint(answers, others, documents)
        with edited_lines(self.path) as lines:
            row, values = _find(lines, lambda each: normalized_words(each["question"]) == normalized_words(question))
            if values is None:
                values = {"id": _new_id(question, lines), "question": question, "kind": guess_kind(question)}
                row = len(lines)
                lines.append(b"")
            _merge(values, answers, others, unanswerable, documents)
            lines[row] = _line(_unstamped(values) | stamp)
        return str(values["id"])

    def edit(
        self,
        annotation_id: str,
        documents: Documents,
        *,
        question: str | None = None,
        kind: str | None = None,
        right: Sequence[Selection] | None = None,
        wrong: Sequence[Selection] | None = None,
        unanswerable: bool = False,
        by: str = "",
        at: datetime | None = None,
    ) -> None:
        """Replace fields of a line; a field that is None is left unchanged, even if it is stale.

        An empty ``right`` makes the question unlabelled. ``by`` and ``at`` are as for ``add``; places that stay keep
        their own.

        Raises:
            InputError: The id is unknown, the line would become empty, or see ``add``.
        """
        if question is not None:
            _check_question(question)
        if kind is not None and kind not in KINDS:
            raise InputError(f"the kind {kind!r} is not one of {', '.join(KINDS)}")
        if unanswerable and right:
            raise InputError(CONTRADICTION)
        with edited_lines(self.path) as lines:
            row, values = _find(lines, lambda each: each["id"] == annotation_id)
            if values is None:
                raise InputError(f"{annotation_id[:80]!r}: there is no feedback with this id; it may have been deleted")
            stamp = _stamp(by, at)
            values |= {name: text for name, text in (("question", question), ("kind", kind)) if text is not None}
            before = [*_valid_places(values.get("answers", [])), *_valid_places(values.get("wrong", []))]
            answers = (
                [] if unanswerable
                else values.get("answers") if right is None
                else _attributed(to_places(right, documents), before, stamp, documents) or None
            )  # fmt: skip
            others = (
                values.get("wrong", []) if wrong is None
                else _attributed(to_places(wrong, documents), before, stamp, documents)
            )  # fmt: skip
            _check_disjoint(answers or [], others, documents)
            _set_places(values, answers, others)
            if not values.keys() & {"answers", "wrong"}:
                raise InputError(f"{annotation_id}: no feedback would be left; delete the question instead")
            lines[row] = _line(_unstamped(values) | stamp)

    def delete(self, annotation_id: str) -> None:
        """Delete a line.

        Raises:
            InputError: The id is unknown.
        """
        with edited_lines(self.path) as lines:
            at, values = _find(lines, lambda each: each["id"] == annotation_id)
            if values is None:
                raise InputError(f"{annotation_id[:80]!r}: there is no feedback with this id; it may have been deleted")
            del lines[at]


def _values(line: bytes) -> Values | None:
    """The parsed line; None unless it is an object with an id, a question and lists of places."""
    try:
        values = parse_line(line.decode("utf-8-sig"))
    except (InputError, UnicodeDecodeError):
        return None
    valid = isinstance(values, dict) and (
        all(isinstance(values.get(name), str) for name in ("id", "question"))
        and all(isinstance(values.get(name, []), list) for name in ("answers", "wrong"))
    )
    return values if valid else None


def _line(values: Values) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()


def _find(lines: Sequence[bytes], matches: Callable[[Values], bool]) -> tuple[int, Values | None]:
    """Row and values of the first matching line; -1 and None if there is none."""
    for at, line in enumerate(lines):
        if (values := _values(line)) is not None and matches(values):
            return at, values
    return -1, None


def _annotation(values: Values, documents: Documents) -> Annotation:
    question, stale = None, ""
    try:
        question = read_question(values, documents)
    except InputError as error:
        stale = str(error)
    kind = values.get("kind")
    return Annotation(
        **_stored(values),
        id=values["id"],
        kind=kind if isinstance(kind, str) else "",
        question=question,
        stale=stale,
    )


def _stored(values: Values) -> dict[str, Any]:
    """The fields of ``Feedback`` in a line."""
    return {
        "text": values["question"],
        "answers": _answers(values),
        "wrong": _valid_places(values.get("wrong", [])),
        "attribution": attribution(values),
    }


def _answers(values: Mapping[str, Any]) -> tuple[Place, ...] | None:
    """The right places of a line; empty if no document answers, None if that is not known."""
    if "answers" not in values:
        return None
    places = _valid_places(values["answers"])
    # Places that all are malformed do not say that there is no answer.
    return None if values["answers"] and not places else places


def _valid_places(places: list[Any]) -> tuple[Place, ...]:
    """The entries that have the fields of a place."""
    fields = ("document", "sentence", "quote")
    return tuple(p for p in places if isinstance(p, dict) and all(isinstance(p.get(name), str) for name in fields))


def attribution(values: Mapping[str, object]) -> Attribution:
    """Who gave feedback, and when, as stored in a line or a place."""
    by, at = values.get("by"), values.get("at")
    return Attribution(by if isinstance(by, str) else "", at if isinstance(at, str) else "")


def _attributed(
    places: list[Place], before: Sequence[Place], stamp: dict[str, str], documents: Documents
) -> list[Place]:
    """The places with who marked them, and when; one that was stored before keeps what was stored."""
    return [next(iter(common_places(before, [place], documents)), place | stamp) for place in places]


def _merge(values: Values, right: list[Place], wrong: list[Place], unanswerable: bool, documents: Documents) -> None:
    """Merge new places into a line; drop places that they replace or that are gone from the documents."""
    before, others = ([p for p in values.get(name, []) if find_place(p, documents)] for name in ("answers", "wrong"))
    replaced = common_places([*before, *others], [*right, *wrong], documents)
    answers = [] if unanswerable else [*(place for place in before if place not in replaced), *right]
    labelled = bool(answers) or unanswerable or values.get("answers") == []
    _set_places(values, answers if labelled else None, [*(place for place in others if place not in replaced), *wrong])


def _set_places(values: Values, answers: list[Place] | None, wrong: list[Place]) -> None:
    """Set ``answers`` (absent if None) and ``wrong`` (absent if empty)."""
    values.pop("answers", None)
    values.pop("wrong", None)
    values |= {"answers": answers} if answers is not None else {}
    values |= {"wrong": wrong} if wrong else {}


def _check_disjoint(right: list[Place], wrong: list[Place], documents: Documents) -> None:
    if both := common_places(right, wrong, documents):
        raise InputError(f"{both[0]['quote'][:80]!r} cannot be both right and wrong; choose one")


def _stamp(by: str, at: datetime | None) -> dict[str, str]:
    """Who gives feedback, and when, as it is stored."""
    stamp = {"by": by} if by else {}
    at = (at or datetime.now(UTC)).astimezone(UTC)
    return stamp | {"at": at.isoformat(timespec="seconds").replace("+00:00", "Z")}


def _unstamped(values: Values) -> Values:
    return {name: value for name, value in values.items() if name not in ("by", "at")}


def _check_question(question: str) -> None:
    if not any(character.isalnum() for character in question):
        raise InputError("the question is empty; ask in words")
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise InputError("the question is not valid Unicode text; type it again")
    if len(question) > LONGEST_QUESTION:
        raise InputError(f"the question is {len(question):,} characters long; at most {LONGEST_QUESTION:,} are read")


def _new_id(question: str, lines: Sequence[bytes]) -> str:
    """The question's words joined by hyphens, with a number if another line has the same id."""
    taken = {values["id"] for line in lines if (values := _values(line)) is not None}
    words = "-".join(re.findall(r"\w+", question.casefold()))
    if len(words) > MAX_SLUG:
        words = words[: MAX_SLUG + 1].rpartition("-")[0] or words[:MAX_SLUG]
    number = 1
    while (name := words if number == 1 else f"{words}-{number}") in taken:
        number += 1
    return name
