"""Parsed files as JSON: what the process that parses untrusted files sends back; unlike pickle, it runs no code."""

from __future__ import annotations

import json
from dataclasses import astuple
from typing import Any

from ..types import Document, OcrWord, Place
from .base import Parsed, Remark


def parsed_to_json(parsed: Parsed) -> bytes:
    """Encode a parsed file."""
    content = {
        "documents": [_values(document) for document in parsed.documents],
        "skipped": [astuple(remark) for remark in parsed.skipped],
        "warnings": [astuple(remark) for remark in parsed.warnings],
    }
    return json.dumps(content, ensure_ascii=False, default=str).encode("utf-8", "surrogatepass")


def _values(document: Document) -> list[Any]:
    places = [astuple(place) for place in document.places]
    return [document.id, document.text, document.title, document.body, document.metadata, places, document.ocr]


def parsed_from_json(raw: bytes, document_id: str) -> Parsed:
    """Decode the parsed file of an id.

    Raises:
        ValueError: It is malformed, or holds documents of another file.
    """
    content = json.loads(raw.decode("utf-8", "surrogatepass"))
    try:
        return Parsed(
            [_document(values, document_id) for values in content["documents"]],
            [_remark(values) for values in content["skipped"]],
            [_remark(values) for values in content["warnings"]],
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"malformed: {error}") from error


def _remark(values: list[Any]) -> Remark:
    document_id, text, is_unread = values
    _strings([document_id, text], 2)
    if not isinstance(is_unread, bool):
        raise ValueError("malformed remark")
    return Remark(document_id, text, is_unread)


def _document(values: list[Any], document_id: str) -> Document:
    own_id, text, title, body, metadata, places, ocr = values
    _strings([own_id, text, title], 3)
    if own_id != document_id and not own_id.startswith((f"{document_id}/", f"{document_id}#")):
        raise ValueError(f"the document {own_id!r} is not part of the file")
    if type(body) is not int or not 0 <= body <= len(text) or not isinstance(metadata, dict):
        raise ValueError("malformed document")
    return Document(
        own_id,
        text,
        title,
        body,
        metadata,
        tuple(Place(*_place(each)) for each in places),
        tuple(OcrWord(*_ocr_word(each)) for each in ocr),
    )


def _place(values: list[Any]) -> list[Any]:
    start, page, heading = values
    if type(start) is not int or type(page) not in (int, type(None)) or not isinstance(heading, str | None):
        raise ValueError("malformed place")
    return values


def _ocr_word(values: list[Any]) -> list[Any]:
    start, end, *fractions = values
    if type(start) is not int or type(end) is not int or len(fractions) != 5:
        raise ValueError("malformed word")
    if not all(isinstance(each, int | float) for each in fractions):
        raise ValueError("malformed word")
    return values


def _strings(values: list[Any], count: int) -> list[str]:
    if len(values) != count or not all(isinstance(value, str) for value in values):
        raise ValueError("strings expected")
    return values
