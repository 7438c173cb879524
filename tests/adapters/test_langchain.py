"""LangChain's own tests of retrievers, and results equal to those of Retriever and Assistant."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.runnables import RunnableLambda
from langchain_core.tools import ToolException
from langchain_tests.integration_tests import RetrieversIntegrationTests

from rag import Assistant, IndexMissing, InputError
from rag.adapters.langchain import RagAnswerer, RagRetriever, quote_tool
from rag.export.json import result_to_json

QUESTION = "How long is the border between Kazakhstan and Russia?"
UNANSWERABLE = "What is the capital of Iceland?"
SUBJECT = "What do the articles say about rents?"


class TestStandard(RetrieversIntegrationTests):
    """The suite that LangChain holds every retriever to."""

    @pytest.fixture(autouse=True)
    def _loaded(self, assistant: Assistant) -> None:
        self.loaded = assistant.retriever

    @property
    def retriever_constructor(self) -> type[RagRetriever]:
        return RagRetriever

    @property
    def retriever_constructor_params(self) -> dict[str, Any]:
        return {"retriever": self.loaded, "k": 2}

    @property
    def retriever_query_example(self) -> str:
        return QUESTION


def _without_seconds(result: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in result.items() if name != "seconds"}


def test_documents_are_the_hits_of_a_search(assistant: Assistant) -> None:
    hits = assistant.retriever.search(QUESTION, k=4)
    documents = RagRetriever(retriever=assistant.retriever, k=4).invoke(QUESTION)
    assert [document.page_content for document in documents] == [hit.passage.text for hit in hits]
    assert [document.id for document in documents] == [
        f"{hit.passage.document_id}:{hit.passage.start}-{hit.passage.end}" for hit in hits
    ]
    names = ("document", "title", "start", "end", "page", "heading", "score")
    assert [[document.metadata[name] for name in names] for document in documents] == [
        [
            hit.passage.document_id,
            hit.title,
            hit.passage.start,
            hit.passage.end,
            hit.passage.page,
            hit.passage.heading,
            hit.score,
        ]
        for hit in hits
    ]


def test_offsets_are_those_of_the_document(assistant: Assistant) -> None:
    for document in RagRetriever(retriever=assistant.retriever).invoke(QUESTION):
        source = assistant.retriever.document(document.metadata["document"])
        assert source.text[document.metadata["start"] : document.metadata["end"]] == document.page_content


async def test_arguments_of_a_call_replace_the_fields(assistant: Assistant) -> None:
    retriever = RagRetriever(retriever=assistant.retriever, k=5, where={"path": "kazakhstan.md"})
    where = {"path": "uzbekistan.md"}
    expected = assistant.retriever.search(QUESTION, 2, 150, where)
    assert expected
    for documents in (
        retriever.invoke(QUESTION, k=2, where=where, max_tokens=150),
        await retriever.ainvoke(QUESTION, k=2, where=where, max_tokens=150),
        retriever.batch([QUESTION], k=2, where=where, max_tokens=150)[0],
    ):
        assert [document.page_content for document in documents] == [hit.passage.text for hit in expected]
    assert {document.metadata["document"] for document in retriever.invoke(QUESTION)} == {"kazakhstan.md"}


def test_answer_is_that_of_the_assistant_as_json(assistant: Assistant) -> None:
    given = RagAnswerer(assistant=assistant).invoke(QUESTION)
    assert _without_seconds(given) == _without_seconds(result_to_json(assistant.ask(QUESTION)))
    answer = given["answer"]
    assert answer["text"] == "7,644 km"
    text = assistant.retriever.document(answer["document"]).text
    assert text[answer["start"] : answer["end"]] == "7,644 km"


def test_unanswered_question_says_why(assistant: Assistant) -> None:
    given = RagAnswerer(assistant=assistant).invoke(UNANSWERABLE)
    expected = assistant.ask(UNANSWERABLE)
    assert (given["answered"], given["answer"]) == (False, None)
    assert (given["reason"], given["reason_code"]) == (expected.reason, expected.reason_code)
    assert given["reason"]


async def test_answerer_takes_filters_and_a_minimum_and_chains(assistant: Assistant) -> None:
    answerer = RagAnswerer(assistant=assistant, min_confidence=0.0)
    chain = answerer | RunnableLambda(lambda given: given["answer"]["text"])
    assert chain.invoke(QUESTION) == "7,644 km"
    assert (await answerer.ainvoke(QUESTION, min_confidence=1.0))["reason_code"] == "too_unsure"
    where = {"path": "migration-after-mobilisation.md"}
    assert answerer.invoke(QUESTION, where=where)["answer"]["document"] == "migration-after-mobilisation.md"


def test_tool_tells_a_model_the_quote_and_its_source(assistant: Assistant) -> None:
    tool = quote_tool(assistant)
    answer = assistant.ask(QUESTION).answer
    assert answer
    call = {"name": tool.name, "args": {"question": QUESTION}, "id": "1", "type": "tool_call"}
    message = tool.invoke(call)
    assert message.content == (
        f"7,644 km\nProbability: {answer.confidence:.0%}\n"
        "Sentence: Kazakhstan's with Russia measures 7,644 km, which is 4,750 miles.\n"
        f"Source: Kazakhstan: the long border (kazakhstan.md, characters {answer.start}-{answer.end})"
    )
    assert message.artifact["answer"]["start"] == answer.start
    assert tool.invoke({"question": UNANSWERABLE}) == f"not found ({assistant.ask(UNANSWERABLE).reason})"
    assert list(tool.args) == ["question"]


def test_tool_tells_a_model_the_sentences_that_answer(assistant: Assistant) -> None:
    result = assistant.ask(SUBJECT)
    assert result.answer_kind == "evidence"
    likely = [each for each in result.evidence if each.probability >= assistant.confidence.threshold]
    assert likely
    assert quote_tool(assistant).invoke({"question": SUBJECT}).split("\n\n") == [
        f"{each.text}\nProbability: {each.probability:.0%}\n"
        f"Source: {each.title} ({each.document_id}, characters {each.start}-{each.end})"
        for each in likely
    ]


def test_bad_input_keeps_its_one_line(assistant: Assistant) -> None:
    retriever, answerer = RagRetriever(retriever=assistant.retriever), RagAnswerer(assistant=assistant)
    for each in (retriever, answerer):
        with pytest.raises(InputError, match=r"^the question is empty; ask in words$"):
            each.invoke("  ")
        with pytest.raises(InputError, match="planet"):
            each.invoke(QUESTION, where={"planet": "Mars"})
    with pytest.raises(InputError, match=r"^k is 0; it must be at least 1$"):
        retriever.invoke(QUESTION, k=0)
    with pytest.raises(ToolException, match=r"^the question is empty; ask in words$"):
        quote_tool(assistant).invoke({"question": "  "})


@pytest.mark.parametrize("adapter", [RagRetriever, RagAnswerer])
def test_missing_index_is_named(adapter: type[RagRetriever | RagAnswerer], tmp_path: Path) -> None:
    with pytest.raises(IndexMissing, match=str(tmp_path / "nowhere")):
        adapter.load(tmp_path / "nowhere")
