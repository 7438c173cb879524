"""Rows of tables in a PDF, by the gaps between their cells."""

from collections.abc import Sequence

import pytest
from fpdf import FPDF

from rag.formats import parse
from rag.formats.pdf.layout import Cell, Line, Part
from rag.formats.pdf.render import page_picture
from rag.formats.pdf.rows import with_rows

COLUMNS = (15, 60, 95, 130)
HEADER = ("Port", "2021", "2022", "Chief")
ROWS = (("Aktau", "41,300", "", "Ana Ruiz"), ("Kuryk", "", "7", "Bo Lind"), ("Bautino", "12", "1,400", "Cy Ra"))


def _pdf(rows: Sequence[Sequence[str]], align: str = "L", columns: Sequence[int] = COLUMNS) -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=10)
    pdf.multi_cell(0, 6, "The ports of the coast, with the wagons of two years and the chief of each.")
    pdf.ln(5)
    for row in rows:
        for left, text in zip(columns, row, strict=False):
            pdf.set_xy(left, pdf.get_y())
            pdf.cell(30, 6, text, align=align)
        pdf.ln(6)
    return bytes(pdf.output())


@pytest.mark.parametrize("align", ["L", "R", "C"])
def test_empty_cells_of_a_row_keep_their_tabs(align: str) -> None:
    text = parse("a.pdf", _pdf([HEADER, *ROWS], align)).documents[0].text
    lines = ["Port\t2021\t2022\tChief", "Aktau\t41,300\t\tAna Ruiz", "Kuryk\t\t7\tBo Lind", "Bautino\t12\t1,400\tCy Ra"]
    assert text.split("\n\n")[1] == "\n".join(lines)


def test_wide_rows_stay_lines() -> None:
    columns = range(5, 205, 18)
    rows = [[f"{name} {number}" for number in range(len(columns))] for name in ("nine", "row", "two")]
    text = parse("a.pdf", _pdf(rows, columns=columns)).documents[0].text
    assert text.split("\n\n")[1] == "\n".join("\t".join(row) for row in rows)


def test_cell_of_a_row_is_highlighted_on_its_page() -> None:
    raw = _pdf([HEADER, *ROWS])
    document = parse("a.pdf", raw).documents[0]
    start = document.text.index("Bo Lind")
    picture = page_picture(raw, document, 1, [(start, start + 7)])
    assert picture.exact
    [[box]] = picture.boxes
    assert box.left == pytest.approx((COLUMNS[3] + 1) / 210, abs=0.01)


def _line(baseline: float, *cells: tuple[str, float, float]) -> Line:
    text, found = "", []
    for words, left, right in cells:
        at = len(text) + bool(text)
        text = f"{text} {words}".strip()
        found.append(Cell(at, at + len(words), left, right))
    return Line(text, cells[0][1], cells[-1][2], baseline, 10.0, (Part(0, 0),), cells=tuple(found))


def test_gaps_that_are_not_below_each_other_are_no_columns() -> None:
    lines = [_line(700 - 12 * i, ("some words", 10, 60 + 40 * i), ("and more", 80 + 40 * i, 300)) for i in range(5)]
    assert with_rows(lines) == lines


def test_columns_of_prose_are_no_table() -> None:
    words = "a line of prose as long as those of a newspaper"
    lines = [_line(700 - 12 * i, (words, 10, 250), (words, 280, 520)) for i in range(9)]
    assert with_rows(lines) == lines


def test_line_of_one_cell_between_rows_is_part_of_them() -> None:
    rows = [_line(700 - 12 * i, ("a", 10, 20), ("b", 100, 120), ("c", 200, 220)) for i in range(5)]
    rows[2] = _line(676, ("Part", 10, 40))
    assert [line.text for line in with_rows(rows)] == ["a\tb\tc", "a\tb\tc", "Part", "a\tb\tc", "a\tb\tc"]


def test_cells_that_the_page_has_as_lines_are_one_row() -> None:
    lines = []
    for i in range(3):
        lines += [_line(700 - 12 * i, (word, left, left + 30)) for word, left in (("a", 10), ("b", 100), ("c", 200))]
    assert [line.text for line in with_rows(lines)] == ["a\tb\tc"] * 3
