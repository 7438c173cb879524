"""The list of a collection's files, with what of them was not read."""

import re
from pathlib import Path

from rag.ui.services.file_listing import Row, listing

from rag import Index, SentenceTransformerEncoder, build_index


def test_row_names_what_of_its_file_was_not_read(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    (docs / "a.txt").write_text("The pier is closed.")
    (docs / "b.rtf").write_bytes(rb"{\rtf1 Words of the pier.{\pict 89}\par}")
    (docs / "c.jsonl").write_text('{"text": "The gate is open."}\n' * 6 + "broken\n" * 5)
    (docs / "d.docx").write_text("no zip")
    build_index(docs, tmp_path / "index", encoder)
    store = Index.open(tmp_path / "index", encoder).store
    rows = {row.path: row for row in listing(store, None, "", 10)}
    broken = "not read: is not JSON (Expecting value at character 1)"
    assert {path: row.note for path, row in rows.items()} == {
        "a.txt": "",
        "b.rtf": "1 picture is not read",
        "c.jsonl": f"#7: {broken}; #8: {broken}; #9: {broken}; 2 more",
        "d.docx": "not read: is damaged or not DOCX: not a zip file inside; save it as DOCX again",
    }
    assert rows["d.docx"] == Row("d.docx", note=rows["d.docx"].note)


def test_row_names_what_its_document_is_nearly_the_same_as(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    docs = tmp_path / "docs"
    docs.mkdir()
    words = [f"word{number}" for number in range(60)]
    (docs / "a.txt").write_text(" ".join(words))
    (docs / "b.txt").write_text(" ".join([*words, "more"]))
    build_index(docs, tmp_path / "index", encoder)
    notes = [row.note for row in listing(Index.open(tmp_path / "index", encoder).store, None, "", 10)]
    assert notes[0] == ""
    assert re.fullmatch(r"nearly the same as a\.txt \(\d\d\d?%\)", notes[1])
