"""The HTTP API on the server of the page."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from openapi_spec_validator import validate
from rag.ui import start
from rag.ui.http_api.app import build_app
from rag.ui.http_api.keys import ApiKeys, new_key
from rag.ui.security.accounts import AccessPolicy
from rag.ui.security.limits import Limits
from rag.ui.services.collections import Collections, given_collection

from rag import InputError, SentenceTransformerEncoder, build_index
from rag.export.json import Json, result_to_json
from tests.ui.driver import BORDER, free_port
from tests.ui.http_api.going_away import ask_and_go_away, record_reading
from tests.waiting import PATIENCE

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

ACCOUNTS = {"ann": "secret", "bob": "other"}
WAGONS = "How many wagons does the ferry to Baku carry?"
TEXT = "The ferry to Baku carries 48 wagons.\n"


@contextmanager
def _serve(collections: Collections, **options: Any) -> Iterator[httpx.Client]:
    page = start(collections, port=free_port(), **options)
    try:
        address = f"http://127.0.0.1:{page.server_port}"
        with httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client:
            yield client
    finally:
        page.close(verbose=False)


@pytest.fixture(scope="module")
def client(collections: Collections) -> Iterator[httpx.Client]:
    with _serve(collections) as opened:
        yield opened


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "api-keys"


@pytest.fixture(scope="module")
def key(key_file: Path) -> str:
    return new_key(key_file, "dify")


@pytest.fixture(scope="module")
def shared(
    corpus_index: Path, encoder: SentenceTransformerEncoder, tmp_path_factory: pytest.TempPathFactory
) -> Collections:
    """The shipped articles, and a collection of Bob's."""
    home = tmp_path_factory.mktemp("home")
    made = Collections(home, [given_collection(corpus_index, "Articles", home)], encoder)
    ferries = made.with_accounts(lambda: "bob").create("Ferries")
    assert ferries.files
    (ferries.files / "ferry.txt").write_text(TEXT)
    build_index(ferries.files, ferries.index, encoder)
    return made


@pytest.fixture(scope="module")
def ferries(shared: Collections) -> str:
    return next(each.id for each in shared.list() if each.name == "Ferries")


@pytest.fixture(scope="module")
def locked(shared: Collections, key: str, key_file: Path) -> Iterator[httpx.Client]:
    """A server with accounts and a key."""
    with _serve(shared, access=AccessPolicy(ACCOUNTS), keys=ApiKeys.read(key_file)) as opened:
        yield opened


@contextmanager
def _logged_in(client: httpx.Client, account: str) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=client.base_url, timeout=PATIENCE, trust_env=False) as session:
        session.post("/login", data={"username": account, "password": ACCOUNTS[account]}).raise_for_status()
        yield session


