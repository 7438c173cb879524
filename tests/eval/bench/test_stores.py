"""The benchmarks of Milvus against a folder, with a few passages and vectors."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from rag.eval.bench import store_search, stores
from rag.eval.bench.synthetic import Embeddings
from rag.eval.bench.synthetic_documents import SyntheticEncoder

from rag.index.milvus import Address, Connection
from rag.index.vectors import FaissStore, VectorWriter, map_vectors
from tests.index.milvus_server import MilvusServer

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MilvusServer]:
    running = MilvusServer(tmp_path / "milvus")
    yield running
    running.stop()


def test_a_comparison_finds_the_same_passages_and_leaves_nothing(server: MilvusServer) -> None:
    store = server.address("bench")
    documents, questions = stores.synthetic(60, 5)
    found = stores.compare("made", documents, questions, SyntheticEncoder(), store, answers=0)
    assert (found.passages, found.questions, found.answers) == (74, 5, None)
    assert found.overlap[0] == 1
    assert found.first[0] == found.first[1] > 0
    assert [len(each) for each in found.seconds] == [5, 5]
    assert Connection(Address.parse(store)).collections() == []


def test_files_taken_together_keep_their_documents_apart(tmp_path: Path) -> None:
    answers = [{"text": "3 km", "answer_start": 6}]
    paragraph = {"context": "It is 3 km.", "qas": [{"id": "1", "question": "How far?", "answers": answers}]}
    for name in ("one.json", "two.json"):
        (tmp_path / name).write_text(json.dumps({"data": [{"title": "T", "paragraphs": [paragraph]}]}))
    documents, questions = stores.together([tmp_path / "one.json", tmp_path / "two.json"], 2)
    assert [each.id for each in documents] == ["one.json/0/0", "two.json/0/0"]
    assert [each.golds[0].document for each in questions] == ["one.json/0/0", "two.json/0/0"]


def test_vectors_in_milvus_lite_are_searched_as_in_a_folder(tmp_path: Path) -> None:
    embeddings = Embeddings(seeds=60, queries=3, topics=6)
    path = tmp_path / "vectors.f32"
    with VectorWriter(path, 384) as file:
        for block in embeddings.blocks(400):
            file.copy(block, 0, len(block))
    local, exact = FaissStore.open(path, 384), FaissStore(map_vectors(path, 384))
    found = store_search.measure("FLAT", 400, embeddings, local, exact)
    assert found.recall == (1.0, 1.0)
    assert [len(each) for each in found.times] == [3, 3]
    assert found.disk > 400 * 384 * 4 / 2
