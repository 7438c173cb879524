"""Read evidence files: questions with a passage and the parts of it that answer, as ``.jsonl`` or ``.jsonl.gz``.

Each line is ``{"id", "question", "context", "evidence": [{"text", "start"}, ...]}``; ``start`` counts code points of
the context, and an empty list means that the context does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from ..types import Document
from .packed import unpacked_lines
from .places import Gold
from .schema import OnInvalid, Question, raise_invalid


@dataclass(frozen=True, slots=True)
class EvidenceQuestion:
    """A question, a passage, and the parts of the passage that answer.

    Attributes:
        id: Id of the question.
        text: Its text.
        context: The passage.
        evidence: ``(start, end)`` of each part, code points in the context; empty if it does not answer.
        article: Title of the article that the context is from; the context itself if it has none.
    """

    id: str
    text: str
    context: str
    evidence: tuple[tuple[int, int], ...]
    article: str


def is_evidence_file(path: Path) -> bool:
    """True if the first line of a JSON Lines file has a context; no other line is read."""
    if not path.name.endswith((".jsonl", ".jsonl.gz")):
        return False
    try:
        first = _parsed(next(_lines(path), (0, b""))[1])
    except InputError:
        return False
    return "context" in first


def load_evidence(path: Path, on_invalid: OnInvalid = raise_invalid) -> list[EvidenceQuestion]:
    """Questions in file order.

    Args:
        path: The file.
        on_invalid: Called for each invalid line, which is skipped unless the callback raises.

    Raises:
        InputError: The file cannot be read, or holds no question.
    """
    found = []
    for number, line in _lines(path):
        try:
            found.append(_question(_parsed(line)))
        except InputError as error:
            on_invalid(InputError(f"{path}, line {number}: {error}"))
    if not found:
        raise InputError(f"{path}: no questions")
    return found


def marked_questions(asked: Sequence[EvidenceQuestion]) -> tuple[list[Document], list[Question]]:
    """The passages as documents, and the questions with their evidence, both in file order.

    Equal passages are one document. Ids of documents count from 0. Each part of the evidence counts as a right answer.
    """
    documents: dict[str, Document] = {}
    questions = []
    for each in asked:
        document = documents.setdefault(each.context, Document(str(len(documents)), each.context, _title(each)))
        parts = tuple(
            Gold(document.id, start, end, each.context[start:end], start, end) for start, end in each.evidence
        )
        questions.append(Question(each.id, each.text, parts, document=document.id, evidence=parts))
    return list(documents.values()), questions


def _title(question: EvidenceQuestion) -> str:
    return "" if question.article == question.context else question.article


def _question(values: dict[str, Any]) -> EvidenceQuestion:
    context = _field(values, "context", str)
    parts = []
    for part in _field(values, "evidence", list):
        text, start = _field(part, "text", str), _field(part, "start", int)
        end = start + len(text)
        if not text or start < 0 or context[start:end] != text:
            raise InputError(f"the text at {start} is {context[max(start, 0) : max(end, 0)]!r}, not {text!r}")
        parts.append((start, end))
    article = str(values.get("title") or context)
    question_id = str(_field(values, "id", (str, int)))
    return EvidenceQuestion(question_id, _field(values, "question", str), context, tuple(parts), article)


def _field(values: Any, name: str, kind: type | tuple[type, ...]) -> Any:
    """A field of a JSON object, checked for its type."""
    if not isinstance(values, dict) or name not in values:
        raise InputError(f"has no {name!r}")
    if not isinstance(values[name], kind):
        raise InputError(f"{name!r} has the wrong type")
    return values[name]


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """The lines that are not blank, with their numbers."""
    try:
        for number, line in enumerate(unpacked_lines(path), 1):
            if line.strip():
                yield number, line
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def _parsed(line: bytes) -> dict[str, Any]:
    try:
        values = json.loads(line.decode("utf-8"))
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON in UTF-8 ({error})") from error
    if not isinstance(values, dict):
        raise InputError("not a JSON object")
    return values
