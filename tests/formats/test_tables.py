import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse


def test_csv_row_is_a_document_of_its_fields() -> None:
    rows = ['1,Border,"Long, and\nguarded.",2022-10-22T10:00,KZ', "2,Empty,,2023,KG", "3,,Rents rose.,2024-01,UZ"]
    raw = "\n".join(["id,Title,Body,Date,country", *rows])
    parsed = parse("t/table.csv", raw.encode())
    assert [(d.id, d.title, d.text) for d in parsed.documents] == [
        ("t/table.csv#1", "Border", "id: 1\tTitle: Border\tDate: 2022-10-22T10:00\tcountry: KZ\n\nLong, and\nguarded."),
        ("t/table.csv#2", "Empty", "id: 2\tTitle: Empty\tDate: 2023\tcountry: KG"),
        ("t/table.csv#3", "table#3", "id: 3\tDate: 2024-01\tcountry: UZ\n\nRents rose."),
    ]
    assert parsed.documents[0].metadata == {
        "encoding": "utf-8", "id": "1", "Title": "Border", "Date": "2022-10-22", "country": "KZ",
        "date": "2022-10-22", "row": 1,
    }  # fmt: skip
    assert parsed.skipped == []
    assert parsed.warnings == [Remark("t/table.csv", "columns: id, Title, Body, Date, country")]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t", "^", "~"])
def test_separator_is_recognised(delimiter: str) -> None:
    rows = [["name", "text", "n"], ["a", "One, two; three.", "1"], ["b", "Four.", "2"]]
    raw = "\r\n".join(delimiter.join(f'"{each}"' for each in row) for row in rows)
    parsed = parse("a.csv", raw.encode())
    assert [d.text for d in parsed.documents] == ["name: a\ttext: One, two; three.\tn: 1", "name: b\ttext: Four.\tn: 2"]
    named = "" if delimiter in ",\t" else f" (separated by {delimiter})"
    assert parsed.warnings == [Remark("a.csv", f"columns{named}: name, text, n")]


def test_separator_that_a_spreadsheet_states_is_used() -> None:
    raw = b"sep=!\r\nport!wagons\r\nAktau!1,5\r\n"
    assert [d.text for d in parse("a.csv", raw).documents] == ["port: Aktau\twagons: 1,5"]


def test_decimal_commas_do_not_separate_fields() -> None:
    raw = b"port;share;rate\nAktau;1,5;2,5\nKuryk;3,5;4,5\n"
    assert parse("a.csv", raw).documents[0].text == "port: Aktau\tshare: 1,5\trate: 2,5"


@pytest.mark.parametrize(
    ("raw", "texts"),
    [
        (b'A well is 41 metres deep.\n"Another one, dry."\n', ["A well is 41 metres deep.", "Another one, dry."]),
        (b"Aktau,41300\nKuryk,12\n", ["Aktau\t41300", "Kuryk\t12"]),
        (b"Vellin,Northmark\nOsterby,Northmark\n", ["Vellin\tNorthmark", "Osterby\tNorthmark"]),
    ],
)
def test_first_row_of_values_is_a_row(raw: bytes, texts: list[str]) -> None:
    parsed = parse("a.csv", raw)
    assert [d.text for d in parsed.documents] == texts
    assert [d.id for d in parsed.documents] == ["a.csv#1", "a.csv#2"]
    assert "first row holds values" in parsed.warnings[0].text


def test_years_may_name_columns() -> None:
    assert parse("a.csv", b"port,2021,2022\nAktau,5,6\n").documents[0].text == "port: Aktau\t2021: 5\t2022: 6"


@pytest.mark.parametrize(
    ("values", "iso"),
    [
        (["31/12/2022", "01/02/2023"], ["2022-12-31", "2023-02-01"]),
        (["12/31/2022", "01/02/2023"], ["2022-12-31", "2023-01-02"]),
        (["31.12.2022", ""], ["2022-12-31", ""]),
        (["Dec 31 2022", "January 2, 2023"], ["2022-12-31", "2023-01-02"]),
        (["31 December 2022", "2nd Jan. 2023 10:30"], ["2022-12-31", "2023-01-02"]),
        (["31-Dec-2022", "2023-01"], ["2022-12-31", "2023-01"]),
        (["05/05/2022", "06/06/2022"], ["2022-05-05", "2022-06-06"]),
    ],
)
def test_dates_in_common_forms_are_filterable(values: list[str], iso: list[str]) -> None:
    rows = "".join(f'a,"{value}"\n' for value in values)
    parsed = parse("a.csv", f"name,signed\n{rows}".encode())
    assert [d.metadata["signed"] for d in parsed.documents] == iso
    assert values[0] in parsed.documents[0].text
    assert len(parsed.warnings) == 1


