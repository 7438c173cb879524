"""The contract of ``rag.index.contract``, which every store of an index must keep."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag import Index, InputError, Retriever, SentenceTransformerEncoder, build_index
from rag.index.lexical import terms
from tests.index.milvus_server import MilvusServer

FILES = {
    "border.md": '---\ncountry: [Kazakhstan, Russia]\ndate: 2022-09-30\nlength: 7644\nshare: 100%_a"b\n---\n'
    "# Border\n\nThe border between Kazakhstan and Russia is 7,644 km long.\n",
    "reports/rents.txt": "Rents in Almaty doubled after the newcomers came, by 2.5 times at most.",
    "rail.csv": "name,country,date\nTrains run to Osh.,Kyrgyzstan,2022-10-01\n"
    "Trains run to Dushanbe.,Tajikistan,2022\n",
}
QUESTIONS = ["How long is the border with Russia?", "Where do trains run?", "Did rents rise 2.5 times?", "xyzzy"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    running = MilvusServer(tmp_path_factory.mktemp("milvus"))
    yield running
    running.stop()


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("docs")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    (folder / "broken.pdf").write_bytes(b"no PDF")
    return folder


@pytest.fixture(scope="module")
def local(docs: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory) -> Index:
    folder = tmp_path_factory.mktemp("local") / "index"
    build_index(docs, folder, encoder)
    return Index.open(folder, encoder)


@pytest.fixture(scope="module", params=["folder", "milvus"])
def index(
    request: pytest.FixtureRequest, local: Index, docs: Path, server: MilvusServer, encoder: SentenceTransformerEncoder
) -> Index:
    if request.param == "folder":
        return local
    folder = docs.with_name("remote")
    build_index(docs, folder, encoder, store=server.address("contract"))
    return Index.open(folder, encoder)


def _starts(index: Index, rows: object) -> list[tuple[str, int]]:
    found = [index.passages[int(row)] for row in np.asarray(rows)]
    return sorted((passage.document_id, passage.start) for passage in found)


def test_documents_are_whole_and_in_order(index: Index, local: Index) -> None:
    assert list(index.documents) == ["border.md", "rail.csv#1", "rail.csv#2", "reports/rents.txt"]
    assert len(index.documents) == 4
    for name, document in local.documents.items():
        assert index.documents[name] == document
        assert index.title(name) == document.title
        assert index.place(name, 90) == document.place(90)
    assert "border.md" in index.documents
    assert "nothing.md" not in index.documents


def test_passages_are_those_that_were_cut(index: Index, local: Index) -> None:
    assert len(index.passages) == len(local.passages) == len(list(index.passages))
    expected = {(each.document_id, each.start): each for each in local.passages}
    for row, passage in index.passages.items():
        assert index.passages[row] == passage == expected[passage.document_id, passage.start]


def test_files_and_what_was_not_read(index: Index, local: Index) -> None:
    assert [(each.path, each.hash) for each in index.store.files().values()] == [
        (each.path, each.hash) for each in local.store.files().values()
    ]
    assert index.store.refused() == local.store.refused()
    assert list(index.store.refused()) == ["broken.pdf"]
    assert sorted(index.store.unread()) == sorted(local.store.unread())
    assert index.store.document_counts() == {"border.md": 1, "rail.csv": 2, "reports/rents.txt": 1}
    record = index.store.files()["rail.csv"]
    assert index.store.titles_of(record.number, 1) == local.store.titles_of(local.store.files()["rail.csv"].number, 1)
    assert [each.id for each in index.store.documents_of(record.number)] == ["rail.csv#1", "rail.csv#2"]
    found = index.file_of("rail.csv#2")
    assert found is not None
    assert (found.path, found.hash) == (record.path, record.hash)
    assert index.file_of("nothing.md") is None


@pytest.mark.parametrize("question", QUESTIONS)
def test_words_score_as_bm25_over_all_passages(index: Index, local: Index, question: str) -> None:
    expected = {
        (local.passages[row].document_id, local.passages[row].start): score
        for row, score in enumerate(local.lexical.scores(question, np.arange(len(local.passages))))
    }
    rows = np.array(sorted(row for row, _ in index.passages.items()), dtype=np.int64)
    for row, score in zip(rows, index.lexical.scores(question, rows), strict=True):
        passage = index.passages[int(row)]
        assert score == pytest.approx(expected[passage.document_id, passage.start], rel=1e-5)
    scores, found = index.lexical.search(question, 3)
    positive = sorted((score for score in expected.values() if score), reverse=True)[:3]
    assert sorted(scores, reverse=True) == pytest.approx(positive, rel=1e-5)
    assert len(found) == len(scores)
    assert index.lexical.rarity(terms(question)) == pytest.approx(local.lexical.rarity(terms(question)))


def test_passages_that_share_no_term_are_not_proposed(index: Index) -> None:
    scores, rows = index.lexical.search("How long is the border?", 9)
    assert {index.passages[int(row)].document_id for row in rows} == {"border.md"}
    assert all(scores > 0)
    for question in ("xyzzy", "?"):
        assert [len(each) for each in index.lexical.search(question, 9)] == [0, 0]
    others = np.array(sorted(row for row, each in index.passages.items() if each.document_id != "border.md"))
    assert [len(each) for each in index.lexical.search("How long is the border?", 9, others)] == [0, 0]


def test_vectors_are_found_by_cosine(index: Index, local: Index, encoder: SentenceTransformerEncoder) -> None:
    queries = encoder.encode(QUESTIONS)
    scores, rows = index.vectors.search(queries, 3)
    expected, expected_rows = local.vectors.search(queries, 3)
    assert scores == pytest.approx(expected, abs=1e-5)
    for found, wanted in zip(rows, expected_rows, strict=True):
        assert _starts(index, found) == _starts(local, wanted)
    assert index.vectors.vectors(rows[0]).shape == (3, encoder.dimension)
    assert index.vectors.vectors(rows[0]) @ queries[0] == pytest.approx(scores[0], abs=1e-5)
    one = np.sort(rows[0][1:2])
    assert index.vectors.search(queries[:1], 3, one)[1].tolist() == [one.tolist()]


@pytest.mark.parametrize(
    "where",
    [
        {"country": "kazakhstan"}, {"country": ["Russia", "Tajikistan"]}, {"country": "!=Kazakhstan"},
        {"country": "K*stan"}, {"country": "*ss*"}, {"country": "!=K*stan"}, {"country": ">l"}, {"date": ">=2022-10"},
        {"date": "2022"}, {"date": ">2022"}, {"date": "<=2022-09"}, {"date": "<2022-10-01"}, {"date": "!=2022-09"},
        {"length": ">7000"}, {"length": 7644}, {"length": "<=7643.5"}, {"length": "!=7644"}, {"path": "rail.csv*"},
        {"path": "reports/*"}, {"title": "Border"}, {"heading": "bor*"}, {"heading": "!=border"}, {"share": '100%_a"b'},
        {"share": "100%*b"}, {"share": "1*x_a*"}, {"page": 1}, {"page": "!=1"},
        ["country=Kyrgyzstan or country=Russia", "date>=2022-10"], ["path=nothing"],
    ],
)  # fmt: skip
def test_filters_leave_the_same_passages(index: Index, local: Index, where: object) -> None:
    expected = _starts(local, local.rows(where))  # type: ignore[arg-type]
    kept = index.rows(where)  # type: ignore[arg-type]
    assert _starts(index, kept) == expected
    assert len(kept) == len(expected)
    by_document = index.rows_by_document(where)  # type: ignore[arg-type]
    assert list(by_document) == list(local.rows_by_document(where))  # type: ignore[arg-type]
    rows = [row for row, _ in index.passages.items()]
    assert _starts(index, index.matching(rows, where)) == expected  # type: ignore[arg-type]


def test_fields_and_their_values(index: Index, local: Index) -> None:
    assert index.fields() == local.fields()
    for name in ("country", "date", "title"):
        assert index.store.field_values(name, 5) == local.store.field_values(name, 5)
    assert index.store.metadata_with("country", "tajikistan") == local.store.metadata_with("country", "tajikistan")
    assert index.store.metadata_with("country", "nowhere") == {}
    with pytest.raises(InputError, match="no document has the field 'city'; known fields: country, date, "):
        index.rows({"city": "Osh"})


def test_rows_at_a_place_of_a_document(index: Index) -> None:
    document = index.documents["border.md"]
    at = document.text.index("7,644")
    rows = index.store.rows_at("border.md", at, at + 5)
    assert [index.passages[row].document_id for row in rows] == ["border.md"]
    assert index.store.rows_at("nothing.md", 0, 5) == []
    assert index.store.ocr_score("border.md", at, at + 5) is None


def test_the_store_finds_nothing_wrong_with_itself(index: Index) -> None:
    assert list(index.store.check()) == []


@pytest.mark.parametrize("question", QUESTIONS)
def test_hits_have_the_same_texts_and_scores(
    index: Index, local: Index, encoder: SentenceTransformerEncoder, question: str
) -> None:
    for filtered in (None, {"date": ">=2022-10"}):
        hits = Retriever(index, encoder).search(question, k=9, where=filtered)
        expected = Retriever(local, encoder).search(question, k=9, where=filtered)
        same = {hit.passage.text: hit for hit in expected}
        assert {hit.passage.text for hit in hits} == set(same)
        for hit in hits:
            assert hit.dense == pytest.approx(same[hit.passage.text].dense, abs=1e-5)
            assert hit.lexical == pytest.approx(same[hit.passage.text].lexical, rel=1e-5)
            assert hit.title == same[hit.passage.text].title
