"""Results as JSON, shared by ``rag ask --json``, ``rag search --json`` and the page's API."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ..types import Agreement, Answer, Evidence, Hit, Result

Json = dict[str, Any]


def result_to_json(result: Result) -> Json:
    """An object with everything that a result holds, but for the text of documents."""
    return {
        "question": result.question,
        "answered": result.answer is not None,
        "answer_kind": result.answer_kind,
        "answer": answer_to_json(result.answer) if result.answer else None,
        "answers": [answer_to_json(answer) for answer in result.answers],
        "evidence": [evidence_to_json(evidence) for evidence in result.evidence],
        "hits": [hit_to_json(hit) for hit in result.hits],
        "reason": result.reason,
        "reason_code": result.reason_code,
        "agreement": agreement_to_json(result.agreement),
        "seconds": asdict(result.seconds),
        "notice": asdict(result.notice) if result.notice else None,
        "items": [asdict(item) for item in result.items],
    }


def evidence_to_json(evidence: Evidence) -> Json:
    """A sentence that bears on the question, its probability and location; offsets in code points of the document."""
    return {
        "text": evidence.text,
        "confidence": evidence.probability,
        "document": evidence.document_id,
        "title": evidence.title,
        "start": evidence.start,
        "end": evidence.end,
        "page": evidence.page,
        "heading": evidence.heading,
        "ocr": evidence.ocr,
    }


def agreement_to_json(agreement: Agreement) -> Json:
    """Whether the likely answers agree, and who says what; the first group holds the answer that was given."""
    return {
        "agrees": agreement.agrees,
        "groups": [
            {
                "text": group[0].text,
                "confidence": group[0].confidence,
                "documents": list(dict.fromkeys(document for answer in group for document in answer.documents)),
                "answers": [
                    {"text": answer.text, "document": answer.document, "start": answer.start, "end": answer.end}
                    for answer in group
                ],
            }
            for group in agreement.groups
        ],
    }


def answer_to_json(answer: Answer) -> Json:
    """Text, confidence and location of an answer; offsets in code points of the document."""
    return {
        "text": answer.text,
        "confidence": answer.confidence,
        "document": answer.document,
        "title": answer.title,
        "start": answer.start,
        "end": answer.end,
        "page": answer.page,
        "heading": answer.heading,
        "sentence": {
            "text": answer.sentence.text,
            "start": answer.sentence.start,
            "end": answer.sentence.end,
        },
        "support": [asdict(support) for support in answer.support],
        "feedback": asdict(answer.feedback) if answer.feedback else None,
        "items": [asdict(item) for item in answer.items],
        "ocr": answer.ocr,
    }


def hit_to_json(hit: Hit) -> Json:
    """Location, text, scores and tokens of a hit."""
    return {
        "document": hit.passage.document_id,
        "title": hit.title,
        "start": hit.passage.start,
        "end": hit.passage.end,
        "page": hit.passage.page,
        "heading": hit.passage.heading,
        "text": hit.passage.text,
        "score": hit.score,
        "dense": hit.dense,
        "lexical": hit.lexical,
        "tokens": hit.tokens,
    }