def test_ambiguous_dates_are_named_and_left() -> None:
    parsed = parse("a.csv", b"name,date\na,03/04/2022\nb,05/06/2022\n")
    assert parsed.documents[0].metadata["date"] == "03/04/2022"
    assert "column date: 03/04/2022 may begin with the day or the month" in parsed.warnings[1].text


def test_single_column_is_a_table() -> None:
    assert [d.text for d in parse("a.csv", b"text\nOne.\n\nTwo.\n").documents] == ["One.", "Two."]
    assert [d.id for d in parse("a.csv", b"text\nOne.\n\nTwo.\n").documents] == ["a.csv#1", "a.csv#3"]


def test_tsv_is_read_in_any_encoding() -> None:
    document = parse("a.tsv", "title\ttext\nGrüße\tEins, zwei.\n".encode("utf-16")).documents[0]
    assert (document.title, document.text) == ("Grüße", "title: Grüße\ttext: Eins, zwei.")
    assert document.metadata["encoding"] == "utf-16"


def test_broken_rows_are_skipped_with_reasons() -> None:
    rows = ["a,text", "1,One.", "2,Two.,more", "3,Three.", '4,"bad"quote', "5,Five.", "6", '7,"open', "8,Eight."]
    parsed = parse("a.csv", "\n".join([*rows[:2], *["0,Zero."] * 6, *rows[2:]]).encode())
    texts = ["a: 1\ttext: One.", *["a: 0\ttext: Zero."] * 6, "a: 3\ttext: Three.", "a: 5\ttext: Five."]
    assert [d.text for d in parsed.documents] == texts
    assert parsed.skipped == [
        Remark("a.csv#8", "has 3 fields where the header has 2; check its delimiters and quotes"),
        Remark("a.csv#10", "cannot be read (',' expected after '\"'); check its quotes"),
        Remark("a.csv#12", "has 1 field where the header has 2; check its delimiters and quotes"),
        Remark("a.csv#13", "a quote is never closed, so nothing after it was read; close it"),
    ]


def test_text_above_the_csv_field_limit_is_read() -> None:
    long = "word " * 100_000
    assert parse("a.csv", f"id,text\n1,{long}\n".encode()).documents[0].text == f"id: 1\n\n{long}"


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        (
            "a.csv",
            b"Dear Sir,\nI write, as ever, to you, and to all,\nwith thanks, and so on, and on,\n",
            "is not a table",
        ),
        ("a.csv", b"a,text\n", "there is no text in it"),
        ("a.csv", b"a,text\n,\n", "there is no text in it"),
        ("a.csv", b"\x00\x01,b", "NUL bytes"),
        ("a.csv", b'"open', "is not a table; first row: a quote is never closed"),
        ("a.jsonl", b"prose\nand more\n", "is not JSONL: most lines are not JSON objects"),
        ("a.jsonl", b'{"n": 1}\n', "there is no text in it"),
    ],
)
def test_file_without_a_table_is_rejected(name: str, raw: bytes, message: str) -> None:
    with pytest.raises(DocumentError, match=message):
        parse(name, raw)


def test_jsonl_line_is_a_document_with_its_values() -> None:
    lines = [
        '{"text": "One\\u2028two.", "name": "A", "n": 1.5, "tags": ["x"], "published": "2022-10"}',
        "",
        '{"text": "Half \\ud800.", "o": {"k": null}}',
    ]
    raw = "\n".join(lines)
    documents = parse("a.jsonl", raw.encode()).documents
    assert [(d.id, d.title, d.text, d.metadata) for d in documents] == [
        ("a.jsonl#1", "A", "One\u2028two.", {"encoding": "utf-8", "name": "A", "n": 1.5, "tags": ["x"],
                                            "published": "2022-10", "date": "2022-10", "row": 1}),
        ("a.jsonl#3", "a#3", "Half \ufffd.", {"encoding": "utf-8", "o": {"k": None}, "row": 3}),
    ]  # fmt: skip


def test_broken_jsonl_lines_are_skipped_with_reasons() -> None:
    deep = '{"text": ' + "[" * 100_000 + "}"
    lines = [
        '{"text": "One."}',
        '{"text": }',
        '{"text": "Two."}',
        "[1]",
        '{"text": "Three."}',
        deep,
        '{"text": "Four."}',
    ]
    parsed = parse("a.ndjson", "\n".join(lines).encode())
    assert [d.text for d in parsed.documents] == ["One.", "Two.", "Three.", "Four."]
    assert parsed.skipped == [
        Remark("a.ndjson#2", "is not JSON (Expecting value at character 10)"),
        Remark("a.ndjson#4", 'is JSON, but not an object; write it as {"text": ...}'),
        Remark("a.ndjson#6", "holds a number too long or a value too deep to be read"),
    ]
