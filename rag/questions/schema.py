"""Question sets: what is asked, and the exact words that answer.

Our own format is JSON Lines (``questions/README.md`` documents it); ``rag.questions.squad`` reads SQuAD's.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Document

#: A longer question is refused before anything is computed, in code points.
LONGEST_QUESTION = 2_000

KINDS = ("who", "when", "where", "how many", "what", "which", "why", "how", "yes-no", "list")
TAGS = ("paraphrased", "similar", "near miss", "far off")
PARTS = ("calibration", "test")
REQUIRED, OPTIONAL = {"id", "question", "kind"}, {"answers", "wrong", "part", "document", "tags"}

#: Told what is wrong with a question that has to be left out; may raise it instead.
Bad = Callable[[InputError], None]

#: Told of a question that is left out because nobody has said yet what answers it.
Open = Callable[["Question"], None]


def refuse(error: InputError) -> None:
    """The ``Bad`` that lets no bad question pass."""
    raise error


def pass_over(question: Question) -> None:
    """The ``Open`` that says nothing."""


@dataclass(frozen=True, slots=True)
class Gold:
    """Words that answer, or that are known not to, where they stand; offsets in code points of the document.

    Attributes:
        document: The document's id.
        start, end, text: The quote.
        sentence_start, sentence_end: The sentence that it stands in.
    """

    document: str
    start: int
    end: int
    text: str
    sentence_start: int
    sentence_end: int


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its gold answers; none where the documents do not answer it, or where it is open.

    Attributes:
        id: Unique in its set.
        text: As a person would ask it.
        golds: Each is right.
        kind: One of ``KINDS``, or empty where the set does not say.
        tags: Of ``TAGS``; ``questions/README.md`` defines them.
        part: One of ``PARTS``, or empty where the set is not split.
        document: The document that it was written for, with or without an answer in it; empty where there is none.
        wrong: Words that were taken for an answer, and are none.
        open: Nobody has said yet what answers, if anything does; only what is wrong is known.
    """

    id: str
    text: str
    golds: tuple[Gold, ...]
    kind: str = ""
    tags: tuple[str, ...] = ()
    part: str = ""
    document: str = ""
    wrong: tuple[Gold, ...] = ()
    open: bool = False


def load_questions(
    path: Path, documents: Mapping[str, Document], bad: Bad = refuse, left_open: Open = pass_over
) -> list[Question]:
    """The questions of a JSON Lines file whose answers are known, every quote checked to stand in its document.

    Args:
        path: The file.
        documents: What is asked about, by id.
        bad: Told of each line that is no question; the line is left out unless it raises.
        left_open: Told of each question that is open, which is left out: it is not one without an answer.

    Raises:
        InputError: Names file, line and what is wrong; or no question is left.
    """
    questions: dict[str, Question] = {}
    split = _Split()
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            question = read_question(parse_line(line), documents)
            if question.id in questions:
                raise InputError(f"the id {question.id!r} stands in an earlier line as well; ids must differ")
            split.check(question)
        except InputError as error:
            bad(InputError(f"{path}:{number}: {error}"))
            continue
        questions[question.id] = question
    known = [question for question in questions.values() if not question.open]
    for question in questions.values():
        if question.open:
            left_open(question)
    if not known:
        what = "whose answer is known" if questions else "in it"
        raise InputError(f"{path}: there is no question {what}")
    return known


class _Split:
    """What the questions so far say of the split: which part each document's questions are in."""

    def __init__(self) -> None:
        self._parts: dict[str, str] = {}
        self._golds: set[str] = set()
        self._split: bool | None = None

    def check(self, question: Question) -> None:
        """Take in one more question.

        Raises:
            InputError: It contradicts those before.
        """
        if self._split not in (None, bool(question.part)):
            raise InputError("either every question says its 'part', or none does")
        parts, golds = self._parts, self._golds
        if question.document and question.part:
            if parts.get(question.document, question.part) != question.part:
                raise InputError(f"{question.document} belongs to the {parts[question.document]} part")
            parts = {**parts, question.document: question.part}
        if question.part == "calibration":
            golds = golds | {gold.document for gold in question.golds}
        if mixed := sorted(document for document in golds if parts.get(document) == "test"):
            raise InputError(f"{mixed[0]}, of the test part, answers a question of the calibration part")
        self._parts, self._golds, self._split = parts, golds, bool(question.part)


