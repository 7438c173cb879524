"""Putting an extracted text together out of blocks, while counting where each begins."""

from __future__ import annotations

from ..types import Place
from .sanitize import check_length, clean, one_line

BLANK_LINE = "\n\n"


class Blocks:
    """A text in the making: paragraphs and headings with blank lines between them.

    Attributes:
        length: Code points so far.
        places: Where headings and pages begin.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.length = 0
        self.places: list[Place] = []

    def add(self, text: str, *, between: str = BLANK_LINE, heading: bool = False) -> int:
        """Add a block, and a place if it is a heading.

        Args:
            text: Of the block; not blank.
            between: What parts it from the block before.
            heading: Is it one?

        Returns:
            Where it begins, in code points.

        Raises:
            DocumentError: The text has become too long.
        """
        if self._parts:
            self._parts.append(between)
            self.length += len(between)
        start = self.length
        # A soft hyphen says where a word may be parted; it is not seen, and would hide the word from a search.
        text = clean(text).replace("\xad", "")
        self._parts.append(text)
        self.length += len(text)
        check_length(self.length)
        if heading:
            self.places.append(Place(start, heading=one_line(text)))
        return start

    def text(self) -> str:
        """All of it."""
        return "".join(self._parts)
