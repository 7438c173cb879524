"""What people teach: a question set that is edited a line at a time.

The file is JSON Lines as ``questions/README.md`` says, so ``rag eval`` runs on it and ``rag train`` learns from it.
Lines that are none of ours, and fields that we do not know, stay as they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from .anchors import Documents, Place, Selection, pin, place_at, same_places
from .locked_lines import edited_lines, read_lines
from .question_type import kind_of
from .schema import KINDS, LONGEST_QUESTION, Question, parse_line, read_question

#: Code points of a question that its id begins with.
SLUG = 48

CONTRADICTION = "words that answer, and that no document answers, cannot both be taught; choose one"

Values = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Lesson:
    """A line of the file.

    Attributes:
        id, text, kind: Of the question; ``kind`` is empty where the line has none.
        answers: Each place that answers, as the file has it: ``document``, ``sentence`` and ``quote``. Empty where no
            document answers, None where nobody has said yet what does.
        wrong: The same of places that do not answer.
        question: With offsets in the documents as they are now; None where the line is stale.
        stale: Why ``rag eval`` would refuse the line, else empty: a text is gone from its document, or is there twice.
    """

    id: str
    text: str
    kind: str
    answers: tuple[Place, ...] | None
    wrong: tuple[Place, ...]
    question: Question | None
    stale: str


class Taught:
    """The file of what was taught. Each method takes it as it is now; it need not be there yet.

    Those that write raise InputError where the file cannot be written to, and wait for others who do.

    Args:
        path: Of the file.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def lessons(self, documents: Documents) -> list[Lesson]:
        """What was taught, in the order of the file, each held against the documents."""
        lines = (_values(line) for line in read_lines(self.path))
        return [_lesson(values, documents) for values in lines if values is not None]

    def add(
        self,
        question: str,
        documents: Documents,
        *,
        right: Sequence[Selection] = (),
        wrong: Sequence[Selection] = (),
        none: bool = False,
    ) -> str:
        """Teach a question; returns the id of its line.

        A question that was taught before, but for case, blanks and the marks at its end, has what is new added to its
        line, and places that do not stand in the documents any more are left out of it. A place cannot be right and
        wrong: the later word counts, and so it does between an answer and none.

        Args:
            question: As it was asked.
            documents: That were asked.
            right: Words that answer.
            wrong: Words that do not.
            none: No document answers.

        Raises:
            InputError: Nothing is taught, or what contradicts itself; the question is empty or too long; or there are
                no words at a selection, or none that can be told from others (see ``pinned``).
        """
        _check_question(question)
        if not (right or wrong or none):
            raise InputError("nothing is taught; say what is right, what is wrong, or that no document answers")
        if none and right:
            raise InputError(CONTRADICTION)
        answers, others = pin(right, documents), pin(wrong, documents)
        _check_apart(answers, others, documents)
        with edited_lines(self.path) as lines:
            at, values = _find(lines, lambda each: _asked(each["question"]) == _asked(question))
            if values is None:
                values = {"id": _new_id(question, lines), "question": question, "kind": kind_of(question)}
                at = len(lines)
                lines.append(b"")
            _teach(values, answers, others, none, documents)
            lines[at] = _line(values)
        return str(values["id"])

    def edit(
        self,
        lesson_id: str,
        documents: Documents,
        *,
        question: str | None = None,
        kind: str | None = None,
        right: Sequence[Selection] | None = None,
        wrong: Sequence[Selection] | None = None,
        none: bool = False,
    ) -> None:
        """Change a line: what is given takes the place of what was there, what is None stays, stale or not.

        With no words in ``right`` nobody has said what answers; ``none`` says that no document does.

        Raises:
            InputError: There is no such line, nothing would be left of it, or as for ``add``.
        """
        if question is not None:
            _check_question(question)
        if kind is not None and kind not in KINDS:
            raise InputError(f"the kind {kind!r} is none of {', '.join(KINDS)}")
        if none and right:
            raise InputError(CONTRADICTION)
        with edited_lines(self.path) as lines:
            at, values = _find(lines, lambda each: each["id"] == lesson_id)
            if values is None:
                raise InputError(f"{lesson_id[:80]!r}: no question of this id was taught, or it has been deleted")
            values |= {name: text for name, text in (("question", question), ("kind", kind)) if text is not None}
            answers = [] if none else values.get("answers") if right is None else pin(right, documents) or None
            others = values.get("wrong", []) if wrong is None else pin(wrong, documents)
            _check_apart(answers or [], others, documents)
            _set(values, answers, others)
            if not values.keys() & {"answers", "wrong"}:
                raise InputError(f"{lesson_id}: nothing would be left of what was taught; delete it instead")
            lines[at] = _line(values)

    def delete(self, lesson_id: str) -> None:
        """Take a line out.

        Raises:
            InputError: There is none of that id.
        """
        with edited_lines(self.path) as lines:
            at, values = _find(lines, lambda each: each["id"] == lesson_id)
            if values is None:
                raise InputError(f"{lesson_id[:80]!r}: no question of this id was taught, or it has been deleted")
            del lines[at]


