"""The cells of a row of an HTML table, in the columns that spans leave for them."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lxml.etree import _Element as Element

#: Columns and rows that a cell may span.
MAX_SPAN = 100
#: Code points of a cell that are repeated in the rows that it spans.
MAX_REPEATED = 200


class Row:
    """Writes tabs between the cells of a row, and again what spans it from the rows above."""

    def __init__(self) -> None:
        #: For each column that a cell above spans: the rows left, and the text of the cell.
        self._above: dict[int, tuple[int, str]] = {}
        self._column = 0
        #: Column, rows and first piece of the open cell.
        self._cell = (0, 1, 0)
        self._width = 1

    def open(self, element: Element, pieces: list[str]) -> None:
        """Begin a cell: add the tabs before it."""
        if self._column:
            pieces.append("\t")
        while self._column in self._above:
            rows, text = self._above.pop(self._column)
            if rows > 1:
                self._above[self._column] = (rows - 1, text)
            pieces.append(text + "\t")
            self._column += 1
        self._cell = (self._column, _span(element, "rowspan"), len(pieces))
        self._width = _span(element, "colspan")

    def close(self, pieces: list[str]) -> None:
        """End the cell: remember it for the rows that it spans, and add a tab for each further column."""
        column, rows, first = self._cell
        if rows > 1:
            text = " ".join("".join(pieces[first:]).split())[:MAX_REPEATED]
            for i in range(self._width):
                self._above[column + i] = (rows - 1, "" if i else text)
        pieces.append("\t" * (self._width - 1))
        self._column += self._width

    def end(self, pieces: list[str]) -> None:
        """End the row: add what spans its last columns from the rows above."""
        while self._column and self._above and self._column <= max(self._above):
            rows, text = self._above.pop(self._column, (1, ""))
            if rows > 1:
                self._above[self._column] = (rows - 1, text)
            pieces.append("\t" + text)
            self._column += 1
        self._column = 0


def _span(element: Element, name: str) -> int:
    stated = (element.get(name) or "").strip()
    return max(1, min(int(stated), MAX_SPAN)) if stated.isdecimal() and len(stated) < 5 else 1
