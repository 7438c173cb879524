"""An index in Milvus: updates, broken runs, versions, and bad input."""

import gc
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from pymilvus import MilvusClient

import rag.index.milvus.connection
from rag import (
    ChunkSettings,
    Encoder,
    Index,
    IndexBusy,
    IndexDamaged,
    IndexMismatch,
    IndexMissing,
    InputError,
    Retriever,
    Shard,
    StoreUnavailable,
    build_index,
    merge_shards,
    repair,
    verify,
)
from rag.index.database import text_hash
from rag.index.manifest import Manifest
from rag.index.milvus import Connection, drop_index_of
from rag.index.milvus.address import Address, public_text
from rag.index.milvus.connection import GRPC_OPTIONS
from rag.index.milvus.head import Head
from rag.index.milvus.schema import OPEN
from rag.index.prepare import FilePreparer, FileTask, PreparedFile
from rag.index.versions import current_version
from rag.sources.discovery import FileState, Source, state_of
from rag.sources.parse_process import FileLimits, ParseProcess
from tests.index.conftest import CountingEncoder
from tests.index.milvus_server import MilvusServer, SilentServer
from tests.waiting import PATIENCE

QUESTION = "How long is the border?"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    running = MilvusServer(tmp_path_factory.mktemp("milvus"))
    yield running
    running.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "index"


@pytest.fixture
def store(server: MilvusServer, request: pytest.FixtureRequest) -> str:
    """The address of a collection of the test's own."""
    return server.address(re.sub(r"\W", "_", request.node.name))


def _client(address: Address) -> MilvusClient:
    return MilvusClient(uri=address.uri, timeout=PATIENCE, dedicated=True, grpc_options=GRPC_OPTIONS)


def _rows(store: str) -> list[dict[str, object]]:
    """All rows of both collections, whatever version shows them."""
    address = Address.parse(store)
    client = _client(address)
    names = [name for name in client.list_collections() if name.startswith(address.collection)]
    return [row for name in sorted(names) for row in client.query(name, filter="since >= 0", limit=16_000)]


def _own(store: str) -> list[str]:
    """The collections whose names begin with that of a store."""
    address = Address.parse(store)
    return [name for name in Connection(address).collections() if name.startswith(address.collection)]


def _texts(folder: Path, encoder: CountingEncoder) -> list[str]:
    return sorted(passage.text for passage in Index.open(folder, encoder).passages)


def _version(folder: Path) -> int:
    return int(Manifest.read(current_version(folder)).store["version"])