def _values(line: bytes) -> Values | None:
    """What a line holds if it is one of ours: an object with an id, a question, and lists of places."""
    try:
        values = parse_line(line.decode("utf-8-sig"))
    except (InputError, UnicodeDecodeError):
        return None
    ours = isinstance(values, dict) and (
        all(isinstance(values.get(name), str) for name in ("id", "question"))
        and all(isinstance(values.get(name, []), list) for name in ("answers", "wrong"))
    )
    return values if ours else None


def _line(values: Values) -> bytes:
    return json.dumps(values, ensure_ascii=False).encode()


def _find(lines: Sequence[bytes], wanted: Callable[[Values], bool]) -> tuple[int, Values | None]:
    """The first line of ours that is wanted, and its number."""
    for at, line in enumerate(lines):
        if (values := _values(line)) is not None and wanted(values):
            return at, values
    return -1, None


def _lesson(values: Values, documents: Documents) -> Lesson:
    question, stale = None, ""
    try:
        question = read_question(values, documents)
    except InputError as error:
        stale = str(error)
    kind = values.get("kind")
    return Lesson(
        id=values["id"],
        text=values["question"],
        kind=kind if isinstance(kind, str) else "",
        answers=_shown(values["answers"]) if "answers" in values else None,
        wrong=_shown(values.get("wrong", [])),
        question=question,
        stale=stale,
    )


def _shown(places: list[Any]) -> tuple[Place, ...]:
    """The places that are written as places are."""
    fields = ("document", "sentence", "quote")
    return tuple(p for p in places if isinstance(p, dict) and all(isinstance(p.get(name), str) for name in fields))


def _teach(values: Values, right: list[Place], wrong: list[Place], none: bool, documents: Documents) -> None:
    """Bring what is new into a line, and leave out what it replaces and what does not stand any more."""
    before, others = ([p for p in values.get(name, []) if place_at(p, documents)] for name in ("answers", "wrong"))
    replaced = same_places([*before, *others], [*right, *wrong], documents)
    answers = [] if none else [*(place for place in before if place not in replaced), *right]
    known = bool(answers) or none or values.get("answers") == []
    _set(values, answers if known else None, [*(place for place in others if place not in replaced), *wrong])


def _set(values: Values, answers: list[Place] | None, wrong: list[Place]) -> None:
    """Write both fields of a line, or leave them out where there is nothing to say."""
    values.pop("answers", None)
    values.pop("wrong", None)
    values |= {"answers": answers} if answers is not None else {}
    values |= {"wrong": wrong} if wrong else {}


def _check_apart(right: list[Place], wrong: list[Place], documents: Documents) -> None:
    if both := same_places(right, wrong, documents):
        raise InputError(f"{both[0]['quote'][:80]!r} cannot be right and wrong; choose one")


def _asked(question: str) -> str:
    """What makes two questions the same."""
    return " ".join(question.casefold().split()).rstrip("?!. ")


def _check_question(question: str) -> None:
    if not any(character.isalnum() for character in question):
        raise InputError("the question is empty; ask in words")
    if any("\ud800" <= character <= "\udfff" for character in question):
        raise InputError("the question is not valid Unicode text; type it again")
    if len(question) > LONGEST_QUESTION:
        raise InputError(f"the question is {len(question):,} characters long; at most {LONGEST_QUESTION:,} are read")


def _new_id(question: str, lines: Sequence[bytes]) -> str:
    """The words of the question, with a number where a line has them already."""
    taken = {values["id"] for line in lines if (values := _values(line)) is not None}
    words = "-".join(re.findall(r"\w+", question.casefold()))
    if len(words) > SLUG:
        words = words[: SLUG + 1].rpartition("-")[0] or words[:SLUG]
    number = 1
    while (name := words if number == 1 else f"{words}-{number}") in taken:
        number += 1
    return name
