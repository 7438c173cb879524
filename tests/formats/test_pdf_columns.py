"""Pages with two columns are read column by column, in whichever order they are drawn."""

from collections.abc import Sequence

import pytest
from fpdf import FPDF

from rag.formats import parse
from rag.formats.pdf.render import page_picture

LEFT = [
    "The harbour board of Vellin bought the old crane",
    "from the museum, which had kept it in a shed by the",
    "canal since the flood. It is to stand on the north",
    "quay, where the ferries land, and will be painted in",
    "the colours that it had in 1911. The painter asks for",
    "nine weeks, and for a roof over the scaffold, exam-",
    "ined by the town's own engineer before the winter,",
    "and the board agreed, with one vote against it, the",
]
RIGHT = [
    "treasurer. She held that the crane was sold to them",
    "at four times its worth, and that nobody had asked",
    "what it weighs. The quay was built in 1871 for carts,",
    "and two of its piles were replaced last spring with",
    "oak from Alderby. A second vote was put off until",
    "June, when the report on the piles is expected, and",
    "the secretary was told to send the museum a note in",
    "which the sum is left open until after that meeting.",
]
TITLE = "The crane of 1911, and what the harbour board of Vellin decided about it in May"
SIZE = 9


def _drawn(order: Sequence[tuple[int, int]], *, title: str = "") -> bytes:
    """A page with lines drawn in an order: column and row of each, row -1 for the title."""
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=SIZE)
    for column, row in order:
        if row < 0:
            pdf.set_font("Helvetica", size=SIZE + 4)
            pdf.text(15, 20, title)
            pdf.set_font("Helvetica", size=SIZE)
        else:
            pdf.text((15, 108)[column], 32 + 4.4 * row, (LEFT, RIGHT)[column][row])
    return bytes(pdf.output())


ROWS = range(len(LEFT))
BY_COLUMN = [(column, row) for column in (0, 1) for row in ROWS]
ORDERS = {
    "by column": BY_COLUMN,
    "row by row": [(column, row) for row in ROWS for column in (0, 1)],
    "second column first": [(1 - column, row) for column, row in BY_COLUMN],
}
TEXT = "\n".join([*LEFT[:5], "nine weeks, and for a roof over the scaffold, examined", *LEFT[6:], *RIGHT]).replace(
    "examined\nined by", "examined\nby"
)


@pytest.mark.parametrize("order", list(ORDERS))
def test_columns_are_read_one_after_the_other(order: str) -> None:
    assert parse("a.pdf", _drawn(ORDERS[order])).documents[0].text == TEXT


def test_title_drawn_after_the_columns_comes_first() -> None:
    raw = _drawn([*ORDERS["by column"], (0, -1)], title=TITLE)
    assert parse("a.pdf", raw).documents[0].text == f"{TITLE}\n\n{TEXT}"


def test_words_of_columns_drawn_row_by_row_are_marked_where_they_stand() -> None:
    raw = _drawn(ORDERS["row by row"])
    document = parse("a.pdf", raw).documents[0]
    start = document.text.index("the\ntreasurer")
    picture = page_picture(raw, document, 1, [(start, start + len("the\ntreasurer"))])
    assert picture.exact
    assert [(round(box.left, 2), round(box.top, 2)) for box in picture.boxes[0]] == [(0.39, 0.2), (0.51, 0.1)]


def test_running_title_drawn_last_stays_where_it_is() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=SIZE)
    for column, row in BY_COLUMN:
        pdf.text((15, 108)[column], 32 + 4.4 * row, (LEFT, RIGHT)[column][row])
    pdf.text(15, 20, "12")
    pdf.text(160, 20, "Minutes 2023")
    assert parse("a.pdf", bytes(pdf.output())).documents[0].text.startswith(TEXT)


def test_rows_of_a_table_are_not_taken_for_columns() -> None:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=SIZE)
    rows = [("Crane", "41,300 crowns"), ("Shed", "900 crowns"), ("Roof", "2,050 crowns"), ("Paint", "310 crowns")]
    for number, (name, sum_) in enumerate([*rows, *rows]):
        pdf.text(15, 32 + 4.4 * number, name)
        pdf.text(108, 32 + 4.4 * number, sum_)
    text = parse("a.pdf", bytes(pdf.output())).documents[0].text
    assert text.split("\n")[:2] == ["Crane\t41,300 crowns", "Shed\t900 crowns"]
