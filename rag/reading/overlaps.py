"""Keep the best of what overlaps."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol, TypeVar


class Located(Protocol):
    """A part of a document, by its offsets in code points."""

    @property
    def document_id(self) -> str:
        """Id of the document."""

    @property
    def start(self) -> int:
        """Offset of its first code point."""

    @property
    def end(self) -> int:
        """Offset behind its last code point."""


T = TypeVar("T", bound=Located)


def without_overlaps(found: Iterable[T], value: Callable[[T], float]) -> list[T]:
    """The parts by descending value, without those that overlap a better one of their document (passages overlap)."""
    kept: list[T] = []
    by_document: dict[str, list[T]] = {}
    for each in sorted(found, key=value, reverse=True):
        others = by_document.setdefault(each.document_id, [])
        if not any(each.start < other.end and other.start < each.end for other in others):
            others.append(each)
            kept.append(each)
    return kept
