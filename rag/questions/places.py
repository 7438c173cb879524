"""Quotes of a question set, located in their documents: answers, evidence and the items of a list."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from ..errors import InputError
from ..types import Document

PLACE, PLACE_OPTIONAL = {"document", "sentence", "quote"}, {"by", "at"}


@dataclass(frozen=True, slots=True)
class Gold:
    """A gold answer span, a part of the evidence, or a span known to be wrong; offsets in code points of the document.

    Attributes:
        document: The document's id.
        start, end, text: The quote.
        sentence_start, sentence_end: The sentence that contains it.
    """

    document: str
    start: int
    end: int
    text: str
    sentence_start: int
    sentence_end: int


def read_place(place: Any, documents: Mapping[str, Document]) -> Gold:
    """Locate an entry of ``answers`` or ``wrong`` in its document.

    Raises:
        InputError: The entry is invalid, or its sentence is missing or not unique in the document.
    """
    if not isinstance(place, dict) or place.keys() - PLACE_OPTIONAL != PLACE:
        raise InputError(
            "an answer must have the fields 'document', 'sentence' and 'quote', and may have 'by' and 'at'"
        )
    for field, value in place.items():
        if not isinstance(value, str) or not value:
            raise InputError(f"{field!r} of an answer must be a non-empty string")
    return locate(place["document"], place["sentence"], place["quote"], documents)


def read_evidence(
    values: Mapping[str, Any], documents: Mapping[str, Document], golds: Sequence[Gold]
) -> tuple[Gold, ...] | None:
    """The field ``evidence`` of a question with these gold answers, in its order; None if it is absent.

    Raises:
        InputError: An entry is invalid, is not in its document, or overlaps another; or the question has answers but no
            evidence, or evidence but no answers.
    """
    if "evidence" not in values:
        return None
    evidence = tuple(_read_part(entry, documents) for entry in _entries(values["evidence"], "evidence"))
    if both := _overlap(evidence):
        raise InputError(f"the evidence {both[1].text!r} overlaps {both[0].text!r}; merge them")
    if bool(evidence) != bool(golds):
        raise InputError("one of 'answers' and 'evidence' is empty and the other is not; fill both or neither")
    return evidence


def read_items(
    values: Mapping[str, Any], documents: Mapping[str, Document], evidence: tuple[Gold, ...] | None
) -> tuple[tuple[Gold, ...], ...]:
    """The field ``items`` of a question: the alternative quotes of each item of a list; empty if it is absent.

    Raises:
        InputError: An entry is invalid, is not in its document or in the evidence, or overlaps another.
    """
    items: list[tuple[Gold, ...]] = []
    for alternatives in _entries(values.get("items", []), "items"):
        if not isinstance(alternatives, list) or not alternatives:
            raise InputError("each of 'items' must be a list of at least one quote")
        items.append(tuple(_read_quote(entry, documents, "items") for entry in alternatives))
    quotes = [quote for item in items for quote in item]
    if both := _overlap(quotes):
        raise InputError(f"the item {both[1].text!r} overlaps {both[0].text!r} in {both[0].document}; keep one")
    parts = sorted(evidence or (), key=_position)
    for quote in quotes:
        before = bisect_right(parts, _position(quote), key=_position)
        if not before or not _inside(quote, parts[before - 1]):
            raise InputError(f"the item {quote.text!r} is not in the evidence of {quote.document}; add its sentence")
    return tuple(items)


def locate(name: str, sentence: str, quote: str, documents: Mapping[str, Document]) -> Gold:
    """The first occurrence of a quote in a sentence that occurs once in the document.

    Raises:
        InputError: There is no such document, sentence or quote, or the sentence is not unique.
    """
    if name not in documents:
        raise InputError(f"there is no document {name!r}")
    text = documents[name].text
    begin = text.find(sentence)
    if begin < 0:
        raise InputError(f"the sentence {sentence!r} is not in {name}")
    # ``str.count`` ignores overlapping occurrences, such as "aba" in "ababa".
    if text.find(sentence, begin + 1) >= 0:
        raise InputError(f"the sentence {sentence!r} occurs more than once in {name}; include more of it")
    if quote not in sentence:
        raise InputError(f"the quote {quote!r} is not in its sentence")
    start = begin + sentence.index(quote)
    return Gold(name, start, start + len(quote), quote, begin, begin + len(sentence))


def _read_part(entry: Any, documents: Mapping[str, Document]) -> Gold:
    """Locate an entry of ``evidence``; the whole sentence is the quote if none is given."""
    if not isinstance(entry, dict) or entry.keys() - {"quote"} != {"document", "sentence"}:
        raise InputError("an entry of 'evidence' must have the fields 'document' and 'sentence', and may have 'quote'")
    return _located({**entry, "quote": entry.get("quote", entry["sentence"])}, documents, "evidence")


def _read_quote(entry: Any, documents: Mapping[str, Document], field: str) -> Gold:
    """Locate an entry with the fields of ``PLACE``; ``field`` names its list in errors."""
    if not isinstance(entry, dict) or entry.keys() != PLACE:
        raise InputError(f"an entry of {field!r} must have the fields 'document', 'sentence' and 'quote'")
    return _located(entry, documents, field)


def _located(entry: Mapping[str, Any], documents: Mapping[str, Document], field: str) -> Gold:
    for name, value in entry.items():
        if not isinstance(value, str) or not value:
            raise InputError(f"{name!r} of an entry of {field!r} must be a non-empty string")
    return locate(entry["document"], entry["sentence"], entry["quote"], documents)


def _entries(given: Any, field: str) -> list[Any]:
    if not isinstance(given, list):
        raise InputError(f"{field!r} must be a list")
    return given


def _position(gold: Gold) -> tuple[str, int]:
    return gold.document, gold.start


def _overlap(golds: Sequence[Gold]) -> tuple[Gold, Gold] | None:
    """Two that share text, if there are any."""
    return next((pair for pair in pairwise(sorted(golds, key=_position)) if _share_text(*pair)), None)


def _share_text(first: Gold, second: Gold) -> bool:
    return first.document == second.document and second.start < first.end


def _inside(inner: Gold, outer: Gold) -> bool:
    return inner.document == outer.document and outer.start <= inner.start and inner.end <= outer.end
