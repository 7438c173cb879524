"""What all adapters say of a passage and of an answer, in the words of ``rag ask --json``."""

from __future__ import annotations

from collections.abc import Sequence

from ..assistant import Assistant
from ..export.json import Json, answer_to_json, evidence_to_json, hit_to_json
from ..types import Answer, AnswerKind, Evidence, Hit, Passage, Result


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


def evidence_metadata(evidence: Evidence) -> Json:
    """Location and confidence of a sentence."""
    metadata = evidence_to_json(evidence)
    del metadata["text"]
    return metadata


def place_id(place: Passage | Answer | Evidence) -> str:
    """The same id for the same words of the same document: ``kazakhstan.md:1072-1080``."""
    document = place.document if isinstance(place, Answer) else place.document_id
    return f"{document}:{place.start}-{place.end}"


def quotes(assistant: Assistant, result: Result, min_confidence: float | None = None) -> tuple[Answer, ...]:
    """The answer and the other candidates that are likely enough, best first; empty if no short words answer.

    Args:
        assistant: The assistant that was asked.
        result: Its result.
        min_confidence: The probability that ``Assistant.ask`` was given.
    """
    if result.answer is None or result.answer_kind is not AnswerKind.SPAN:
        return ()
    minimum = _minimum(assistant, min_confidence)
    return tuple(answer for answer in result.answers if answer.confidence >= minimum)


def sentences(assistant: Assistant, result: Result, min_confidence: float | None = None) -> tuple[Evidence, ...]:
    """The sentences that answer and are likely enough, most probable first; empty if no sentences answer.

    Args:
        assistant, result, min_confidence: As for ``quotes``.
    """
    if result.answer_kind is not AnswerKind.EVIDENCE:
        return ()
    minimum = _minimum(assistant, min_confidence)
    return tuple(each for each in result.evidence if each.probability >= minimum)


def reply(result: Result, found: Sequence[Answer | Evidence]) -> str:
    """The exact words that answer, the sentences that answer, or ``not found`` with the reason.

    Args:
        result: The result.
        found: Its ``quotes`` or its ``sentences``.
    """
    if not found:
        return f"not found ({result.reason})"
    return found[0].text if isinstance(found[0], Answer) else "\n".join(each.text for each in found)


def _minimum(assistant: Assistant, min_confidence: float | None) -> float:
    return assistant.confidence.threshold if min_confidence is None else min_confidence
