"""Passages of tables: each row with its label and the names of its columns."""

import re

import pytest

from rag.text.chunking import Budget, ChunkSettings, chunk
from rag.types import Document, Passage

HEADER = "Port\tWagons\tChief"
LONG = "\n".join([HEADER, *(f"Port {number}\t{number},300\tChief {number}" for number in range(1, 120))])


def _passages(text: str, settings: ChunkSettings | None = None) -> list[Passage]:
    document = Document("d.txt", text, "D")
    passages = list(chunk(document, settings or ChunkSettings()))
    for passage in passages:
        assert text[passage.start : passage.end] == passage.text
        if passage.view:
            for at, start, end, is_cell in passage.view.runs:
                assert passage.view.text[at : at + end - start] == text[start:end]
                assert not is_cell or passage.start <= start < end <= passage.end
    covered = {at for passage in passages for at in range(passage.start, passage.end)}
    assert covered >= {at for at, character in enumerate(text) if not character.isspace()}
    return passages


def _views(text: str, settings: ChunkSettings | None = None) -> list[str]:
    return [passage.view.text if passage.view else "" for passage in _passages(text, settings)]


def test_each_row_of_a_long_table_has_its_label_and_names() -> None:
    views = _views(LONG)
    assert views[0] == "Port Port 1: Wagons: 1,300; Chief: Chief 1"
    assert views[118] == "Port Port 119: Wagons: 119,300; Chief: Chief 119"
    assert len(views) == 119


def test_heading_shares_the_first_passage() -> None:
    text = (
        "# Ports\n\n| Port | Wagons | Chief |\n|---|---|---|\n| Aktau | 3 | Ana |\n| Kuryk | | Bo |\n\nThe end of it."
    )
    assert _views(text) == ["# Ports\nPort Aktau: Wagons: 3; Chief: Ana", "Port Kuryk: Chief: Bo", ""]


def test_short_paragraphs_above_a_table_are_rows_of_their_own() -> None:
    text = "It was agreed on 9 May.\n\nPorts\n\nPort\tWagons\tChief\nAktau\t3\tAna\nKuryk\t12\tBo"
    view = _passages(text)[0].view
    assert view
    assert view.text.splitlines() == ["It was agreed on 9 May.", "Ports", "Port Aktau: Wagons: 3; Chief: Ana"]
    rows = [text[row.start : row.end] for row in view.rows]
    assert rows == ["It was agreed on 9 May.", "Ports", "Aktau\t3\tAna"]
    assert [view.is_paragraph(run) for run in view.runs if run.cell] == [True, True, False, False, False]


def test_paragraph_before_a_table_is_a_passage_of_its_own() -> None:
    prose = "The ports of the coast are run by the state, which dredged them twice in the years after a flood in 2021."
    text = f"# Ports\n\n{prose}\n\nPort\tWagons\tChief\nAktau\t3\tAna\nKuryk\t12\tBo"
    passages = _passages(text)
    assert passages[0].text == f"# Ports\n\n{prose}"
    assert [passage.view is not None for passage in passages] == [False, True, True]


@pytest.mark.parametrize("heading", ["", "## Sign here\n\n"])
@pytest.mark.parametrize("rows", ["", "| Ana | 3 | 4 |\n", "| Part one | | |\n"])
def test_no_word_is_lost_before_an_empty_last_row(heading: str, rows: str) -> None:
    text = f"{heading}| Name | Date | Place |\n|---|---|---|\n{rows}| | | |\n"
    read = " ".join(passage.text for passage in _passages(text))
    assert set(re.findall(r"\w+", text)) <= set(re.findall(r"\w+", read))


def test_row_of_one_cell_names_the_rows_below() -> None:
    text = "\t2021\t2022\nAssets\nCash\t1\t2\nLand\t3\t4\nDebts\nLoans\t5\t6"
    assert _views(text) == [
        "Assets, Cash: 2021: 1; 2022: 2",
        "Assets, Land: 2021: 3; 2022: 4",
        "Debts, Loans: 2021: 5; 2022: 6",
    ]


def test_long_row_is_cut_between_cells_and_keeps_its_label() -> None:
    values = [f"the value of column number {number}" for number in range(1, 25)]
    text = "\n".join(["\t".join(["Port", *(f"Name {i}" for i in range(1, 25))]), "\t".join(["Aktau", *values])])
    text += "\n" + text.splitlines()[1].replace("Aktau", "Kuryk")
    views = _views(text)
    rows = [view for view in views if view]
    assert len(rows) > 2
    assert all(view.startswith(("Port Aktau: ", "Port Kuryk: ")) for view in rows)
    assert "Name 24: the value of column number 24" in rows[-1]


def test_row_of_many_short_cells_is_read_in_even_parts() -> None:
    months = [f"{month} {year}" for year in (2022, 2023) for month in ("Jan", "Feb", "Mar", "Apr", "May")]
    rows = ["\t".join([town, *(str(100 * number) for number in range(1, 11))]) for town in ("Aktau", "Kuryk")]
    views = _views("\n".join(["\t".join(["Town", *months]), *rows]))
    assert views == [
        f"Town {town}: " + "; ".join(f"{month}: {100 * (at + number)}" for number, month in enumerate(some))
        for town in ("Aktau", "Kuryk")
        for at, some in ((1, months[:5]), (6, months[5:]))
    ]


def test_part_of_a_row_that_names_its_cells_begins_with_a_name() -> None:
    fields = "\t".join(["Town: Vellin", *(f"Week {number} tons: {100 + number}" for number in range(1, 11))])
    first, second = _passages(fields)
    assert first.text.endswith("Week 5 tons: 105")
    assert second.text.startswith("Week 6 tons: 106")


def test_marks_around_the_outer_cells_are_part_of_a_row() -> None:
    text = "| Name | Value |\n| --- | --- |\n| `port` | **8000** |\n| `host` | *none* |"
    rows = [row for passage in _passages(text) if passage.view for row in passage.view.rows]
    assert [text[row.start : row.end] for row in rows] == ["`port` | **8000**", "`host` | *none*"]


def test_no_view_exceeds_a_budget() -> None:
    window = Budget(lambda text: len(text.split()), 40)
    text = LONG + "\n" + "\t".join(["Far", "word " * 90, "End"])
    document = Document("d.txt", text, "D")
    for passage in chunk(document, ChunkSettings(), window):
        assert len(passage.read_text.split()) <= 40
        assert len(passage.text.split()) <= 40


@pytest.mark.parametrize("words", ["Ana", "3"])
def test_cell_of_a_view_leads_to_the_document_and_back(words: str) -> None:
    text = "Port\tWagons\tChief\nAktau\t3\tAna\nKuryk\t12\tBo"
    view = _passages(text)[0].view
    assert view
    at = view.text.rindex(words)
    cell = view.cell_at(at, at + len(words))
    assert cell
    assert text[cell.start : cell.end] == words
    assert view.locate(cell.start, cell.end) == (at, at + len(words))


def test_names_and_several_cells_are_not_quoted() -> None:
    view = _passages("Port\tWagons\tChief\nAktau\t3\tAna\nKuryk\t12\tBo")[0].view
    assert view
    assert view.text == "Port Aktau: Wagons: 3; Chief: Ana"
    assert view.cell_at(view.text.index("Wagons"), view.text.index("Wagons") + 6) is None
    assert view.cell_at(view.text.index("3"), len(view.text)) is None
