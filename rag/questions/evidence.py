"""Read evidence files: questions with a passage and the parts of it that answer, as ``.jsonl`` or ``.jsonl.gz``.

Each line is ``{"id", "question", "context", "evidence": [{"text", "start"}, ...]}``; ``start`` counts code points of
the context, and an empty list means that the context does not answer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InputError
from .packed import read_unpacked
from .schema import OnInvalid, raise_invalid


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
    """True if the first line of a JSON Lines file has a context."""
    if not path.name.endswith((".jsonl", ".jsonl.gz")):
        return False
    try:
        return isinstance(first := next(_lines(path), (0, None))[1], dict) and "context" in first
    except InputError:
        return False


def load_evidence(path: Path, on_invalid: OnInvalid = raise_invalid) -> list[EvidenceQuestion]:
    """Questions in file order.

    Args:
        path: The file.
        on_invalid: Called for each invalid line, which is skipped unless the callback raises.

    Raises:
        InputError: The file cannot be read, or holds no question.
    """
    found = []
    for number, values in _lines(path):
        try:
            found.append(_question(values))
        except (KeyError, TypeError, ValueError) as error:
            on_invalid(InputError(f"{path}: line {number}: {error}"))
    if not found:
        raise InputError(f"{path}: no questions")
    return found


def _question(values: Any) -> EvidenceQuestion:
    context = values["context"]
    parts = []
    for part in values["evidence"]:
        start, end = part["start"], part["start"] + len(part["text"])
        if context[start:end] != part["text"] or not part["text"]:
            raise ValueError(f"the text at {start} is {context[start:end]!r}, not {part['text']!r}")
        parts.append((start, end))
    article = str(values.get("title") or context)
    return EvidenceQuestion(str(values["id"]), values["question"], context, tuple(parts), article)


def _lines(path: Path) -> Iterator[tuple[int, Any]]:
    try:
        for number, line in enumerate(read_unpacked(path).decode("utf-8").split("\n"), 1):
            if line.strip():
                yield number, json.loads(line)
    except InputError as error:  # also a ValueError
        raise InputError(f"{path}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not JSON Lines in UTF-8 ({error})") from error
