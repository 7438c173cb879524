"""Search within one document."""

import numpy as np
import pytest

from rag import Assistant, Document, Index, InputError, Retriever, SentenceTransformerEncoder
from rag.retrieval.within import DocumentSearch

QUESTIONS = ["Who postponed a visit to Bishkek?", "How long is the border?", "xyzzy"]


def test_ranks_as_a_search_filtered_by_the_path(assistant: Assistant) -> None:
    retriever = assistant.retriever
    rows = retriever.index.rows_by_document()
    search = DocumentSearch.embed(retriever, QUESTIONS)
    for name in ("uzbekistan.md", "kazakhstan.md"):
        expected = [retriever.search(question, k=4, where={"path": name}) for question in QUESTIONS]
        found = search.hits(rows[name], 4)
        assert [[hit.passage for hit in hits] for hits in found] == [[hit.passage for hit in hits] for hits in expected]
        assert {hit.passage.document_id for hits in found for hit in hits} == {name}
        np.testing.assert_allclose([hit.score for hit in found[0]], [hit.score for hit in expected[0]], rtol=1e-4)


def test_long_document_gives_its_best_passages(encoder: SentenceTransformerEncoder) -> None:
    sentences = [
        f"Sentence {i} says that the border of land {i} is {i}00 km long and has {i} gates." for i in range(900)
    ]
    other = Document("other", "The border of land 700 is in another document.", "other")
    index = Index.build([other, Document("long", " ".join(sentences), "long")], encoder)
    rows = index.rows_by_document()["long"]
    assert len(rows) > 100
    (hits,) = DocumentSearch.embed(Retriever(index, encoder), ["How long is the border of land 700?"]).hits(rows, 3)
    assert "land 700 is 70000 km" in hits[0].passage.text
    assert [hit.passage.document_id for hit in hits] == ["long"] * 3


def test_some_of_the_questions_are_searched_as_with_all(assistant: Assistant) -> None:
    search = DocumentSearch.embed(assistant.retriever, QUESTIONS)
    rows = assistant.index.rows_by_document()["uzbekistan.md"]
    assert search.of([QUESTIONS[2], QUESTIONS[0]]).hits(rows, 2) == [search.hits(rows, 2)[at] for at in (2, 0)]


def test_question_that_cannot_be_asked_is_refused(assistant: Assistant) -> None:
    with pytest.raises(InputError, match="the question is empty"):
        DocumentSearch.embed(assistant.retriever, ["Who?", "?"])


def test_rows_by_document_hold_every_passage_once(assistant: Assistant) -> None:
    index = assistant.index
    rows = index.rows_by_document()
    assert list(rows) == list(index.documents)
    assert sorted(row for each in rows.values() for row in each) == list(range(len(index.passages)))
    for name, each in rows.items():
        assert {index.passages[row].document_id for row in each} == {name}


def test_rows_by_document_meet_the_conditions(encoder: SentenceTransformerEncoder) -> None:
    documents = [Document("a.md", "A text.", "a"), Document("b.md", "B text.", "b"), Document("empty.md", "", "e")]
    index = Index.build(documents, encoder)
    assert {name: rows.tolist() for name, rows in index.rows_by_document().items()} == {
        "a.md": [0], "b.md": [1], "empty.md": [],
    }  # fmt: skip
    assert {name: rows.tolist() for name, rows in index.rows_by_document(["path=b*"]).items()} == {"b.md": [1]}
    with pytest.raises(InputError, match="no document has the field 'colour'"):
        index.rows_by_document({"colour": "red"})
