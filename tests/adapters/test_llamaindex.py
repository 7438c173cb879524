"""LlamaIndex's nodes and responses hold what Retriever and Assistant find."""

from pathlib import Path

import pytest
from llama_index.core.base.response.schema import Response
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import ResponseMode, get_response_synthesizer
from llama_index.core.schema import MetadataMode, NodeWithScore, TextNode

from rag import Assistant, IndexMissing, InputError
from rag.adapters.llamaindex import RagQueryEngine, RagRetriever

QUESTION = "How long is the border between Kazakhstan and Russia?"
UNANSWERABLE = "What is the capital of Iceland?"


def _text_node(found: NodeWithScore) -> TextNode:
    assert isinstance(found.node, TextNode)
    return found.node


def _slice(assistant: Assistant, node: TextNode) -> str:
    """The text of the node's document at the node's offsets."""
    assert node.ref_doc_id
    return assistant.retriever.document(node.ref_doc_id).text[node.start_char_idx : node.end_char_idx]


async def test_nodes_are_the_hits_of_a_search(assistant: Assistant) -> None:
    hits = assistant.retriever.search(QUESTION, k=4)
    retriever = RagRetriever(assistant.retriever, k=4)
    for found in (retriever.retrieve(QUESTION), await retriever.aretrieve(QUESTION)):
        assert [(each.text, each.score) for each in found] == [(hit.passage.text, hit.score) for hit in hits]
        nodes = [_text_node(each) for each in found]
        assert [node.ref_doc_id for node in nodes] == [hit.passage.document_id for hit in hits]
        assert [_slice(assistant, node) for node in nodes] == [node.text for node in nodes]
        assert [node.metadata["title"] for node in nodes] == [hit.title for hit in hits]


def test_filter_and_budget_apply(assistant: Assistant) -> None:
    where = {"path": "uzbekistan.md"}
    expected = assistant.retriever.search(QUESTION, 3, 150, where)
    assert expected
    found = RagRetriever(assistant.retriever, 3, where, 150).retrieve(QUESTION)
    assert [each.text for each in found] == [hit.passage.text for hit in expected]


def test_language_model_is_shown_title_and_heading_only(assistant: Assistant) -> None:
    node = RagRetriever(assistant.retriever, k=1).retrieve(QUESTION)[0].node
    shown = node.get_metadata_str(MetadataMode.LLM).splitlines()
    assert shown[0] == "title: Kazakhstan: the long border"
    assert {line.partition(":")[0] for line in shown} <= {"title", "page", "heading"}


def test_passages_reach_a_language_model(assistant: Assistant) -> None:
    # The mock model repeats its prompt.
    synthesizer = get_response_synthesizer(MockLLM(), response_mode=ResponseMode.COMPACT)
    engine = RetrieverQueryEngine(RagRetriever(assistant.retriever, k=2), synthesizer)
    prompt = str(engine.query(QUESTION))
    for hit in assistant.retriever.search(QUESTION, k=2):
        assert f"title: {hit.title}" in prompt
        assert hit.passage.text in prompt


async def test_response_is_the_exact_answer_with_its_quotes(assistant: Assistant) -> None:
    expected = assistant.ask(QUESTION, min_confidence=0.05)
    likely = [answer for answer in expected.answers if answer.confidence >= 0.05]
    assert len(likely) > 1
    engine = RagQueryEngine(assistant, min_confidence=0.05)
    for response in (engine.query(QUESTION), await engine.aquery(QUESTION)):
        assert isinstance(response, Response)
        assert str(response) == "7,644 km"
        assert response.metadata == {"answered": True, "reason": None, "reason_code": None}
        found = [(each.text, each.score) for each in response.source_nodes]
        assert found == [(answer.text, answer.confidence) for answer in likely]
        nodes = [_text_node(each) for each in response.source_nodes]
        assert [(node.ref_doc_id, node.start_char_idx) for node in nodes] == [
            (answer.document, answer.start) for answer in likely
        ]
        assert [_slice(assistant, node) for node in nodes] == [node.text for node in nodes]


def test_unanswered_question_says_why_and_quotes_nothing(assistant: Assistant) -> None:
    expected = assistant.ask(UNANSWERABLE)
    response = RagQueryEngine(assistant).query(UNANSWERABLE)
    assert str(response) == f"not found ({expected.reason})"
    assert response.source_nodes == []
    reason_code = expected.reason_code and expected.reason_code.value
    assert response.metadata == {"answered": False, "reason": expected.reason, "reason_code": reason_code}


def test_sentences_that_answer_are_the_quotes(assistant: Assistant) -> None:
    question = "What do the articles say about rents?"
    result = assistant.ask(question)
    assert result.answer_kind == "evidence"
    likely = [each for each in result.evidence if each.probability >= assistant.confidence.threshold]
    response = RagQueryEngine(assistant).query(question)
    assert str(response).split("\n") == [each.text for each in likely]
    assert [each.score for each in response.source_nodes] == [each.probability for each in likely]
    nodes = [_text_node(each) for each in response.source_nodes]
    assert [_slice(assistant, node) for node in nodes] == [each.text for each in likely]
    assert response.metadata == {"answered": True, "reason": None, "reason_code": None}


def test_query_engine_filters(assistant: Assistant) -> None:
    where = {"path": "migration-after-mobilisation.md"}
    response = RagQueryEngine(assistant, where, min_confidence=0.0).query(QUESTION)
    assert {each.node.ref_doc_id for each in response.source_nodes} == {"migration-after-mobilisation.md"}


def test_bad_input_keeps_its_one_line(assistant: Assistant) -> None:
    for ask in (RagRetriever(assistant.retriever).retrieve, RagQueryEngine(assistant).query):
        with pytest.raises(InputError, match=r"^the question is empty; ask in words$"):
            ask("  ")
    with pytest.raises(InputError, match="planet"):
        RagRetriever(assistant.retriever, where={"planet": "Mars"}).retrieve(QUESTION)
    with pytest.raises(InputError, match="planet"):
        RagQueryEngine(assistant, {"planet": "Mars"}).query(QUESTION)


@pytest.mark.parametrize("adapter", [RagRetriever, RagQueryEngine])
def test_missing_index_is_named(adapter: type[RagRetriever | RagQueryEngine], tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=str(tmp_path / "nowhere")):
        adapter.load(tmp_path / "nowhere")
