"""Which rows of a table are shown, and in which order."""

from dataclasses import replace

import pytest
from rag.ui.services.table_view import (
    CONFIDENCE,
    FOUND,
    NOT_FOUND,
    ROWS_A_PAGE,
    TEXT,
    TableView,
    next_order,
    shown_rows,
)

from rag import Candidate, InputError, Sentence, TableCell, TableRow


def _cell(text: str, confidence: float = 0.9) -> TableCell:
    candidate = Candidate(text, 0, len(text), confidence, Sentence(0, len(text), text))
    return TableCell("Q?", candidate, None if text else "no span")


def _row(name: str, *cells: TableCell) -> TableRow:
    return TableRow(name, f"Title {name}", cells)


ROWS = [
    _row("a", _cell("9 km", 0.6), _cell("Anna")),
    _row("b", _cell(""), _cell("")),
    _row("c", _cell("1,500 m", 0.7), _cell("bernd", 0.5)),
    _row("gone"),
    _row("d", _cell("12 km", 0.9), _cell("")),
]


def _names(view: TableView) -> list[str]:
    return [row.document for row in shown_rows(ROWS, view).rows]


def test_rows_come_in_the_order_of_the_index() -> None:
    assert _names(TableView()) == ["a", "b", "c", "gone", "d"]


def test_numbers_are_sorted_by_size_and_empty_cells_come_last() -> None:
    view = TableView(sorted_column=0)
    assert _names(view) == ["c", "a", "d", "b", "gone"]
    assert _names(replace(view, descending=True)) == ["d", "a", "c", "b", "gone"]


def test_dates_are_sorted_by_time_and_texts_by_letter() -> None:
    texts = ["Zug", "3 May 2021", "apples", "12 April 2021", "2020"]
    rows = [_row(text, _cell(text)) for text in texts]
    found = shown_rows(rows, TableView(sorted_column=0)).rows
    assert [row.document for row in found] == ["2020", "12 April 2021", "3 May 2021", "apples", "Zug"]


def test_rows_are_sorted_by_confidence() -> None:
    assert _names(TableView(sorted_column=0, by=CONFIDENCE, descending=True)) == ["d", "c", "a", "b", "gone"]


def test_clicks_on_a_column_go_through_its_orders() -> None:
    view, orders = TableView(), []
    for _ in range(3):
        order = next_order(view, 1, TEXT)
        view = replace(view, sorted_column=order[0], by=TEXT, descending=order[1])
        orders.append(order)
    assert orders == [(1, False), (1, True), (None, False)]
    assert next_order(view, 1, CONFIDENCE) == (1, True)
    assert next_order(TableView(sorted_column=1, by=CONFIDENCE, descending=True), 1, CONFIDENCE) == (1, False)
    with pytest.raises(InputError, match="sorted by text or by confidence"):
        next_order(view, 1, "size")


@pytest.mark.parametrize(
    ("view", "names"),
    [
        (TableView(contains="ANNA"), ["a"]),
        (TableView(contains="title b"), ["b"]),
        (TableView(column=0, contains="anna"), []),
        (TableView(column=1, contains="b"), ["c"]),
        (TableView(state=FOUND), ["a", "c", "d"]),
        (TableView(state=FOUND, column=1), ["a", "c"]),
        (TableView(state=NOT_FOUND), ["b", "gone", "d"]),
        (TableView(state=NOT_FOUND, column=0), ["b", "gone"]),
    ],
)
def test_filters_choose_rows_by_their_cells(view: TableView, names: list[str]) -> None:
    assert _names(view) == names


def test_rows_are_shown_a_page_at_a_time() -> None:
    rows = [_row(str(number)) for number in range(2 * ROWS_A_PAGE + 1)]
    first, last = shown_rows(rows, TableView()), shown_rows(rows, TableView(page=9))
    assert (len(first.rows), first.page, first.pages, first.matching) == (ROWS_A_PAGE, 0, 3, 2 * ROWS_A_PAGE + 1)
    assert ([row.document for row in last.rows], last.page) == ([str(2 * ROWS_A_PAGE)], 2)
    assert (shown_rows([], TableView()).pages, shown_rows([], TableView()).rows) == (1, [])
