"""Haystack's documents and answers hold what Retriever and Assistant find, in pipelines that can be saved."""

import json
from pathlib import Path
from typing import Any

import pytest
from haystack import Document, ExtractedAnswer, Pipeline
from haystack.core.errors import PipelineRuntimeError

from rag import Assistant, IndexMissing, InputError
from rag.adapters.haystack import RagAnswerer, RagRetriever

QUESTION = "How long is the border between Kazakhstan and Russia?"
UNANSWERABLE = "What is the capital of Iceland?"


@pytest.fixture(scope="module")
def retriever(corpus_index: Path) -> RagRetriever:
    return RagRetriever(corpus_index, top_k=4)


@pytest.fixture(scope="module")
def answerer(corpus_index: Path) -> RagAnswerer:
    return RagAnswerer(corpus_index)


def test_documents_are_the_hits_of_a_search(assistant: Assistant, retriever: RagRetriever) -> None:
    hits = assistant.retriever.search(QUESTION, k=4)
    documents = retriever.run(QUESTION)["documents"]
    assert [(document.content, document.score) for document in documents] == [
        (hit.passage.text, hit.score) for hit in hits
    ]
    for document, hit in zip(documents, hits, strict=True):
        assert document.meta["document"] == hit.passage.document_id
        assert document.meta["title"] == hit.title
        text = assistant.retriever.document(document.meta["document"]).text
        assert text[document.meta["start"] : document.meta["end"]] == document.content
        assert Document.from_dict(json.loads(json.dumps(document.to_dict(flatten=False)))) == document


def test_arguments_of_a_run_replace_those_of_the_retriever(assistant: Assistant, retriever: RagRetriever) -> None:
    where = {"path": "uzbekistan.md"}
    expected = assistant.retriever.search(QUESTION, 2, 150, where)
    assert expected
    documents = retriever.run(QUESTION, top_k=2, where=where, max_tokens=150)["documents"]
    assert [document.content for document in documents] == [hit.passage.text for hit in expected]


def test_answers_are_quotes_at_their_offsets(assistant: Assistant, answerer: RagAnswerer) -> None:
    expected = assistant.ask(QUESTION, min_confidence=0.05)
    likely = [answer for answer in expected.answers if answer.confidence >= 0.05]
    assert len(likely) > 1
    found = answerer.run(QUESTION, min_confidence=0.05)
    answers: list[ExtractedAnswer] = found["answers"]
    assert [answer.data for answer in answers] == [each.text for each in likely]
    assert [answer.score for answer in answers] == pytest.approx([each.confidence for each in likely], abs=1e-4)
    for answer, quote in zip(answers, likely, strict=True):
        assert answer.query == QUESTION
        assert answer.document
        assert answer.document.content == quote.passage.text
        assert answer.context == quote.sentence.text
        assert answer.document_offset
        assert answer.context_offset
        assert answer.document.content[answer.document_offset.start : answer.document_offset.end] == answer.data
        assert answer.context[answer.context_offset.start : answer.context_offset.end] == answer.data
        assert (answer.meta["document"], answer.meta["page"]) == (quote.document, quote.page)
        text = assistant.retriever.document(quote.document).text
        assert text[answer.meta["start"] : answer.meta["end"]] == answer.data
        assert ExtractedAnswer.from_dict(json.loads(json.dumps(answer.to_dict()))) == answer
    assert [document.content for document in found["documents"]] == [hit.passage.text for hit in expected.hits]
    assert len(answerer.run(QUESTION, min_confidence=0.05, top_k=1)["answers"]) == 1


def test_sentences_that_answer_stand_in_their_passages(assistant: Assistant, answerer: RagAnswerer) -> None:
    question = "What do the articles say about rents?"
    result = assistant.ask(question)
    assert result.answer_kind == "evidence"
    likely = [each for each in result.evidence if each.probability >= assistant.confidence.threshold]
    answers: list[ExtractedAnswer] = answerer.run(question)["answers"]
    assert [answer.data for answer in answers] == [each.text for each in likely][:5]
    for answer, sentence in zip(answers, likely, strict=False):
        assert answer.score == pytest.approx(sentence.probability, abs=1e-4)
        assert answer.document
        assert answer.document.content
        assert answer.document_offset
        assert answer.document.content[answer.document_offset.start : answer.document_offset.end] == answer.data
        assert (answer.meta["document"], answer.meta["start"]) == (sentence.document_id, sentence.start)


def test_unanswered_question_gives_one_answer_without_words(assistant: Assistant, answerer: RagAnswerer) -> None:
    expected = assistant.ask(UNANSWERABLE)
    [answer] = answerer.run(UNANSWERABLE)["answers"]
    assert (answer.data, answer.document, answer.document_offset) == (None, None, None)
    reason_code = expected.reason_code and expected.reason_code.value
    assert answer.meta == {"reason": expected.reason, "reason_code": reason_code}
    best = expected.near_miss.confidence if expected.near_miss else 0.0
    assert answer.score == pytest.approx(1 - best, abs=1e-4)


def test_answerer_filters(answerer: RagAnswerer) -> None:
    where = {"path": "migration-after-mobilisation.md"}
    answers = answerer.run(QUESTION, where=where, min_confidence=0.0)["answers"]
    assert {answer.meta["document"] for answer in answers} == {"migration-after-mobilisation.md"}


def test_saved_pipeline_gives_the_same_answer(corpus_index: Path) -> None:
    settings: dict[str, Any] = {"where": {"path": "*"}, "min_confidence": 0.4}
    pipeline = Pipeline()
    pipeline.add_component("retriever", RagRetriever(corpus_index, top_k=3, where=["path=*"], max_tokens=500))
    pipeline.add_component("answerer", RagAnswerer(corpus_index, top_k=1, **settings))
    saved = pipeline.dumps()
    loaded = Pipeline.loads(saved, allowed_modules=["rag.adapters.haystack"])
    assert loaded.dumps() == saved
    assert json.loads(json.dumps(loaded.to_dict())) == pipeline.to_dict()
    found = loaded.run({"retriever": {"query": QUESTION}, "answerer": {"query": QUESTION}})
    assert len(found["retriever"]["documents"]) == 3
    assert [answer.data for answer in found["answerer"]["answers"]] == ["7,644 km"]


def test_bad_input_keeps_its_one_line(retriever: RagRetriever, answerer: RagAnswerer) -> None:
    for each in (retriever, answerer):
        with pytest.raises(InputError, match=r"^the question is empty; ask in words$"):
            each.run("  ")
        with pytest.raises(InputError, match="planet"):
            each.run(QUESTION, where={"planet": "Mars"})
    with pytest.raises(InputError, match=r"^k is 0; it must be at least 1$"):
        retriever.run(QUESTION, top_k=0)
    with pytest.raises(InputError, match=r"^top_k is 0; it must be at least 1$"):
        answerer.run(QUESTION, top_k=0)


def test_pipeline_names_the_component_and_the_fault(corpus_index: Path) -> None:
    pipeline = Pipeline()
    pipeline.add_component("retriever", RagRetriever(corpus_index))
    with pytest.raises(PipelineRuntimeError, match="the question is empty; ask in words"):
        pipeline.run({"retriever": {"query": " "}})


@pytest.mark.parametrize("adapter", [RagRetriever, RagAnswerer])
def test_missing_index_is_named(adapter: type[RagRetriever | RagAnswerer], tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=str(tmp_path / "nowhere")):
        adapter(tmp_path / "nowhere").warm_up()
