"""What all adapters say of a passage and of an answer, in the words of ``rag ask --json``."""

from __future__ import annotations

from ..assistant import Assistant
from ..export.json import Json, answer_to_json, hit_to_json
from ..types import Answer, Hit, Passage, Result


def passage_metadata(hit: Hit) -> Json:
    """Location, scores and tokens of a hit: ``document``, ``title``, ``start``, ``end``, ``page``, ``heading``, ..."""
    metadata = hit_to_json(hit)
    del metadata["text"]
    return metadata


def quote_metadata(answer: Answer) -> Json:
    """Location, confidence, sentence and support of an answer."""
    metadata = answer_to_json(answer)
    del metadata["text"]
    return metadata


def place_id(place: Passage | Answer) -> str:
    """The same id for the same words of the same document: ``kazakhstan.md:1072-1080``."""
    document = place.document_id if isinstance(place, Passage) else place.document
    return f"{document}:{place.start}-{place.end}"


def quotes(assistant: Assistant, result: Result, min_confidence: float | None = None) -> tuple[Answer, ...]:
    """The answer and the other candidates that are likely enough, best first; empty if the question is not answered.

    Args:
        assistant: The assistant that was asked.
        result: Its result.
        min_confidence: The probability that ``Assistant.ask`` was given.
    """
    if result.answer is None:
        return ()
    minimum = assistant.confidence.threshold if min_confidence is None else min_confidence
    return tuple(answer for answer in result.answers if answer.confidence >= minimum)


def reply(result: Result) -> str:
    """The exact words that answer, or ``not found`` with the reason."""
    return result.answer.text if result.answer else f"not found ({result.reason})"
