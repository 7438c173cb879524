"""The contract of readers, which find candidate answers in passages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple, Protocol

from ..types import Hit, Span
from .predictor import ReadText


class Reader(Protocol):
    """Finds candidate answers in passages."""

    @property
    def language(self) -> str | None:
        """ISO 639 code of the language of questions that it understands; None if it is not limited to one."""

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        """Candidate spans of the hits' passages, best first; no two of one document overlap."""


class HitsRead(NamedTuple):
    """What the reader found in hits.

    Attributes:
        spans: The candidate spans, best first.
        texts: What the first model made of each hit's passage; empty if the reader does not say.
        again: What the second model made of the passages that it read, by the number of their hit.
    """

    spans: list[Span]
    texts: Sequence[ReadText] = ()
    again: Mapping[int, ReadText] = MappingProxyType({})
