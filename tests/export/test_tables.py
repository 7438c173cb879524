"""Tables as files, read back by other means than those that wrote them."""

import csv
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree, html

from rag import Candidate, InputError, Sentence, TableCell, TableRow
from rag.export.tables import check_table_file, write_table
from rag.questions.columns import Column

COLUMNS = [Column("contract date", "What is the contract date?"), Column("=1+1", "What is the =1+1?")]


def _found(text: str, confidence: float = 0.875, page: int | None = 3) -> Candidate:
    return Candidate(text, 10, 10 + len(text), confidence, Sentence(5, 40, f"On {text} & <b>more</b>."), page, "Dates")


def _cell(column: int, found: Candidate | None, reason: str | None = None) -> TableCell:
    return TableCell(COLUMNS[column].question, found, reason)


ROWS = [
    TableRow("a.md", "Contract <A>", (_cell(0, _found("3 May 2021")), _cell(1, _found("=cmd()", 1.0, None)))),
    TableRow("-b.md", "B", (_cell(0, _found("?"), "too unsure: 12%"), _cell(1, None, "no span: nothing"))),
    TableRow("gone.md", "gone", (), "is no longer in the index"),
]
HEADER = [
    "document", "title", "contract date", "contract date: confidence", "contract date: page", "contract date: start",
    "contract date: end", "=1+1", "=1+1: confidence", "=1+1: page", "=1+1: start", "=1+1: end", "remark",
]  # fmt: skip


def _sheet(path: Path) -> list[list[tuple[str, str]]]:
    """Type and value of the cells of each row; types are those of ECMA-376, ``n`` if none is given."""
    space = {"x": "http://schemas.openxmlformats.org/spreadsheetml/2006/main"}
    with zipfile.ZipFile(path) as package:
        root = etree.fromstring(package.read("xl/worksheets/sheet1.xml"))
    assert root.xpath("//x:f", namespaces=space) == []
    return [
        [(cell.get("t", "n"), "".join(cell.itertext())) for cell in row.xpath("x:c", namespaces=space)]
        for row in root.xpath("//x:row", namespaces=space)
    ]


def test_csv_has_quotes_with_their_details(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", COLUMNS, ROWS)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert [name.removeprefix("'") for name in header] == HEADER
    assert lines == [
        ["a.md", "Contract <A>", "3 May 2021", "0.875", "3", "10", "20", "'=cmd()", "1.0", "", "10", "16", ""],
        ["'-b.md", "B", "not found", "", "", "", "", "not found", "", "", "", "", ""],
        ["gone.md", "gone", "", "", "", "", "", "", "", "", "", "", "is no longer in the index"],
    ]


def test_short_csv_has_only_the_quotes(tmp_path: Path) -> None:
    write_table(tmp_path / "t.csv", COLUMNS, ROWS[:1], quotes_only=True)
    assert (tmp_path / "t.csv").read_bytes().decode() == (
        "document,title,contract date,'=1+1,remark\r\na.md,Contract <A>,3 May 2021,'=cmd(),\r\n"
    )


@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "＝"])
def test_csv_holds_no_formula(tmp_path: Path, first: str) -> None:
    write_table(tmp_path / "t.csv", COLUMNS, [TableRow("a", f"{first}1", (), f"{first}2")], quotes_only=True)
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        assert list(csv.reader(file))[1] == ["a", f"'{first}1", "", "", f"'{first}2"]


def test_xlsx_holds_text_as_text_and_numbers_as_numbers(tmp_path: Path) -> None:
    write_table(tmp_path / "t.xlsx", COLUMNS, ROWS)
    header, first, second, third = _sheet(tmp_path / "t.xlsx")
    assert header == [("inlineStr", name) for name in HEADER]
    assert first == [
        ("inlineStr", "a.md"), ("inlineStr", "Contract <A>"), ("inlineStr", "3 May 2021"), ("n", "0.875"), ("n", "3"),
        ("n", "10"), ("n", "20"), ("inlineStr", "=cmd()"), ("n", "1"), ("n", "10"), ("n", "16"),
    ]  # fmt: skip
    assert [value for _, value in second] == ["-b.md", "B", "not found", "not found"]
    assert [value for _, value in third] == ["gone.md", "gone", "is no longer in the index"]


def test_html_shades_by_probability_and_escapes(tmp_path: Path) -> None:
    write_table(tmp_path / "t.html", COLUMNS, ROWS)
    text = (tmp_path / "t.html").read_text(encoding="utf-8")
    assert "<b>more" not in text
    assert re.findall(r"(?:src|href|url)\s*[=(]", text) == []
    page = html.fromstring(text)
    first, second, third = page.xpath("//tbody/tr")
    assert [(cell.get("class"), cell.text) for cell in first.xpath("td")] == [("p8", "3 May 2021"), ("p9", "=cmd()")]
    assert first.xpath("td/@title") == [
        "88%, page 3, characters 10-20: On 3 May 2021 & <b>more</b>.",
        "100%, characters 10-16: On =cmd() & <b>more</b>.",
    ]
    assert first.xpath("th/text()") == ["Contract <A>"]
    assert [(cell.get("title"), cell.text) for cell in second.xpath("td")] == [
        ("too unsure: 12%", "not found"), ("no span: nothing", "not found"),
    ]  # fmt: skip
    assert [(cell.get("colspan"), cell.text) for cell in third.xpath("td")] == [("2", "is no longer in the index")]


def test_jsonl_has_every_field_of_every_cell(tmp_path: Path) -> None:
    write_table(tmp_path / "t.jsonl", COLUMNS, ROWS)
    lines = [json.loads(line) for line in (tmp_path / "t.jsonl").read_text(encoding="utf-8").splitlines()]
    assert lines[0] == {
        "document": "a.md", "title": "Contract <A>", "column": "contract date",
        "question": "What is the contract date?", "found": True, "text": "3 May 2021", "confidence": 0.875,
        "start": 10, "end": 20, "page": 3, "heading": "Dates",
        "sentence": {"start": 5, "end": 40, "text": "On 3 May 2021 & <b>more</b>."}, "reason": None,
    }  # fmt: skip
    assert [(line["document"], line["found"], line["text"], line["reason"]) for line in lines[2:]] == [
        ("-b.md", False, None, "too unsure: 12%"),
        ("-b.md", False, None, "no span: nothing"),
        ("gone.md", False, None, "is no longer in the index"),
        ("gone.md", False, None, "is no longer in the index"),
    ]
    assert {tuple(line) for line in lines} == {tuple(lines[0])}


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".html", ".jsonl"])
def test_file_is_whole_or_absent(tmp_path: Path, suffix: str) -> None:
    def rows() -> Iterator[TableRow]:
        yield ROWS[0]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_table(tmp_path / f"t{suffix}", COLUMNS, rows())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("t.txt", "t.txt: a table is written as .csv, .xlsx, .html or .jsonl; use one of these suffixes"),
        ("t", "t: a table is written as .csv, .xlsx, .html or .jsonl; use one of these suffixes"),
        ("none/t.csv", "none; make it first"),
        ("there.csv", "there.csv: exists already; name a new file, or give --force to replace it"),
        ("folder.csv", "folder.csv: is a folder; name a file"),
    ],
)
def test_file_that_cannot_be_written_is_refused_first(tmp_path: Path, name: str, message: str) -> None:
    (tmp_path / "there.csv").write_text("kept")
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError) as error:
        check_table_file(tmp_path / name)
    assert str(error.value).endswith(message)
    check_table_file(tmp_path / "there.csv", replace=True)
    check_table_file(tmp_path / "T.CSV")
