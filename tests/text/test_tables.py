"""Tables in a text: their rows, cells and the names of their columns."""

import pytest

from rag.text.tables import Table, tables

ROWS = [
    ["Port", "Wagons", "Chief"],
    ["Aktau", "41,300", "Ana Ruiz"],
    ["Kuryk", "", "Bo Lind"],
    ["Bautino", "9", "Cy Ra"],
]


def _cells(text: str, table: Table) -> list[list[str]]:
    return [[text[start:end] for start, end in table.cells(text, row)] for row in range(len(table.lines))]


def _names(text: str, table: Table) -> list[list[str]]:
    return [[text[start:end] for start, end in names] for names in table.header]


def _aligned(rows: list[list[str]]) -> str:
    return "\n".join("".join(cell.ljust(10) for cell in row).rstrip() for row in rows)


@pytest.mark.parametrize(
    "text",
    [
        "\n".join("\t".join(row) for row in ROWS),
        "\n".join(["| " + " | ".join(row) + " |" for row in [ROWS[0], ["---", ":-:", "--:"], *ROWS[1:]]]),
        "\n".join([" | ".join(row) for row in [ROWS[0], ["---"] * 3, *ROWS[1:]]]),
        "+--+--+--+\n" + "\n+--+--+--+\n".join("| " + " | ".join(row) + " |" for row in ROWS) + "\n+--+--+--+",
        _aligned(ROWS),
        _aligned([ROWS[0], ["========"] * 3, *ROWS[1:]]),
        "\r\n".join("\t".join(row) for row in ROWS),
    ],
    ids=["tabs", "bars", "bars without a frame", "grid", "aligned", "reStructuredText", "CRLF"],
)
def test_rows_and_names_of_columns_are_found(text: str) -> None:
    around = f"Before it.\n\n{text}\n\nBehind it."
    [table] = tables(around)
    assert _names(around, table) == [[name] for name in ROWS[0]]
    assert _cells(around, table) == ROWS[1:]
    assert around[table.start : table.end] == text


def test_columns_that_are_not_aligned_are_cut_at_wide_gaps() -> None:
    text = "Port   Wagons   Chief\nAktau   41,300   Ana Ruiz\nKuryk   12   Bo Lind\n"
    [table] = tables(text)
    assert _cells(text, table) == [["Aktau", "41,300", "Ana Ruiz"], ["Kuryk", "12", "Bo Lind"]]


def test_line_that_ends_in_an_amount_is_a_row() -> None:
    text = "LIND, OLA CLERK 21,000.00\nDAHL, EVA SINCE MAY 22 874.99\nRASK, SVEN 5,000.10\n"
    [table] = tables(text)
    assert _cells(text, table)[1] == ["DAHL, EVA SINCE MAY 22", "874.99"]
    assert table.header == ()


def test_names_above_several_columns_count_for_each() -> None:
    text = "\tSales\t\tStaff\n\t2021\t2022\t2022\nNorth\t1\t2\t30\nSouth\t3\t4\t50"
    [table] = tables(text)
    assert _names(text, table) == [[], ["Sales", "2021"], ["Sales", "2022"], ["Staff", "2022"]]


def test_line_of_fields_names_its_own_columns() -> None:
    text = "Town: Vellin\tMayor: Ana Ruiz"
    [table] = tables(text)
    assert (_names(text, table), _cells(text, table)) == ([["Town"], ["Mayor"]], [["Vellin", "Ana Ruiz"]])


def test_two_columns_of_words_are_names_and_values() -> None:
    text = "Mayor\tAna Ruiz\nRegion\tNorthmark"
    [table] = tables(text)
    assert (table.header, _cells(text, table)[0]) == ((), ["Mayor", "Ana Ruiz"])


def test_numbers_of_rows_do_not_label_them() -> None:
    text = "No\tPort\tWagons\n1\tAktau\t300\n2\tKuryk\t12"
    [table] = tables(text)
    assert table.label == 1


@pytest.mark.parametrize(
    "text",
    [
        "Prose stands in lines.\nIt has  a wide gap.\nAnd ends.",
        "1.  an item\n2.  another\n3.  the last",
        "It is open\tagain.\nReally.",
        "It cost 41,300\nin all.\n",
        "~~~\na   b   c\nd   e   f\ng   h   i\n~~~",
        "a | b\nc | d",
        "\tindented\n\ttwice\n\tthrice",
    ],
)
def test_other_lines_are_no_table(text: str) -> None:
    assert list(tables(text)) == []


def test_marks_of_markdown_around_a_cell_are_not_part_of_it() -> None:
    text = "| a | b |\n|---|---|\n| **x** | `y` |"
    [table] = tables(text)
    assert _cells(text, table) == [["x", "y"]]