def parse_line(line: str) -> Any:
    """The value that a line of the file holds.

    Raises:
        InputError: It is not JSON.
    """
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON ({error.msg} at column {error.colno})") from error
    except RecursionError as error:
        raise InputError("not a question (nested too deeply)") from error


def _lines(path: Path) -> list[str]:
    try:
        # JSON may hold U+2028 and its like as they are, so only "\n" ends a line; some editors put a BOM in front.
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from error


def read_question(values: Any, documents: Mapping[str, Document]) -> Question:
    """The question that a line of the file holds.

    Raises:
        InputError: It is none, or its quotes do not stand in the documents.
    """
    if not isinstance(values, dict):
        raise InputError("not a JSON object")
    if missing := REQUIRED - values.keys():
        raise InputError(f"{sorted(missing)[0]!r} is missing")
    if unknown := values.keys() - REQUIRED - OPTIONAL:
        raise InputError(f"{sorted(unknown)[0]!r} is no field of a question")
    for name in ("id", "question"):
        if not isinstance(values[name], str) or not values[name].strip():
            raise InputError(f"{name!r} must be a text that is not empty")
    if values["kind"] not in KINDS:
        raise InputError(f"the kind {values['kind']!r} is none of {', '.join(KINDS)}")
    tags, part, document = values.get("tags", []), values.get("part", ""), values.get("document", "")
    if not isinstance(tags, list) or any(tag not in TAGS for tag in tags):
        raise InputError(f"'tags' must be a list of some of {', '.join(TAGS)}")
    if part and part not in PARTS:
        raise InputError(f"the part {part!r} is neither {' nor '.join(PARTS)}")
    if document and document not in documents:
        raise InputError(f"there is no document {document!r}")
    golds, wrong = _places(values, "answers", documents), _places(values, "wrong", documents)
    if not wrong and "answers" not in values:
        raise InputError("'answers' is missing; leave it out only where 'wrong' says what does not answer")
    if both := {(w.document, w.start, w.end) for w in wrong} & {(g.document, g.start, g.end) for g in golds}:
        raise InputError(f"the words at {min(both)} are both an answer and wrong; they can be one of them")
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
        open="answers" not in values,
    )


def _places(values: dict[str, Any], field: str, documents: Mapping[str, Document]) -> tuple[Gold, ...]:
    given = values.get(field, [])
    if not isinstance(given, list):
        raise InputError(
            f"{field!r} must be a list" + ", empty where the documents do not answer" * (field == "answers")
        )
    return tuple(read_place(place, documents) for place in given)


def read_place(place: Any, documents: Mapping[str, Document]) -> Gold:
    """The words that an entry of ``answers`` or ``wrong`` means.

    Raises:
        InputError: It is no such entry, or its words do not stand in the documents.
    """
    if not isinstance(place, dict) or place.keys() != {"document", "sentence", "quote"}:
        raise InputError("an answer has exactly the fields 'document', 'sentence' and 'quote'")
    for field, value in place.items():
        if not isinstance(value, str) or not value:
            raise InputError(f"{field!r} of an answer must be a text that is not empty")
    name, sentence, quote = place["document"], place["sentence"], place["quote"]
    if name not in documents:
        raise InputError(f"there is no document {name!r}")
    text = documents[name].text
    begin = text.find(sentence)
    if begin < 0:
        raise InputError(f"the sentence {sentence!r} does not stand in {name}")
    # Not ``count``, which does not see that "aba" stands in "ababa" twice.
    if text.find(sentence, begin + 1) >= 0:
        raise InputError(f"the sentence {sentence!r} stands in {name} more than once; give more of it")
    if quote not in sentence:
        raise InputError(f"the quote {quote!r} does not stand in its sentence")
    start = begin + sentence.index(quote)
    return Gold(name, start, start + len(quote), quote, begin, begin + len(sentence))
