"""Questions about the cells of one table, in every format that can hold one."""

import csv
from collections.abc import Callable
from pathlib import Path

import docx
import openpyxl
import pytest
from fpdf import FPDF

from rag import Assistant, SentenceTransformerEncoder, build_index

HEADER = ["Harbour", "Country", "Depth", "Master", "Wagons"]
ROWS = [
    ["Aktau", "Kazakhstan", "5.4 m", "Dana Serik", "41,300"],
    ["Baku", "Azerbaijan", "7.1 m", "Murad Aliyev", "58,100"],
    ["Anzali", "Iran", "4.9 m", "Reza Tehrani", "9,870"],
    ["Turkmenbashi", "Turkmenistan", "6.9 m", "Ayna Orazova", "23,450"],
    ["Makhachkala", "Russia", "5.1 m", "Igor Petrov", "12,640"],
]
TITLE = "Harbours of the Caspian"
QUESTIONS = {
    "Who is the master of Turkmenbashi?": "Ayna Orazova",
    "Who is the master of Baku?": "Murad Aliyev",
    "How many wagons does Anzali have?": "9,870",
    "How many wagons does Aktau have?": "41,300",
    "In which country is Makhachkala?": "Russia",
    "What is the depth of Anzali?": "4.9 m",
}
TABLE = [HEADER, *ROWS]


def _text(path: Path) -> None:
    path.write_text(f"{TITLE}\n\n" + "\n".join("".join(cell.ljust(15) for cell in row).rstrip() for row in TABLE))


def _markdown(path: Path) -> None:
    lines = ["| " + " | ".join(row) + " |" for row in [HEADER, ["---"] * len(HEADER), *ROWS]]
    path.write_text(f"# {TITLE}\n\n" + "\n".join(lines) + "\n")


def _html(path: Path) -> None:
    rows = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in TABLE)
    path.write_text(
        f"<html><head><title>{TITLE}</title></head><body><h1>{TITLE}</h1><table>{rows}</table></body></html>"
    )


def _docx(path: Path) -> None:
    made = docx.Document()
    made.add_heading(TITLE, 1)
    table = made.add_table(0, len(HEADER))
    for row in TABLE:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    made.save(str(path))


def _pdf(path: Path) -> None:
    made = FPDF()
    made.add_page()
    made.set_font("Helvetica", size=10)
    with made.table() as table:
        for row in TABLE:
            table.row(row)
    made.output(str(path))


def _csv(path: Path) -> None:
    with path.open("w", newline="") as file:
        csv.writer(file, delimiter=";").writerows(TABLE)


def _xlsx(path: Path) -> None:
    book = openpyxl.Workbook()
    assert book.active
    for row in TABLE:
        book.active.append(row)
    book.save(path)


@pytest.mark.parametrize(
    ("suffix", "write"),
    [
        ("txt", _text),
        ("md", _markdown),
        ("html", _html),
        ("docx", _docx),
        ("pdf", _pdf),
        ("csv", _csv),
        ("xlsx", _xlsx),
    ],
)
def test_answer_is_the_cell_of_the_row_and_column_asked_for(
    encoder: SentenceTransformerEncoder, tmp_path: Path, suffix: str, write: Callable[[Path], None]
) -> None:
    (tmp_path / "files").mkdir()
    write(tmp_path / "files" / f"harbours.{suffix}")
    build_index(tmp_path / "files", tmp_path / "index", encoder)
    assistant = Assistant.load(tmp_path / "index", encoder)
    for question, expected in QUESTIONS.items():
        result = assistant.ask(question)
        assert result.answer, question
        assert result.answer.text == expected, question
        text = assistant.index.documents[result.answer.document].text
        assert text[result.answer.start : result.answer.end] == expected
        row = text[result.answer.sentence.start : result.answer.sentence.end]
        assert row == result.answer.sentence.text
        assert [name for name, *_ in ROWS if name in row] == [name for name, *cells in ROWS if expected in cells]
        assert not any(expected in each.text and "\n" in each.text for each in result.evidence)
        for candidate in result.answers:
            assert not set(candidate.text) & set("\t|\n")


def test_old_row_is_not_cut_within_an_amount(encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    lines = [
        "MARK, JON DISTRICT DIRECTOR 37,499.96",
        "OSTER, PAYTON STAFF ASSISTANT 25,499.96",
        "HOLM, ERIN INTERN 446.87",
    ]
    (tmp_path / "pay.txt").write_text("\n".join(lines))
    build_index(tmp_path / "pay.txt", tmp_path / "index", encoder)
    found = Assistant.load(tmp_path / "index", encoder).ask("How much was OSTER paid?", min_confidence=0.0)
    assert found.answer
    assert found.answer.text == "25,499.96"
    assert {answer.text for answer in found.answers if answer.text[0].isdigit()} <= {"37,499.96", "25,499.96", "446.87"}


def test_answer_above_a_table_is_in_its_paragraph(encoder: SentenceTransformerEncoder, tmp_path: Path) -> None:
    (tmp_path / "budget.txt").write_text(
        "The board agreed on 9 May.\n\nBerths\n\nHarbour\tBerths\tMaster\nVellin\t120\tAna Ruiz\nOsterby\t45\tPaul"
    )
    build_index(tmp_path / "budget.txt", tmp_path / "index", encoder)
    found = Assistant.load(tmp_path / "index", encoder).ask("When did the board agree?")
    assert found.answer
    assert found.answer.text == "9 May"
    assert found.answer.sentence.text == "The board agreed on 9 May."
