"""Collections of the page whose indexes are kept in Milvus."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import gradio as gr
import httpx
import pytest
from rag.ui.server import start
from rag.ui.services.collections import Collection, Collections
from rag.ui.services.document_reader import DocumentReader
from rag.ui.services.evaluation_jobs import Evaluations
from rag.ui.services.index_queue import IndexQueue
from rag.ui.services.index_worker import UNREACHABLE, UNREACHABLE_EMPTY, build
from rag.ui.tabs.ask_options import AskOptions
from rag.ui.tabs.documents import DocumentsTab
from rag.ui.views.options import pickers_html, sources_html

from rag import InputError, SentenceTransformerEncoder, StoreUnavailable, build_index
from rag.cli import main
from rag.index.milvus import Address, Connection
from rag.index.versions import current_version
from tests.index.milvus_server import MilvusServer
from tests.ui.driver import free_port
from tests.waiting import PATIENCE, wait_until

FERRY, TRAIN = "The ferry to Baku leaves at nine.", "The train to Osh leaves at ten."
UNAVAILABLE = "the store of the index does not answer; try again later"


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
    build(collection.files, collection.index, collection.store, lambda **values: reports.append(values))
    return reports[-1]


def _names(server: MilvusServer) -> list[str]:
    """The collections of the server."""
    return sorted(Connection(Address.parse(server.address("pages"))).collections())


@pytest.mark.slow
def test_an_upload_is_indexed_asked_and_deleted_in_the_store(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    one, other = collections.create("Ferry times"), collections.create("Other")
    assert re.fullmatch(server.address("pages_ferry_times_r[0-9a-f]{8}"), one.store)
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
    assert _index(made) == {"state": "failed", "error": UNREACHABLE}
    assert collections.files(made.id) == ["ferry.txt"]
    server.start()
    assert _index(made)["state"] == "done"
    server.stop()
    _add(collections, made, tmp_path, "train.txt", TRAIN)
    assert _index(made) == {"state": "failed", "error": UNREACHABLE}
    server.start()
    assert list(collections.assistant(made.id).index.documents) == ["ferry.txt"]
    assert _index(made)["state"] == "done"
    assert list(collections.assistant(made.id).index.documents) == ["ferry.txt", "train.txt"]


@pytest.mark.slow
def test_what_a_store_that_is_down_keeps_of_a_deleted_collection_is_deleted_later(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    server.stop()
    collections.delete(made.id)
    assert collections.list() == []
    assert not list((tmp_path / "home").rglob("ferry.txt"))
    again = collections.create("Ferries")
    assert (again.id, again.store == made.store) == (made.id, False)
    server.start()
    _add(collections, again, tmp_path, "train.txt", TRAIN)
    assert _index(again)["state"] == "done"
    collections.purge()
    assert len(_names(server)) == 2
    assert list(collections.assistant(again.id).index.documents) == ["train.txt"]
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["ferries"]


def test_a_server_deletes_at_its_start_what_is_left_in_the_store(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    collections.create("Other")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    server.stop()
    collections.delete(made.id)
    server.start()
    page = start(collections, port=free_port())
    try:
        wait_until(lambda: not list((tmp_path / "home").glob(".deleted-*")))
    finally:
        page.close(verbose=False)
    assert _names(server) == []


def test_programs_do_not_see_the_address_of_the_store(
    collections: Collections, server: MilvusServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = collections.create("Ferries")

    def refuse(*_: object) -> None:
        raise StoreUnavailable(f"{made.store}: refuses the token; set RAG_STORE_TOKEN")

    monkeypatch.setattr(Collections, "assistant", refuse)
    page = start(collections, port=free_port())
    try:
        address = f"http://127.0.0.1:{page.server_port}"
        reply = httpx.post(f"{address}/api/ask", json={"question": "When?"}, timeout=PATIENCE)
        assert (reply.status_code, reply.json()) == (503, {"detail": UNAVAILABLE})
        event = httpx.post(f"{address}/gradio_api/call/ask", json={"data": ["When?", None, None]}).json()["event_id"]
        answer = httpx.get(f"{address}/gradio_api/call/ask/{event}", timeout=PATIENCE).text
        assert UNAVAILABLE in answer
        assert "milvus" not in answer
    finally:
        page.close(verbose=False)


def test_an_unused_collection_is_deleted_while_the_store_is_down(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    server.stop()
    collections.delete(made.id)
    assert list((tmp_path / "home").iterdir()) == []
    server.start()


def test_files_removed_while_the_store_is_down_leave_it_later(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    collections.remove(made.id, "ferry.txt")
    server.stop()
    assert _index(made) == {"state": "failed", "error": UNREACHABLE_EMPTY}
    server.start()
    assert _index(made) == {"state": "done", "changes": {}}
    assert _names(server) == []


def test_jobs_run_on_if_a_collection_cannot_be_deleted(
    collections: Collections, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = collections.create("Ferries")
    stopped: list[bool] = []

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", refuse)
        with pytest.raises(InputError, match="'Ferries': cannot be deleted"):
            collections.delete(made.id, lambda: stopped.append(True))
    assert not stopped
    collections.delete(made.id, lambda: stopped.append(True))
    assert stopped == [True]


def test_a_server_with_another_store_or_none_finds_the_index(
    collections: Collections, server: MilvusServer, tmp_path: Path, encoder: SentenceTransformerEncoder
) -> None:
    made = collections.create("Ferries")
    for store in (None, Address.parse(server.address("other"))):
        later = Collections(tmp_path / "home", encoder=encoder, store=store)
        assert later.get(made.id).store == made.store
    renewed = Collections(tmp_path / "home", store=Address.parse(server.address("pages", "?timeout=61&index=HNSW")))
    assert renewed.get(made.id).store == f"{made.store}?timeout=61"
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    (current_version(made.index) / "manifest.json").write_text("damaged")
    assert _index(later.get(made.id))["state"] == "done"
    assert list(later.assistant(made.id).index.documents) == ["ferry.txt"]
    later.delete(made.id)
    assert _names(server) == []


@pytest.mark.slow
def test_an_index_that_the_store_has_lost_is_written_again(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    assert _index(made)["state"] == "done"
    connection = Connection(Address.parse(made.store))
    for name in connection.collections():
        connection.drop(name)
    assert _index(made)["state"] == "done"
    assert list(collections.assistant(made.id).index.documents) == ["ferry.txt"]


@pytest.mark.slow
def test_the_page_indexes_in_the_store_and_lists_files_without_it(
    collections: Collections, server: MilvusServer, tmp_path: Path
) -> None:
    made = collections.create("Ferries")
    _add(collections, made, tmp_path, "ferry.txt", FERRY)
    jobs = IndexQueue()
    with gr.Blocks():
        tab = DocumentsTab(collections, jobs, Evaluations(), DocumentReader(collections), gr.Dropdown([made.id]))
        options = AskOptions(collections)
    try:
        tab._index(made.id)
        wait_until(lambda: (job := jobs.latest(made.id)) and job.state().ended)
    finally:
        jobs.close()
    assert len(_names(server)) == 2
    assert "1 passage" in tab._show(made.id, "")[1]
    assert collections.assistant(made.id)
    server.stop()
    table = tab._show(made.id, "")[1]
    assert "The store of the index does not answer; try again later." in table
    assert "ferry.txt" in table
    assert options.filters_of(made.id) == (pickers_html([], []), sources_html([]))
    server.start()


def test_the_command_keeps_the_indexes_of_new_collections_in_its_store(
    server: MilvusServer, corpus_index: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    served: list[Collections] = []
    monkeypatch.setattr("rag.ui.serve", lambda collections, *_, **__: served.append(collections))
    options = ["--index", str(corpus_index), "--collections", str(tmp_path), "--store", server.address("pages")]
    assert main(["ui", *options]) == 0
    assert served[0].create("Ferries").store.startswith(server.address("pages_ferries_r"))


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
