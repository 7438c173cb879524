"""Read SQuAD-format files, 1.1 and 2.0, ``.json`` or ``.json.gz``, one document per paragraph."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Document
from .packed import read_unpacked
from .places import Gold
from .schema import OnInvalid, Question, raise_invalid


def load_squad(path: Path, on_invalid: OnInvalid = raise_invalid) -> tuple[list[Document], list[Question]]:
    """Paragraphs as documents, with ids ``ARTICLE/PARAGRAPH`` counted from 0, and questions, in file order.

    Args:
        path: The file.
        on_invalid: Called for each invalid question, which is skipped unless the callback raises.

    Raises:
        InputError: The file is not in SQuAD's format, or an answer's text is not at its offset.
    """
    documents: list[Document] = []
    questions: dict[str, Question] = {}
    invalid: list[InputError] = []
    try:
        for document, qas in _paragraphs(_read(path)):
            documents.append(document)
            for number, qa in enumerate(qas):
                try:
                    question = _question(document, qa, f"paragraph {document.id}, question {number}")
                    if question.id in questions:
                        raise InputError(f"question {question.id}: the id is used by an earlier question")
                except InputError as error:
                    invalid.append(error)
                    continue
                questions[question.id] = question
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    for each in invalid:
        on_invalid(InputError(f"{path}: {each}"))
    if not questions:
        raise InputError(f"{path}: no questions")
    return documents, list(questions.values())


def article_titles(path: Path) -> set[str]:
    """Titles of the articles of a SQuAD-format file, underscores replaced by spaces, as in ``Document.title``.

    Raises:
        InputError: The file is not in SQuAD's format, or an article has no title.
    """
    try:
        articles = _field(_read(path), "data", list, "the file")
        return {_title(_field(article, "title", str, f"article {i}")) for i, article in enumerate(articles)}
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def check_limit(limit: int | None) -> None:
    """Check the ``--limit`` option.

    Raises:
        InputError: ``limit`` is below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"--limit is {limit}; it must be at least 1")


def sample(questions: list[Question], limit: int | None, seed: int) -> list[Question]:
    """``limit`` random questions in file order; all questions if ``limit`` is None."""
    if limit is None or limit >= len(questions):
        return questions
    chosen = random.Random(seed).sample(range(len(questions)), limit)
    return [questions[i] for i in sorted(chosen)]


def _read(path: Path) -> Any:
    raw = read_unpacked(path)
    try:
        return json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a SQuAD-format file ({error})") from error


def _paragraphs(content: Any) -> Iterator[tuple[Document, list[Any]]]:
    """Each paragraph as a document, with its unparsed questions."""
    for i, article in enumerate(_field(content, "data", list, "the file")):
        place = f"article {i}"
        for j, paragraph in enumerate(_field(article, "paragraphs", list, place)):
            place = f"paragraph {i}/{j}"
            text = _field(paragraph, "context", str, place)
            yield (
                Document(f"{i}/{j}", text, _title(str(article.get("title", i)))),
                _field(paragraph, "qas", list, place),
            )


def _title(text: str) -> str:
    return text.replace("_", " ")


def _question(document: Document, qa: Any, place: str) -> Question:
    text = _field(qa, "question", str, place)
    name = str(_field(qa, "id", (str, int), place))
    golds = []
    for answer in [] if qa.get("is_impossible") else _field(qa, "answers", list, f"question {name}"):
        quote = _field(answer, "text", str, f"question {name}")
        start = _field(answer, "answer_start", int, f"question {name}")
        end = start + len(quote)
        if not quote or start < 0 or document.text[start:end] != quote:
            found = document.text[max(start, 0) : max(end, 0)]
            raise InputError(f"question {name}: the text at {start} is {found!r}, not {quote!r}")
        # SQuAD marks no sentences, so the quote itself counts as the gold sentence.
        golds.append(Gold(document.id, start, end, quote, start, end))
    return Question(name, text, tuple(golds), document=document.id)


def _field(values: Any, name: str, kind: type | tuple[type, ...], place: str) -> Any:
    """The field of a JSON object, checked for its type; ``place`` names the object in error messages."""
    if not isinstance(values, dict) or not isinstance(values.get(name), kind):
        raise InputError(f"not a SQuAD-format file ({place}: {name!r} is missing or has the wrong type)")
    return values[name]
