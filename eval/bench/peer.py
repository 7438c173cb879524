"""One library of the comparison, in the environment that ``rag.eval.bench.peers`` makes: ``python peer.py NAME JOB``.

JOB is a folder with ``job.json``: the texts to index, the questions, the texts to read for each question, and the paths
of the models. Prints one JSON object with the seconds that each step took, and the texts found.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

#: Texts found for a question.
FOUND = 10


class Library(NamedTuple):
    """What a library does.

    Attributes:
        build: Indexes texts.
        search: Rows of the ``FOUND`` best texts for a question.
        read: Finds the answer to a question in texts; None if the library has no extractive reader.
    """

    build: Callable[[Sequence[str]], object]
    search: Callable[[str], Sequence[int]]
    read: Callable[[str, Sequence[str]], object] | None = None


def rag(embedder: str, reader: str) -> Library:
    """This project, which also indexes words and splits texts into passages."""
    from rag import Assistant, Document, Hit, Index, Passage, Result, Retriever, SentenceTransformerEncoder

    encoder = SentenceTransformerEncoder(device="cpu")
    parts: list[Assistant] = []

    def build(texts: Sequence[str]) -> None:
        documents = [Document(str(row), text, "") for row, text in enumerate(texts)]
        retriever = Retriever(Index.build(documents, encoder), encoder)
        parts[:] = [Assistant.with_reader(retriever, reader, device="cpu")]

    def search(question: str) -> list[int]:
        return [int(hit.passage.document_id) for hit in parts[0].retriever.search(question, FOUND)]

    def read(question: str, texts: Sequence[str]) -> Result:
        passages = [Passage(str(row), 0, len(text), text, 1) for row, text in enumerate(texts)]
        hits = [Hit(passage, "", 1.0, 1.0, 1.0) for passage in passages]
        return parts[0].read(Result.of_hits(question, hits))

    return Library(build, search, read)


def plain(embedder: str, reader: str) -> Library:
    """sentence-transformers and a flat FAISS index."""
    import faiss
    from sentence_transformers import SentenceTransformer

    model = SentenceTransformer(embedder, device="cpu")
    indexes: list[Any] = []

    def encode(texts: Sequence[str]) -> Any:
        return model.encode(list(texts), normalize_embeddings=True, show_progress_bar=False)

    def build(texts: Sequence[str]) -> None:
        index = faiss.IndexFlatIP(model.get_embedding_dimension())
        index.add(encode(texts))
        indexes[:] = [index]

    def search(question: str) -> list[int]:
        return [int(row) for row in indexes[0].search(encode([question]), FOUND)[1][0]]

    return Library(build, search)


def txtai(embedder: str, reader: str) -> Library:
    """txtai's embeddings database. Its question-answering pipeline fails where a model predicts no answer."""
    from txtai import Embeddings

    embeddings = Embeddings(path=embedder, gpu=False)

    def search(question: str) -> list[int]:
        return [int(row) for row, _ in embeddings.search(question, FOUND)]

    return Library(lambda texts: embeddings.index(list(texts)), search)


def haystack(embedder: str, reader: str) -> Library:
    """Haystack's store in memory, embedders and extractive reader."""
    from haystack import Document
    from haystack.components.retrievers.in_memory import InMemoryEmbeddingRetriever
    from haystack.document_stores.in_memory import InMemoryDocumentStore
    from haystack.utils import ComponentDevice
    from haystack_integrations.components.embedders.sentence_transformers import (
        SentenceTransformersDocumentEmbedder,
        SentenceTransformersTextEmbedder,
    )
    from haystack_integrations.components.readers.transformers import TransformersExtractiveReader

    cpu = ComponentDevice.from_str("cpu")
    texts_embedder = SentenceTransformersDocumentEmbedder(model=embedder, device=cpu, progress_bar=False)
    question_embedder = SentenceTransformersTextEmbedder(model=embedder, device=cpu, progress_bar=False)
    answers = TransformersExtractiveReader(model=reader, device=cpu)
    for component in (texts_embedder, question_embedder, answers):
        component.warm_up()
    retrievers: list[Any] = []

    def build(texts: Sequence[str]) -> None:
        store = InMemoryDocumentStore()
        documents = [Document(id=str(row), content=text) for row, text in enumerate(texts)]
        store.write_documents(texts_embedder.run(documents)["documents"])
        retrievers[:] = [InMemoryEmbeddingRetriever(store, top_k=FOUND)]

    def search(question: str) -> list[int]:
        embedding = question_embedder.run(question)["embedding"]
        return [int(document.id) for document in retrievers[0].run(embedding)["documents"]]

    def read(question: str, texts: Sequence[str]) -> object:
        return answers.run(query=question, documents=[Document(content=text) for text in texts])

    return Library(build, search, read)


def llamaindex(embedder: str, reader: str) -> Library:
    """LlamaIndex' vector store in memory."""
    from llama_index.core import VectorStoreIndex
    from llama_index.core.schema import TextNode
    from llama_index.embeddings.huggingface import HuggingFaceEmbedding

    model = HuggingFaceEmbedding(model_name=embedder, device="cpu")
    retrievers: list[Any] = []

    def build(texts: Sequence[str]) -> None:
        nodes = [TextNode(id_=str(row), text=text) for row, text in enumerate(texts)]
        index = VectorStoreIndex(nodes, embed_model=model)
        retrievers[:] = [index.as_retriever(similarity_top_k=FOUND)]

    def search(question: str) -> list[int]:
        return [int(found.node.node_id) for found in retrievers[0].retrieve(question)]

    return Library(build, search)


LIBRARIES = {function.__name__: function for function in (rag, plain, txtai, haystack, llamaindex)}

#: The package whose version is shown.
PACKAGES = {
    "rag": "rag", "plain": "sentence-transformers", "txtai": "txtai", "haystack": "haystack-ai",
    "llamaindex": "llama-index-core",
}  # fmt: skip


def measure(library: Library, job: dict[str, Any]) -> dict[str, Any]:
    """Seconds of each step, after one text and one question to warm up."""
    library.build(job["texts"][:1])
    build = _seconds(lambda: library.build(job["texts"]))
    library.search(job["questions"][0])
    found: list[Sequence[int]] = []

    def search(question: str) -> None:
        found.append(library.search(question))

    searches = [_seconds(partial(search, question)) for question in job["questions"]]
    read: list[float] = []
    if library.read:
        pairs = list(zip(job["questions"], job["read"], strict=True))
        library.read(*pairs[0])
        read = [_seconds(partial(library.read, *pair)) for pair in pairs]
    return {"build": build, "search": searches, "read": read, "found": found}


def _seconds(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    name, folder = sys.argv[1:]
    given = json.loads((Path(folder) / "job.json").read_text(encoding="utf-8"))
    measured = measure(LIBRARIES[name](given["embedder"], given["reader"]), given)
    print(json.dumps({"version": version(PACKAGES[name])} | measured))
