"""Building an extracted text from blocks, with the offset of each."""

from __future__ import annotations

from ..types import Place
from .sanitize import check_length, clean, one_line

BLANK_LINE = "\n\n"


class Blocks:
    """Builds a text from paragraphs and headings, separated by blank lines.

    Attributes:
        length: Code points so far.
        places: Starts of headings and pages.
    """

    def __init__(self) -> None:
        self._parts: list[str] = []
        self.length = 0
        self.places: list[Place] = []

    def add(self, text: str, *, between: str = BLANK_LINE, heading: bool = False) -> int:
        """Add a block, and a place if it is a heading.

        Args:
            text: Text of the block; not blank.
            between: Separator from the previous block.
            heading: True for a heading.

        Returns:
            Start of the block, in code points.

        Raises:
            DocumentError: The text is too long.
        """
        if self._parts:
            self._parts.append(between)
            self.length += len(between)
        start = self.length
        # Soft hyphens are invisible, and would hide words from the search.
        text = clean(text).replace("\xad", "")
        self._parts.append(text)
        self.length += len(text)
        check_length(self.length)
        if heading:
            self.places.append(Place(start, heading=one_line(text)))
        return start

    def text(self) -> str:
        """The text so far."""
        return "".join(self._parts)
