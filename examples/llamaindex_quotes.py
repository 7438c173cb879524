"""Retrieve passages and quote exact answers in LlamaIndex.

python examples/llamaindex_quotes.py
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from rag import Assistant, build_index
from rag.adapters.llamaindex import RagQueryEngine, RagRetriever

ARTICLES = Path(__file__).resolve().parent.parent / "corpus"
QUESTIONS = ("How long is the border between Kazakhstan and Russia?", "What is the capital of Iceland?")


def main(index: str) -> None:
    """Retrieve passages for a question, then ask two questions."""
    build_index(ARTICLES, index)
    assistant = Assistant.load(index)

    for found in RagRetriever(assistant.retriever, k=2, where={"date": ">=2022"}).retrieve(QUESTIONS[0]):
        print(found.node.ref_doc_id, f"{found.score:.2f}")

    engine = RagQueryEngine(assistant)
    for question in QUESTIONS:
        response = engine.query(question)
        print(response)
        for quote in response.source_nodes:
            place = quote.node.metadata
            print(f"  {place['title']} ({quote.node.ref_doc_id}, characters {place['start']} to {place['end']})")


if __name__ == "__main__":
    with TemporaryDirectory() as folder:
        main(folder)
