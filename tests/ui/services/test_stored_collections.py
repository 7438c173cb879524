"""Collections of the page whose indexes are kept in Milvus."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.index_queue import IndexQueue
from rag.ui.services.index_worker import build

from rag import InputError, SentenceTransformerEncoder, build_index
from rag.index.milvus import Address, Connection
from rag.index.versions import current_version
from tests.index.milvus_server import MilvusServer
from tests.waiting import wait_until

FERRY, TRAIN = "The ferry to Baku leaves at nine.", "The train to Osh leaves at ten."
UNREACHABLE = "the store cannot be reached; start it, or check host and port"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[MilvusServer]:
    running = MilvusServer(tmp_path / "milvus")
    yield running
    running.stop()


@pytest.fixture
def collections(server: MilvusServer, tmp_path: Path, encoder: SentenceTransformerEncoder) -> Collections:
    return Collections(tmp_path / "home", encoder=encoder, store=Address.parse(server.address("pages")))


def _add(collections: Collections, collection: Collection, folder: Path, name: str, text: str) -> None:
    upload = folder / name
    upload.write_text(text)
    (taken,) = collections.add(collection.id, [upload])
    assert not taken.error


def _index(collection: Collection) -> dict[str, Any]:
    """What the worker reports last."""
    reports: list[dict[str, Any]] = []
    assert collection.files
    build(collection.files, collection.index, lambda **values: reports.append(values), store=collection.store)
    return reports[-1]


def _names(server: MilvusServer) -> list[str]:
    """The collections of the server."""
    return sorted(Connection(Address.parse(server.address("pages"))).collections())


def test_an_upload_is_indexed_asked_and_deleted_in_the_store(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    one, other = collections.create("Ferry times"), collections.create("Other")
    assert one.store == server.address("pages_ferry_times")
    _add(collections, one, tmp_path, "ferry.txt", FERRY)
    _add(collections, other, tmp_path, "train.txt", TRAIN)
    queue = IndexQueue()
    try:
        jobs = [queue.start(each.id, each.files, each.index, each.store) for each in (one, other) if each.files]
        wait_until(lambda: all(job.state().ended for job in jobs))
        assert [(job.state().state, job.state().error) for job in jobs] == [("done", "")] * 2
    finally:
        queue.close()
    assert [path.name for path in current_version(one.index).iterdir()] == ["manifest.json"]
    assert len([name for name in _names(server) if name.startswith("pages_ferry_times")]) == 2
    assistant = collections.assistant(one.id)
    assert list(assistant.index.documents) == ["ferry.txt"]
    answer = assistant.ask("When does the ferry to Baku leave?").answer
    assert answer is not None
    assert answer.document == "ferry.txt"
    assert "nine" in answer.text

    collections.delete(one.id)
    assert [each.id for each in collections.list()] == ["other"]
    assert [name for name in _names(server) if not name.startswith("pages_other")] == []
    assert list(collections.assistant(other.id).index.documents) == ["train.txt"]


def test_a_collection_without_files_leaves_nothing_in_the_store(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    collections.remove(made.id, "ferry.txt")
    assert _index(made) == {"state": "done", "changes": {}}
    assert _names(server) == []
    with pytest.raises(InputError, match="the collection 'Ferries' is empty; add documents to it"):
        collections.assistant(made.id)


def test_an_upload_while_the_store_is_down_is_kept_and_indexed_later(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    server.stop()
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    expected = f"{UNREACHABLE}; the files are kept: bring the collection up to date then"
    assert _index(made) == {"state": "failed", "error": expected}
    assert collections.files(made.id) == ["ferry.txt"]
    server.start()
    assert _index(made)["state"] == "done"
    server.stop()
    _add(collections, made, tmp_path, "train.txt", TRAIN)
    assert _index(made) == {"state": "failed", "error": expected}
    server.start()
    assert list(collections.assistant(made.id).index.documents) == ["ferry.txt"]
    assert _index(made)["state"] == "done"
    assert list(collections.assistant(made.id).index.documents) == ["ferry.txt", "train.txt"]


def test_a_collection_is_not_deleted_while_the_store_is_down(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    server.stop()
    with pytest.raises(InputError, match=f"^'Ferries': cannot be deleted: {UNREACHABLE}$"):
        collections.delete(made.id)
    server.start()
    assert list(collections.assistant(made.id).index.documents) == ["ferry.txt"]
    collections.delete(made.id)
    assert _names(server) == []


def test_the_index_of_another_server_is_left_alone(
    collections: Collections, server: MilvusServer, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    made = collections.create("Ferries")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert made.files
    build_index(made.files, tmp_path / "foreign", encoder, store=made.store)
    before = _names(server)
    assert _index(made) == {
        "state": "failed",
        "error": "the store holds the index of another folder; copy that folder, or choose another collection",
    }
    collections.delete(made.id)
    assert _names(server) == before


def test_a_prefix_that_is_too_long_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="the name is too long to begin others with; choose a shorter one"):
        Collections(tmp_path, store=Address.parse(f"milvus://localhost/{'x' * 120}"))


def test_an_index_in_its_folder_stays_there(
    server: MilvusServer, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    before = Collections(tmp_path / "home", encoder=encoder)
    made = before.create("Ferries")
    assert not made.store
    _add(before, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    collections = Collections(tmp_path / "home", encoder=encoder, store=Address.parse(server.address("pages")))
    again = collections.get(made.id)
    _add(collections, again, tmp_path, "train.txt", TRAIN)
    assert _index(again)["state"] == "done"
    assert list(collections.assistant(made.id).index.documents) == ["ferry.txt", "train.txt"]
    assert _names(server) == []