def test_the_folder_holds_only_its_manifest(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    changes = build_index(docs, folder, quick, store=store)
    assert (changes.added, changes.documents, changes.passages) == (["border.md", "rents.txt"], 2, 2)
    assert [path.name for path in current_version(folder).iterdir()] == ["manifest.json"]
    manifest = Manifest.read(current_version(folder))
    assert (manifest.store["address"], manifest.store["version"]) == (store, 1)
    assert (manifest.fingerprint, manifest.documents, manifest.passages) == (quick.fingerprint, 2, 2)
    assert verify(folder).problems == verify(folder).stale == []


def test_an_update_embeds_only_what_changed(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    before = Index.open(folder, quick)
    texts = sorted(passage.text for passage in before.passages)
    quick.embedded.clear()
    (docs / "rents.txt").rename(docs / "almaty.txt")
    (docs / "border.md").write_text("The border is short.")
    (docs / "new.md").write_text("Trains run to Osh.")
    changes = build_index(docs, folder, quick)
    assert (changes.added, changes.changed, changes.renamed) == (
        ["new.md"],
        ["border.md"],
        [("rents.txt", "almaty.txt")],
    )
    assert sorted(quick.embedded) == ["The border is short.", "Trains run to Osh."]
    after = Index.open(folder, quick)
    assert list(after.documents) == ["almaty.txt", "border.md", "new.md"]
    _, rows = after.lexical.search("a short border", 1)
    assert [after.passages[row].text for row in rows.tolist()] == ["The border is short."]
    assert after.lexical.rarity(["km"]) == [np.log(1 + 3.5 / 0.5)]
    # A reader that has the previous version open keeps it.
    assert sorted(passage.text for passage in before.passages) == texts
    assert list(before.documents) == ["border.md", "rents.txt"]
    (docs / "new.md").unlink()
    assert build_index(docs, folder, quick).removed == ["new.md"]
    assert _texts(folder, quick) == sorted(["The border is short.", (docs / "almaty.txt").read_text()])
    assert verify(folder).problems == []


def test_a_run_without_changes_writes_nothing(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    rows = _rows(store)
    assert build_index(docs, folder, quick, store=store).unchanged == ["border.md", "rents.txt"]
    assert _rows(store) == rows
    assert _version(folder) == 1


def test_another_embedder_embeds_everything_again(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    other = CountingEncoder(quick, "other", "q2")
    build_index(docs, folder, other)
    assert len(other.embedded) == 2
    with pytest.raises(IndexMismatch, match=r"made with the embedder 'other' .*, opened with 'quick'"):
        Index.open(folder, quick)
    assert len(_texts(folder, other)) == 2
    assert verify(folder).problems == []


def test_an_embedder_used_before_shows_nothing_that_was_removed_since(
    docs: Path, folder: Path, store: str, quick: CountingEncoder
) -> None:
    build_index(docs, folder, quick, store=store)
    (docs / "rents.txt").unlink()
    build_index(docs, folder, CountingEncoder(quick, "other", "q2"))
    quick.embedded.clear()
    build_index(docs, folder, quick)
    assert quick.embedded == []
    assert _texts(folder, quick) == [(docs / "border.md").read_text()]
    assert verify(folder).problems == []


class _Breaking(CountingEncoder):
    """Stops the server after some passages."""

    def __init__(self, encoder: CountingEncoder, stop: Callable[[], None]) -> None:
        super().__init__(encoder, "quick")
        self._stop = stop

    def encode(self, texts, progress=None):  # type: ignore[no-untyped-def]
        vectors = super().encode(texts, progress)
        self._stop()
        return vectors


def test_a_lost_connection_changes_nothing_and_the_next_run_mends_it(
    docs: Path, folder: Path, tmp_path: Path, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = MilvusServer(tmp_path / "data")
    store = server.address("lost", f"?timeout={PATIENCE:g}")
    build_index(docs, folder, quick, store=store)
    before = _texts(folder, quick)
    # The first block reaches the store, the connection breaks before the second; "border.md" is already marked.
    monkeypatch.setattr("rag.index.milvus.passage_writer.BLOCK", 1)
    stops = iter([lambda: None, server.stop])

    def stop_at_second() -> None:
        next(stops)()

    breaking = _Breaking(quick, stop_at_second)
    border = (docs / "border.md").read_text()
    (docs / "border.md").write_text("The border is short.")
    (docs / "new.md").write_text("Trains run to Osh.")
    with pytest.raises(StoreUnavailable, match=r"^milvus://127.0.0.1:\d+: the store cannot be reached; start it"):
        build_index(docs, folder, breaking)
    server.start()
    assert _texts(folder, quick) == before
    assert _version(folder) == 1
    assert any(1 < int(str(row["until"])) < OPEN for row in _rows(store)), "nothing was written before the break"
    quick.embedded.clear()
    # The broken run has marked the old passage of this file, which is now kept.
    (docs / "border.md").write_text(border)
    build_index(docs, folder, quick)
    assert quick.embedded == ["Trains run to Osh."]
    assert _texts(folder, quick) == sorted([*before, "Trains run to Osh."])
    assert verify(folder).problems == []
    assert not [row for row in _rows(store) if row["since"] == 2], "rows of the broken run are left"
    server.stop()


def _since(store: str, text: str) -> list[int]:
    """The first version that shows each row of a passage."""
    return sorted(int(str(row["since"])) for row in _rows(store) if row.get("text") == text)


def _copy_manifest(folder: Path, copied: Path) -> Path:
    """Copy an index folder without its older versions, as another machine that asks does."""
    version = current_version(folder)
    (copied / version.name).mkdir(parents=True)
    for name in ("current", f"{version.name}/manifest.json"):
        (copied / name).write_text((folder / name).read_text())
    return copied


def test_a_document_added_again_leaves_readers_of_earlier_versions_theirs(
    docs: Path, folder: Path, store: str, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.milvus.passage_writer.BLOCK", 1)
    build_index(docs, folder, quick, store=store)
    texts = _texts(folder, quick)
    first = _copy_manifest(folder, folder.with_name("first"))
    border = (docs / "border.md").read_text()
    (docs / "border.md").unlink()
    build_index(docs, folder, quick)
    assert _texts(first, quick) == texts

    (docs / "border.md").write_text(border)
    (docs / "trains.md").write_text("Trains run to Osh.")

    def interrupt() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_index(docs, folder, _Breaking(quick, interrupt))
    assert _since(store, border) == [1, 3], "nothing was written again"
    assert _texts(first, quick) == texts
    assert Index.open(first, quick).documents["border.md"].text == border
    assert _texts(folder, quick) == [(docs / "rents.txt").read_text()]

    build_index(docs, folder, quick)
    assert _texts(folder, quick) == sorted([*texts, "Trains run to Osh."])
    assert _since(store, border) == [4]
    with pytest.raises(IndexMismatch, match="the store holds versions from 2 on, the folder names version 1"):
        Index.open(first, quick)


def test_an_interrupted_run_does_not_embed_again(
    docs: Path, folder: Path, store: str, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rag.index.milvus.passage_writer.BLOCK", 1)

    def interrupt() -> None:
        if len(breaking.embedded) == 2:
            raise KeyboardInterrupt

    breaking = _Breaking(quick, interrupt)
    with pytest.raises(KeyboardInterrupt):
        build_index(docs, folder, breaking, store=store)
    with pytest.raises(IndexMissing):
        Index.open(folder, quick)
    quick.embedded.clear()
    build_index(docs, folder, quick, store=store)
    assert quick.embedded == [(docs / "rents.txt").read_text()]
    rows = _rows(store)
    assert len({str(row.get("id", row.get("key"))) for row in rows}) == len(rows)
    assert sum("vector" in row for row in rows) == 2


def test_two_runs_that_meet_do_not_both_finish(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    before = _texts(folder, quick)
    copied = _copy_manifest(folder, folder.with_name("copied"))
    (docs / "border.md").write_text("The border is short.")
    with pytest.raises(IndexBusy, match="another run has written to the store meanwhile"):
        build_index(docs, folder, _Breaking(quick, lambda: build_index(docs, copied, quick)))
    assert _texts(folder, quick) == before
    with pytest.raises(IndexMismatch, match="another folder has updated the index to version 3, this one names"):
        build_index(docs, folder, quick)


def test_a_folder_that_is_too_old_says_so(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    manifest = Manifest.read(current_version(folder))
    for text in ("one", "two"):
        (docs / "border.md").write_text(f"The border has {text} gates.")
        build_index(docs, folder, quick)
    manifest.write(current_version(folder))
    with pytest.raises(IndexMismatch, match="the store holds versions from 2 on, the folder names version 1; copy"):
        Index.open(folder, quick)


def test_damage_is_found_and_repaired(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    address = Address.parse(store)
    client = _client(address)
    collection = Manifest.read(current_version(folder)).store["collection"]
    rows = [{**row, "text": "Other words."} for row in client.query(collection, filter="id >= 0", limit=10)]
    for row in rows:
        del row["sparse"]
    client.upsert(collection, [row for row in rows if row["document_id"] == "border.md"])
    client.delete(collection, filter='document_id == "rents.txt"')
    first, second = verify(folder).problems
    assert first.endswith("border.md: the passage at characters 0-96 is not the slice that was indexed")
    assert second.endswith("documents and passages: (2, 1); in the manifest: (2, 2)")
    assert repair(folder, quick) == "rebuilt from the files: 2 documents"
    assert verify(folder).problems == []
    for name in client.list_collections():
        if name.startswith(address.collection):
            client.drop_collection(name)
    assert verify(folder).problems == [
        f"{store}: the store no longer holds the index; write it again with `rag verify --repair`"
    ]
    with pytest.raises(IndexDamaged, match="the store no longer holds the index"):
        Index.open(folder, quick)
    repair(folder, quick)
    assert len(_texts(folder, quick)) == 2


def test_an_update_writes_a_lost_index_again(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    texts = _texts(folder, quick)
    lost = Connection(Address.parse(store))
    for name in _own(store):
        lost.drop(name)
    assert build_index(docs, folder, quick).added == ["border.md", "rents.txt"]
    assert _texts(folder, quick) == texts
    assert verify(folder).problems == []


def test_a_copy_that_is_behind_does_not_replace_a_newer_index(
    docs: Path, folder: Path, store: str, quick: CountingEncoder
) -> None:
    build_index(docs, folder, quick, store=store)
    copied = _copy_manifest(folder, folder.with_name("copied"))
    # Each has a collection of passages of its own, so that of the copy is gone.
    for most in (150, 100):
        build_index(docs, folder, quick, settings=ChunkSettings(max_tokens=most))
    with pytest.raises(IndexMismatch, match="the store holds versions from 2 on, the folder names version 1; copy"):
        build_index(docs, copied, quick)
    assert len(_texts(folder, quick)) == 2


def test_new_options_of_the_address_reach_readers(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    quick.embedded.clear()
    again = build_index(docs, folder, quick, store=f"{store}?timeout=61")
    assert (again.unchanged, quick.embedded) == (["border.md", "rents.txt"], [])
    assert Manifest.read(current_version(folder)).store["address"] == f"{store}?timeout=61"


def test_an_index_is_deleted_from_its_store(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    folder.rename(folder.with_name("gone"))
    drop_index_of(folder.with_name("gone"), written_as=folder)
    assert _own(store) == []


def test_a_copy_left_behind_does_not_delete_the_index(
    docs: Path, folder: Path, store: str, quick: CountingEncoder
) -> None:
    build_index(docs, folder, quick, store=store)
    copied = _copy_manifest(folder, folder.with_name("copied"))
    (docs / "border.md").write_text("The border is short.")
    build_index(docs, folder, quick)
    before = _texts(folder, quick)
    drop_index_of(copied)
    drop_index_of(copied, store)
    assert _texts(folder, quick) == before


def test_what_a_run_broken_off_at_its_beginning_left_is_deleted(
    docs: Path, folder: Path, store: str, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Head, "write", interrupt)
        with pytest.raises(KeyboardInterrupt):
            build_index(docs, folder, quick, store=store)
    assert len(_own(store)) == 1
    drop_index_of(folder, store)
    assert _own(store) == []


def test_a_collection_that_is_not_ours_is_not_deleted(folder: Path, store: str) -> None:
    address = Address.parse(store)
    _client(address).create_collection(address.collection, dimension=4)
    folder.mkdir()
    drop_index_of(folder, store)
    assert _own(store) == [address.collection]


def test_other_collections_are_not_looked_at(
    docs: Path, folder: Path, store: str, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    address = Address.parse(store)
    _client(address).create_collection(f"other_{address.collection}", dimension=4)
    every, fields = Connection.collections, Connection.fields
    vanished, seen = f"{address.collection}_0a1b2c3d", []

    def noted(connection: Connection, name: str) -> dict[str, dict[str, object]]:
        seen.append(name)
        return fields(connection, name)

    monkeypatch.setattr(Connection, "collections", lambda connection: [*every(connection), vanished])
    monkeypatch.setattr(Connection, "fields", noted)
    build_index(docs, folder, quick, store=store)
    assert vanished in seen
    assert {name for name in seen if not name.startswith(address.collection)} == set()


def test_readers_of_deleted_passages_are_refused_even_if_the_run_fails(
    docs: Path, folder: Path, store: str, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_index(docs, folder, quick, store=store)
    first = _copy_manifest(folder, folder.with_name("first"))
    build_index(docs, folder, CountingEncoder(quick, "other", "q2"))
    with monkeypatch.context() as patch:
        patch.setattr(Connection, "count", lambda *_: -1)
        with pytest.raises(StoreUnavailable, match="holds -1 passages where 2 were written"):
            build_index(docs, folder, quick)
    with pytest.raises(IndexMismatch, match="the store holds versions from 2 on, the folder names version 1"):
        Index.open(first, quick)


def test_a_connection_that_nobody_holds_is_closed(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    manager = Connection(Address.parse(store))._client._manager
    gc.collect()
    before = manager.get_stats()["dedicated_connections"]
    opened = Index.open(folder, quick)
    assert manager.get_stats()["dedicated_connections"] == before + 1
    del opened
    gc.collect()
    assert manager.get_stats()["dedicated_connections"] == before


def test_a_collection_that_is_not_ours_is_left_alone(
    docs: Path, folder: Path, store: str, quick: CountingEncoder
) -> None:
    address = Address.parse(store)
    client = _client(address)
    client.create_collection(address.collection, dimension=4)
    with pytest.raises(InputError, match=rf"{address.collection}' was not written by `rag index`; choose another name"):
        build_index(docs, folder, quick, store=store)
    assert client.describe_collection(address.collection)["fields"][1]["params"] == {"dim": 4}
    assert not list(folder.glob("version-*"))


def test_collections_with_a_similar_name_are_left_alone(
    docs: Path, folder: Path, store: str, quick: CountingEncoder
) -> None:
    address = Address.parse(store)
    client = _client(address)
    others = [f"{address.collection}_{name}" for name in ("invoices", "0a1b2c3d")]
    for name in others:
        client.create_collection(name, dimension=4)
    build_index(docs, folder, quick, store=store)
    build_index(docs, folder, CountingEncoder(quick, fingerprint="q2"))
    build_index(docs, folder, CountingEncoder(quick, fingerprint="q3"))
    assert set(others) < set(client.list_collections())


def test_parts_are_merged_into_the_store(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    for number in (1, 2):
        build_index(docs, folder, quick, shard=Shard(number, 2))
    quick.embedded.clear()
    changes = merge_shards(folder, quick, store=store)
    assert (changes.added, changes.passages, quick.embedded) == (["border.md", "rents.txt"], 2, [])
    assert Manifest.read(current_version(folder)).store["address"] == store
    assert len(merge_shards(folder, quick).unchanged) == 2
    with pytest.raises(InputError, match="give the store to the run that merges the parts"):
        build_index(docs, folder, quick, shard=Shard(1, 2), store=store)


class _HereWorkers:
    """Workers in this process; remember which texts each file was said to have vectors of."""

    def __init__(self) -> None:
        self.known: list[frozenset[bytes]] = []

    def start(self, encoder: Encoder, settings: ChunkSettings, limits: FileLimits) -> None:
        self._parser = ParseProcess(limits)
        self._preparer = FilePreparer(encoder, settings, self._parser)

    def states(self, sources: Sequence[Source]) -> Iterator[FileState]:
        return map(state_of, sources)

    def prepare(self, tasks: Iterable[FileTask]) -> Iterator[PreparedFile]:
        for task in tasks:
            self.known.append(task.known)
            yield from self._preparer.prepare([task])

    def close(self) -> None:
        self._parser.close()


def test_workers_are_told_what_the_store_holds(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    held = [each.read_text for each in Index.open(folder, quick).passages if each.document_id == "border.md"]
    (docs / "border.md").write_text("A wholly new text about the toll of a bridge.")
    quick.embedded.clear()
    workers = _HereWorkers()
    assert build_index(docs, folder, quick, store=store, workers=workers).changed == ["border.md"]
    assert workers.known == [{text_hash(text) for text in held}]
    assert len(quick.embedded) == 1
    assert any("toll of a bridge" in text for text in _texts(folder, quick))


def test_the_index_of_another_folder_is_left_alone(
    docs: Path, folder: Path, store: str, quick: CountingEncoder, tmp_path: Path
) -> None:
    build_index(docs, folder, quick, store=store)
    with pytest.raises(IndexMismatch, match="the store holds the index of another folder; copy that folder"):
        build_index(docs, tmp_path / "other", quick, store=store)
    with pytest.raises(InputError, match=f"its index is in {store}; choose another --index for the one in "):
        build_index(docs, folder, quick, store=store.replace("/test", "/other_test"))
    build_index(docs, tmp_path / "local", quick)
    with pytest.raises(InputError, match="holds an index of its own; choose another --index"):
        build_index(docs, tmp_path / "local", quick, store=store)


def test_another_format_is_refused(docs: Path, folder: Path, store: str, quick: CountingEncoder) -> None:
    build_index(docs, folder, quick, store=store)
    address = Address.parse(store)
    client = _client(address)
    (row,) = client.get(address.collection, ids=["head"], output_fields=["*"])
    client.upsert(address.collection, [{**row, "payload": json.dumps({**json.loads(row["payload"]), "format": 9})}])
    with pytest.raises(IndexMismatch, match="the store has format 9, this version of rag reads format 2; build"):
        Index.open(folder, quick)


def test_a_store_that_is_down_is_one_line(docs: Path, folder: Path, quick: CountingEncoder) -> None:
    with pytest.raises(StoreUnavailable) as caught:
        build_index(docs, folder, quick, store="milvus://127.0.0.1:1/docs")
    assert str(caught.value) == "milvus://127.0.0.1:1: the store cannot be reached; start it, or check host and port"
    assert not list(folder.glob("version-*"))


def test_a_store_that_does_not_answer_is_one_line(docs: Path, folder: Path, quick: CountingEncoder) -> None:
    silent = SilentServer()
    address = f"milvus://127.0.0.1:{silent.port}/docs?timeout=1"
    with pytest.raises(StoreUnavailable, match=rf"^milvus://127.0.0.1:{silent.port}: .*(no answer within 1 s|reached)"):
        build_index(docs, folder, quick, store=address)
    silent.close()


def test_a_reader_whose_store_stops_says_so(docs: Path, folder: Path, tmp_path: Path, quick: CountingEncoder) -> None:
    server = MilvusServer(tmp_path / "data")
    build_index(docs, folder, quick, store=server.address("stops", f"?timeout={PATIENCE:g}"))
    retriever = Retriever(Index.open(folder, quick), quick)
    server.stop()
    with pytest.raises(StoreUnavailable, match="the store cannot be reached"):
        retriever.search(QUESTION)
    server.start()
    assert len(Retriever(Index.open(folder, quick), quick).search(QUESTION)) == 2
    server.stop()


@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("milvus://[::1/docs", "not a store; write it as"),
        ("http://root:secret@localhost/docs", "holds a credential"),
        ("milvus://root:se/cret@localhost/docs", "holds a credential"),
        ("postgres://localhost/docs", "not a store; write it as milvus://HOST:PORT/COLLECTION"),
        ("milvus://localhost:19530", "not a store; write it as milvus://HOST:PORT/COLLECTION"),
        ("milvus://localhost:99999/docs", "not a store; write it as"),
        ("milvus://localhost/a-b", "the collection in letters, digits and _"),
        ("milvus://root:secret@localhost/docs", "holds a credential; leave it out and set RAG_STORE_TOKEN"),
        ("milvus://localhost/docs?token=secret", "invalid option 'token'; the options are index=FLAT|"),
        ("milvus://localhost/docs?index=TREE", "invalid option 'index'"),
        ("milvus://localhost/docs?timeout=never", "invalid option 'timeout'"),
    ],
)
def test_invalid_addresses_are_refused(address: str, message: str) -> None:
    with pytest.raises(InputError) as caught:
        Address.parse(address)
    assert message in str(caught.value)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["milvus://localhost:19530/docs", "milvus+tls://[::1]:443/docs?index=IVF_SQ8&timeout=2.5"]
)
def test_addresses_are_written_as_they_are_read(text: str) -> None:
    address = Address.parse(text)
    assert str(address) == text
    assert address.uri == ("https://[::1]:443" if address.tls else "http://localhost:19530")


def test_addresses_below_another_begin_with_its_name() -> None:
    address = Address.parse("milvus://localhost/pages?timeout=2")
    assert str(address.below("ferry-times-2")) == "milvus://localhost:19530/pages_ferry_times_2?timeout=2"
    with pytest.raises(InputError, match="the name is too long to begin others with"):
        address.below("x" * 200)


def test_messages_for_users_of_a_server_do_not_name_its_store() -> None:
    for text in ("milvus://h:1: gone: x", "milvus+tls://h:1/a?index=HNSW: gone: x", "gone: x"):
        assert public_text(InputError(text)) == "gone: x"
    assert public_text(InputError("see milvus://h:1: it")) == "see milvus://h:1: it"
    refused = StoreUnavailable("milvus://h:1: refuses the token; set RAG_STORE_TOKEN")
    assert public_text(refused) == "the store of the index does not answer; try again later"


def test_the_token_is_sent_with_tls_or_to_this_machine_only(
    docs: Path, folder: Path, store: str, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RAG_STORE_TOKEN", "secret")
    build_index(docs, folder, quick, store=store)
    assert "secret" not in (current_version(folder) / "manifest.json").read_text()
    with pytest.raises(
        InputError, match=r"RAG_STORE_TOKEN would be sent unencrypted; write the store as milvus\+tls://"
    ):
        build_index(docs, folder.with_name("far"), quick, store="milvus://milvus.example/docs")


def test_a_missing_extra_is_named(
    docs: Path, folder: Path, quick: CountingEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    def missing(*_: object) -> None:
        raise ModuleNotFoundError("No module named 'pymilvus'", name="pymilvus")

    monkeypatch.setattr(rag.index.milvus.connection, "_connect", missing)
    with pytest.raises(InputError, match=r"needs the extra `milvus` .*; install it with `pip install 'rag\[milvus\]'`"):
        build_index(docs, folder, quick, store="milvus://127.0.0.1:1/docs")
