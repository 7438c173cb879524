"""Which rows of a table are shown, and in which order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from rag import Candidate, InputError, TableRow
from rag.text.values import value_of

#: Rows shown at a time.
ROWS_A_PAGE = 50

#: What a column is sorted by.
TEXT, CONFIDENCE = "text", "confidence"

#: Which rows are shown, by their cell in the chosen column or in any.
ALL, FOUND, NOT_FOUND = "All rows", "Found", "Not found"


@dataclass(frozen=True, slots=True)
class TableView:
    """What is shown of a table.

    Attributes:
        sorted_column: Number of the column that the rows are sorted by; None for the order of the index.
        by: ``TEXT`` or ``CONFIDENCE``.
        descending: Whether the order is reversed; rows without an answer come last in any case.
        column: Number of the column that is filtered; None for any, the document included.
        contains: Words in the cell, whatever their case; empty for all rows.
        state: ``ALL``, ``FOUND`` or ``NOT_FOUND``.
        page: The page of rows, from 0.
    """

    sorted_column: int | None = None
    by: str = TEXT
    descending: bool = False
    column: int | None = None
    contains: str = ""
    state: str = ALL
    page: int = 0


@dataclass(frozen=True, slots=True)
class ShownRows:
    """The rows of one page.

    Attributes:
        rows: The rows.
        matching: Number of rows that match the filter, on all pages.
        page: The page, from 0; the last one if there are fewer than asked for.
        pages: Number of pages.
    """

    rows: Sequence[TableRow]
    matching: int
    page: int
    pages: int


def next_order(view: TableView, column: int, by: str) -> tuple[int | None, bool]:
    """Column and direction after a click on a column: its first order, the reverse, then none.

    Texts ascend first, probabilities descend.

    Raises:
        InputError: There is no such order.
    """
    if by not in (TEXT, CONFIDENCE):
        raise InputError("a table is sorted by text or by confidence; reload the page")
    first = by == CONFIDENCE
    if (view.sorted_column, view.by) != (column, by):
        return column, first
    return (column, not first) if view.descending == first else (None, False)


def shown_rows(rows: Sequence[TableRow], view: TableView) -> ShownRows:
    """The rows of a table that a view shows, in its order."""
    found = [row for row in rows if _matches(row, view)]
    if view.sorted_column is not None:
        found = _sorted(found, view.sorted_column, view)
    pages = max(1, -(-len(found) // ROWS_A_PAGE))
    page = min(view.page, pages - 1)
    return ShownRows(found[page * ROWS_A_PAGE : (page + 1) * ROWS_A_PAGE], len(found), page, pages)


def _sorted(rows: Sequence[TableRow], column: int, view: TableView) -> list[TableRow]:
    """The rows by a column; those without an answer there come last, in their own order."""
    answers = [(_answer(row, column), row) for row in rows]
    order = _by_confidence if view.by == CONFIDENCE else _by_text
    answered = [(answer, row) for answer, row in answers if answer]
    answered.sort(key=lambda each: order(each[0]), reverse=view.descending)
    return [row for _, row in answered] + [row for answer, row in answers if not answer]


def _by_confidence(answer: Candidate) -> float:
    return answer.confidence


def _by_text(answer: Candidate) -> tuple[int, tuple[float, ...], str]:
    """Numbers by size, then dates by time, then other texts by letter."""
    value = value_of(answer.text)
    if value and value.is_number:
        return 0, (value.number,), ""
    if value and any(value.date):
        return 1, value.date, ""
    return 2, (), answer.text.casefold()


def _matches(row: TableRow, view: TableView) -> bool:
    answers = [_answer(row, number) for number in ([view.column] if view.column is not None else range(len(row.cells)))]
    if view.state == FOUND and not any(answers):
        return False
    if view.state == NOT_FOUND and answers and all(answers):
        return False
    texts = [answer.text for answer in answers if answer]
    texts += [row.title, row.document] if view.column is None else []
    return any(view.contains.casefold() in text.casefold() for text in texts) if view.contains else True


def _answer(row: TableRow, column: int) -> Candidate | None:
    """The answer in a cell; None if it was not found, or the document could not be read."""
    return row.cells[column].answer if column < len(row.cells) else None