def _post(client: httpx.Client, path: str, body: Json, **headers: str) -> Any:
    reply = client.post(path, json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()


def test_page_serves_the_operations_with_the_assistant_that_it_has_loaded(
    client: httpx.Client, collections: Collections, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = collections.assistant("start")
    expected = json.loads(json.dumps(result_to_json(assistant.ask(BORDER))))
    asked, _ = record_reading(assistant, monkeypatch)
    found = _post(client, "/api/ask", {"question": BORDER})
    assert asked == [BORDER]
    assert found.keys() == expected.keys()
    assert [each["text"] for each in found["answers"]] == [each["text"] for each in expected["answers"]]
    evidence = _post(client, "/api/evidence", {"question": BORDER, "collection": "start"})["evidence"]
    assert [each["text"] for each in evidence] == [each["text"] for each in expected["evidence"]]
    hits = _post(client, "/api/search", {"question": "oil exports", "k": 2, "where": {"path": "kaz*"}})["hits"]
    assert [hit["document"] for hit in hits] == ["kazakhstan.md"] * 2
    table = _post(client, "/api/table", {"questions": [BORDER], "where": {"path": "kaz*"}})
    assert [row["cells"][0]["text"] for row in table["rows"]] == ["7,644 km"]
    assert client.get("/api/documents").json()["total"] == len(assistant.index.documents)
    assert client.get("/api/health").json()["status"] == "ok"
    query = {"knowledge_id": "start", "query": "oil exports", "retrieval_setting": {"top_k": 3}}
    assert len(_post(client, "/retrieval", query)["records"]) == 3


def test_description_is_that_of_the_server_without_the_page(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    validate(document)
    assert document == json.loads(json.dumps(build_app(lambda *_: None, Limits()).openapi()))


def test_api_needs_a_login_or_a_key(locked: httpx.Client, key: str) -> None:
    for given in ({}, {"Authorization": f"Bearer {key}x"}, {"Authorization": key}, {"Cookie": "access-token=x"}):
        reply = locked.post("/api/ask", json={"question": BORDER}, headers=given)
        assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
        assert "Kazakhstan" not in reply.text
    dify = locked.post("/retrieval", json={}, headers={"Authorization": "Bearer no"})
    assert (dify.status_code, dify.json()["error_code"]) == (401, 1002)
    assert _post(locked, "/api/ask", {"question": BORDER}, Authorization=f"Bearer {key}")["answered"] is True
    with _logged_in(locked, "ann") as ann:
        assert _post(ann, "/api/ask", {"question": BORDER})["answered"] is True
    for path in ("/api/health", "/openapi.json"):
        assert locked.get(path).status_code == 200


def test_key_does_not_open_the_page(locked: httpx.Client, key: str) -> None:
    for path in ("/config", "/", "/gradio_api/info"):
        assert locked.get(path, headers={"Authorization": f"Bearer {key}"}).status_code == 401


def test_collections_are_those_that_the_account_may_see(locked: httpx.Client, ferries: str, key: str) -> None:
    body = {"question": WAGONS, "collection": ferries}
    with _logged_in(locked, "bob") as bob:
        assert _post(bob, "/api/ask", body)["answer"]["text"].startswith("48")
        assert bob.get("/api/documents", params={"collection": ferries}).json()["total"] == 1
    message = f"collection {ferries!r}: not found; choose another one"
    query = {"knowledge_id": ferries, "query": WAGONS, "retrieval_setting": {"top_k": 1}}
    with _logged_in(locked, "ann") as ann:
        for asks, headers in ((ann, {}), (locked, {"Authorization": f"Bearer {key}"})):
            refused = asks.post("/api/ask", json=body, headers=headers)
            assert (refused.status_code, refused.json()["detail"]) == (422, message)
            unknown = asks.post("/retrieval", json=query, headers=headers)
            assert (unknown.status_code, unknown.json()["error_code"]) == (404, 2001)


def test_keys_alone_lock_the_api_and_leave_the_page_open(collections: Collections, key: str, key_file: Path) -> None:
    with _serve(collections, keys=ApiKeys.read(key_file)) as client:
        assert client.get("/config").status_code == 200
        assert client.get("/api/documents").status_code == 401
        assert client.get("/api/documents", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_keys_do_not_pass_unencrypted_to_other_machines(collections: Collections, key: str, key_file: Path) -> None:
    keys = ApiKeys.read(key_file)
    with pytest.raises(InputError, match="keys would pass unencrypted"):
        start(collections, "0.0.0.0", free_port(), access=AccessPolicy(no_login=True), keys=keys)


def test_page_and_api_share_the_limit_of_a_client(collections: Collections) -> None:
    with _serve(collections, limits=Limits(requests_per_minute=2)) as client:
        assert client.get("/api/documents").status_code == 200
        assert client.post("/gradio_api/call/ask", json={"data": ["?", None, None]}).status_code == 200
        for path in ("/api/ask", "/gradio_api/call/ask"):
            assert client.post(path, json={"question": BORDER}).status_code == 429
        assert client.get("/api/health").status_code == 200


def test_other_sites_and_unlisted_paths_are_refused(client: httpx.Client) -> None:
    body = {"question": BORDER}
    assert client.post("/api/ask", json=body, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/ask", json=body, headers={"Host": "evil.example"}).status_code == 421
    assert client.post("/api/ask/", json=body).status_code == client.get("/api/docs").status_code == 404
    assert client.get("/api/ask").status_code == 405


def test_client_that_goes_away_frees_its_turn(collections: Collections, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, entered = record_reading(collections.assistant("start"), monkeypatch)
    with _serve(collections, limits=Limits(at_once=1, waiting=1)) as client:
        ask_and_go_away(str(client.base_url), entered)
        assert _post(client, "/api/ask", {"question": BORDER})["answer"]["text"] == "7,644 km"
    assert asked == [BORDER]


def test_rebuilt_index_is_asked_from_the_next_request_on(
    shared: Collections, ferries: str, locked: httpx.Client, encoder: SentenceTransformerEncoder
) -> None:
    collection = shared.get(ferries)
    assert collection.files
    with _logged_in(locked, "bob") as bob:
        (collection.files / "ferry.txt").write_text(TEXT.replace("48", "52"))
        build_index(collection.files, collection.index, encoder)
        found = _post(bob, "/api/ask", {"question": WAGONS, "collection": ferries})
    assert found["answer"]["text"].startswith("52")
