import pytest

from rag.errors import DocumentError
from rag.formats import Remark, parse


def test_csv_row_is_a_document_with_metadata() -> None:
    rows = ['1,Border,"Long, and\nguarded.",2022-10-22T10:00,KZ', "2,Empty,,2023,KG", "3,,Rents rose.,soon,UZ"]
    raw = "\n".join(["id,Title,Body,Date,country", *rows])
    parsed = parse("t/table.csv", raw.encode())
    assert [(d.id, d.title, d.text, d.metadata) for d in parsed.documents] == [
        ("t/table.csv#1", "Border", "Long, and\nguarded.",
         {"encoding": "utf-8", "id": "1", "Title": "Border", "Date": "2022-10-22T10:00", "country": "KZ",
          "date": "2022-10-22", "row": 1}),
        ("t/table.csv#3", "table#3", "Rents rose.",
         {"encoding": "utf-8", "id": "3", "Title": "", "Date": "soon", "country": "UZ", "row": 3}),
    ]  # fmt: skip
    assert parsed.skipped == parsed.warnings == []


@pytest.mark.parametrize(
    ("columns", "text"),
    [
        ("answer,Content,text ", "text "),
        ("answer,CONTENT,other", "CONTENT"),
        ("answer,question,other", "answer"),
        ("a,b,other", "other"),
    ],
)
def test_text_column_is_chosen_by_name_then_length(columns: str, text: str) -> None:
    values = ["short", "shortish", "the longest of all"]
    documents = parse("a.csv", f"{columns}\n{','.join(values)}\n".encode()).documents
    names = [name.strip() for name in columns.split(",")]
    assert [document.text for document in documents] == [values[names.index(text.strip())]]


@pytest.mark.parametrize("delimiter", [",", ";", "|", "\t"])
def test_delimiter_is_detected(delimiter: str) -> None:
    rows = [["name", "text", "n"], ["a", "One, two; three.", "1"], ["b", "Four.", "2"]]
    raw = "\r\n".join(delimiter.join(f'"{each}"' for each in row) for row in rows)
    assert [d.text for d in parse("a.csv", raw.encode()).documents] == ["One, two; three.", "Four."]


def test_single_column_is_a_table() -> None:
    assert [d.text for d in parse("a.csv", b"text\nOne.\n\nTwo.\n").documents] == ["One.", "Two."]
    assert [d.id for d in parse("a.csv", b"text\nOne.\n\nTwo.\n").documents] == ["a.csv#1", "a.csv#3"]


def test_tsv_is_read_in_any_encoding() -> None:
    document = parse("a.tsv", "title\ttext\nGrüße\tEins, zwei.\n".encode("utf-16")).documents[0]
    assert (document.title, document.text, document.metadata["encoding"]) == ("Grüße", "Eins, zwei.", "utf-16")


def test_broken_rows_are_skipped_with_reasons() -> None:
    rows = ["a,text", "1,One.", "2,Two.,more", "3,Three.", '4,"bad"quote', "5,Five.", "6", '7,"open', "8,Eight."]
    parsed = parse("a.csv", "\n".join([*rows[:2], *["0,Zero."] * 6, *rows[2:]]).encode())
    assert [d.text for d in parsed.documents] == ["One.", *["Zero."] * 6, "Three.", "Five."]
    assert parsed.skipped == [
        Remark("a.csv#8", "has 3 fields where the header has 2; check its delimiters and quotes"),
        Remark("a.csv#10", "cannot be read (',' expected after '\"'); check its quotes"),
        Remark("a.csv#12", "has 1 field where the header has 2; check its delimiters and quotes"),
        Remark("a.csv#13", "a quote is never closed, so nothing after it was read; close it"),
    ]


def test_text_above_the_csv_field_limit_is_read() -> None:
    long = "word " * 100_000
    assert parse("a.csv", f"id,text\n1,{long}\n".encode()).documents[0].text == long


@pytest.mark.parametrize(
    ("name", "raw", "message"),
    [
        (
            "a.csv",
            b"Dear Sir,\nI write, as ever, to you, and to all,\nwith thanks, and so on, and on,\n",
            "is not a table",
        ),
        ("a.csv", b"a,text\n", "there is no text in it"),
        ("a.csv", b"a,text\n1,\n", "there is no text in it"),
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
