"""Question sets: what is asked, and the exact words that answer.

Our own format is JSON Lines (``questions/README.md`` documents it); ``rag.eval.squad`` reads SQuAD's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rag import Document, InputError

KINDS = ("who", "when", "where", "how many", "what", "which", "why", "how", "yes-no", "list")
REQUIRED, OPTIONAL = {"id", "question", "kind", "answers"}, {"paraphrased"}


@dataclass(frozen=True, slots=True)
class Gold:
    """Words that answer, where they stand; offsets in code points of the document.

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
    """A question with its gold answers; none where the documents do not answer it.

    Attributes:
        id: Unique in its set.
        text: As a person would ask it.
        golds: Each is right.
        kind: One of ``KINDS``, or empty where the set does not say.
        paraphrased: It shares few content words with the sentence that answers.
        document: The document that it was written for, where the set says; with or without an answer in it.
    """

    id: str
    text: str
    golds: tuple[Gold, ...]
    kind: str = ""
    paraphrased: bool = False
    document: str = ""


def load_questions(path: Path, documents: Mapping[str, Document]) -> list[Question]:
    """The questions of a JSON Lines file, every quote checked to stand in its document.

    Raises:
        InputError: Names file, line and what is wrong.
    """
    questions: dict[str, Question] = {}
    for number, line in enumerate(_lines(path), start=1):
        if not line.strip():
            continue
        try:
            question = _question(json.loads(line), documents)
            if question.id in questions:
                raise InputError(f"the id {question.id!r} stands in an earlier line as well; ids must differ")
        except json.JSONDecodeError as error:
            raise InputError(f"{path}:{number}: not JSON ({error.msg} at column {error.colno})") from error
        except RecursionError as error:
            raise InputError(f"{path}:{number}: not a question (nested too deeply)") from error
        except InputError as error:
            raise InputError(f"{path}:{number}: {error}") from error
        questions[question.id] = question
    if not questions:
        raise InputError(f"{path}: there is no question in it")
    return list(questions.values())


def _lines(path: Path) -> list[str]:
    try:
        # JSON may hold U+2028 and its like as they are, so only "\n" ends a line; some editors put a BOM in front.
        return path.read_text(encoding="utf-8-sig").split("\n")
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 at byte {error.start}") from error


def _question(values: Any, documents: Mapping[str, Document]) -> Question:
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
    if not isinstance(values["answers"], list):
        raise InputError("'answers' must be a list, empty where the documents do not answer")
    if not isinstance(values.get("paraphrased", False), bool):
        raise InputError("'paraphrased' must be true or false")
    golds = tuple(_gold(answer, documents) for answer in values["answers"])
    return Question(values["id"], values["question"], golds, values["kind"], values.get("paraphrased", False))


def _gold(answer: Any, documents: Mapping[str, Document]) -> Gold:
    if not isinstance(answer, dict) or answer.keys() != {"document", "sentence", "quote"}:
        raise InputError("an answer has exactly the fields 'document', 'sentence' and 'quote'")
    for field, value in answer.items():
        if not isinstance(value, str) or not value:
            raise InputError(f"{field!r} of an answer must be a text that is not empty")
    name, sentence, quote = answer["document"], answer["sentence"], answer["quote"]
    if name not in documents:
        raise InputError(f"there is no document {name!r}")
    text = documents[name].text
    if sentence not in text:
        raise InputError(f"the sentence {sentence!r} does not stand in {name}")
    if text.count(sentence) > 1:
        raise InputError(f"the sentence {sentence!r} stands in {name} more than once; give more of it")
    if quote not in sentence:
        raise InputError(f"the quote {quote!r} does not stand in its sentence")
    begin = text.index(sentence)
    start = begin + sentence.index(quote)
    return Gold(name, start, start + len(quote), quote, begin, begin + len(sentence))
