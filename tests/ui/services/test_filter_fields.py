from pathlib import Path

import pytest
from rag.ui.services.filter_fields import FieldValue, FilterField, Source, filter_fields, sources

from rag import Document, Index, SentenceTransformerEncoder, build_index
from rag.index.contract import DocumentStore


def _store(encoder: SentenceTransformerEncoder) -> DocumentStore:
    documents = [
        Document(f"{number}.md", f"Train {number} runs to Osh.", f"Train {number}", metadata={
            "country": ["Kazakhstan", "Kyrgyzstan"][number % 2], "date": f"2022-{number % 12 + 1:02}",
            "year": str(2000 + number), "author": f"Writer {number}", "encoding": "utf-8", "row": number,
            "sources": [{"publication": "The Paper" if number % 3 else "A Review"}], "language": "en",
        })
        for number in range(30)
    ]  # fmt: skip
    return Index.build(documents, encoder).store


def test_fields_have_pickers_by_the_kind_of_their_values(encoder: SentenceTransformerEncoder) -> None:
    fields = filter_fields(_store(encoder))
    assert [(field.name, field.kind) for field in fields] == [
        ("date", "date"), ("country", "values"), ("sources.publication", "values"), ("year", "number"),
        ("title", "text"), ("author", "text"),
    ]  # fmt: skip
    assert fields[1] == FilterField("country", "values", (FieldValue("Kazakhstan", 15), FieldValue("Kyrgyzstan", 15)))
    assert fields[2].values == (FieldValue("A Review", 10), FieldValue("The Paper", 20))


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("a.md", "# Trains\n\nThey run.", Source("Trains", "a.md", "a.md")),
        ("a.eml", "Subject: Trains\n\nThey run.", Source("Trains", "a.eml", "a.eml*")),
        ("a.csv", "port,wagons\nAktau,4\nKuryk,5\n", Source("", "a.csv", "a.csv#*")),
    ],
)
def test_source_matches_the_documents_of_its_file(
    encoder: SentenceTransformerEncoder, tmp_path: Path, name: str, text: str, expected: Source
) -> None:
    (tmp_path / name).write_text(text)
    build_index(tmp_path / name, tmp_path / "index", encoder)
    index = Index.open(tmp_path / "index")
    assert sources(index.store) == [expected]
    assert len(index.rows([f"path={expected.pattern}"])) == len(index.passages)
