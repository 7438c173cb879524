"""SQuAD-format files, 1.1 and 2.0, ``.json`` or ``.json.gz``: their paragraphs as documents, and their questions."""

from __future__ import annotations

import gzip
import json
import random
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Document
from .schema import Bad, Gold, Question, refuse


def load_squad(path: Path, bad: Bad = refuse) -> tuple[list[Document], list[Question]]:
    """All paragraphs, each as a document ``article/paragraph`` (both numbers), and all questions, in the file's order.

    Args:
        path: The file.
        bad: Told of each question that is none; the question is left out unless it raises.

    Raises:
        InputError: The file is not of the format, or an answer does not stand at its offset; names the place.
    """
    documents: list[Document] = []
    questions: dict[str, Question] = {}
    wrong: list[InputError] = []
    try:
        for document, qas in _paragraphs(_read(path)):
            documents.append(document)
            for number, qa in enumerate(qas):
                try:
                    question = _question(document, qa, f"paragraph {document.id}, question {number}")
                    if question.id in questions:
                        raise InputError(f"question {question.id}: the id stands at an earlier question as well")
                except InputError as error:
                    wrong.append(error)
                    continue
                questions[question.id] = question
    except InputError as error:
        raise InputError(f"{path}: {error}") from error
    for each in wrong:
        bad(InputError(f"{path}: {each}"))
    if not questions:
        raise InputError(f"{path}: there is no question in it")
    return documents, list(questions.values())


def check_limit(limit: int | None) -> None:
    """Refuse a sample of nothing.

    Raises:
        InputError: ``limit`` is below 1.
    """
    if limit is not None and limit < 1:
        raise InputError(f"--limit is {limit}; it must be at least 1")


def sample(questions: list[Question], limit: int | None, seed: int) -> list[Question]:
    """``limit`` of the questions drawn at random, in the order of the file; all where it is None."""
    if limit is None or limit >= len(questions):
        return questions
    chosen = random.Random(seed).sample(range(len(questions)), limit)
    return [questions[i] for i in sorted(chosen)]


def _read(path: Path) -> Any:
    try:
        raw = path.read_bytes()
        return json.loads(gzip.decompress(raw) if path.suffix == ".gz" else raw)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"not a whole gzip file ({error}); fetch it again") from error
    except OSError as error:
        raise InputError(f"cannot be read ({error.strerror or error})") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"not a SQuAD-format file ({error})") from error


def _paragraphs(content: Any) -> Iterator[tuple[Document, list[Any]]]:
    """Each paragraph as a document, with its questions as they stand in the file."""
    for i, article in enumerate(_field(content, "data", list, "the file")):
        place = f"article {i}"
        for j, paragraph in enumerate(_field(article, "paragraphs", list, place)):
            place = f"paragraph {i}/{j}"
            text = _field(paragraph, "context", str, place)
            yield (
                Document(f"{i}/{j}", text, str(article.get("title", i)).replace("_", " ")),
                _field(paragraph, "qas", list, place),
            )


def _question(document: Document, qa: Any, place: str) -> Question:
    text = _field(qa, "question", str, place)
    name = str(_field(qa, "id", (str, int), place))
    golds = []
    for answer in [] if qa.get("is_impossible") else _field(qa, "answers", list, f"question {name}"):
        quote = _field(answer, "text", str, f"question {name}")
        start = _field(answer, "answer_start", int, f"question {name}")
        end = start + len(quote)
        if not quote or start < 0 or document.text[start:end] != quote:
            stands = document.text[max(start, 0) : max(end, 0)]
            raise InputError(f"question {name}: {stands!r} stands at {start}, not {quote!r}")
        # Whoever reads SQuAD has no sentences; the quote itself has to be in the sentence that is given.
        golds.append(Gold(document.id, start, end, quote, start, end))
    return Question(name, text, tuple(golds), document=document.id)


def _field(values: Any, name: str, kind: type | tuple[type, ...], place: str) -> Any:
    """A field of an object of the file; ``place`` says whose, should it be missing or of another type."""
    if not isinstance(values, dict) or not isinstance(values.get(name), kind):
        raise InputError(f"not a SQuAD-format file ({place}: {name!r} is missing, or not of its type)")
    return values[name]
