"""The HTTP API of ``rag serve``, over the network."""

import hmac
import json
import os
import re
import stat
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from openapi_spec_validator import validate
from rag.ui.http_api.app import build_app
from rag.ui.http_api.dify import MetadataCondition, where_of
from rag.ui.http_api.keys import ApiKeys, new_key
from rag.ui.http_api.server import ApiAccess, guarded_app, listen, settings
from rag.ui.security.limits import Limits

from rag import Assistant, InputError, SentenceTransformerEncoder
from rag.cli import main
from rag.export.json import Json, hit_to_json, result_to_json
from rag.service.live import LiveAssistant
from rag.service.operations import Operations
from tests.ui.http_api.going_away import ask_and_go_away, record_reading
from tests.waiting import PATIENCE, wait_until

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

BORDER = "How long is the border between Kazakhstan and Russia?"
LIMITS = Limits(requests_per_minute=100_000, body_bytes=10_000)


@contextmanager
def _serve(operations: Operations, access: ApiAccess, limits: Limits = LIMITS) -> Iterator[httpx.Client]:
    with listen("127.0.0.1", 0) as listening:
        app = guarded_app(operations, "reports", "127.0.0.1", access, limits)
        server = uvicorn.Server(settings(app))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        wait_until(lambda: server.started)
        try:
            address = f"http://127.0.0.1:{listening.getsockname()[1]}"
            with httpx.Client(base_url=address, timeout=PATIENCE, trust_env=False) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@pytest.fixture(scope="module")
def operations(corpus_index: Path, encoder: SentenceTransformerEncoder) -> Operations:
    return Operations(LiveAssistant(corpus_index, encoder).get)


@pytest.fixture(scope="module")
def client(operations: Operations) -> Iterator[httpx.Client]:
    with _serve(operations, ApiAccess(ApiKeys())) as opened:
        yield opened


@pytest.fixture(scope="module")
def key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "folder" / "api-keys"


@pytest.fixture(scope="module")
def key(key_file: Path) -> str:
    new_key(key_file, "other")
    return new_key(key_file, "dify")


@pytest.fixture(scope="module")
def locked(operations: Operations, key: str, key_file: Path) -> Iterator[httpx.Client]:
    """A server that needs a key."""
    with _serve(operations, ApiAccess(ApiKeys.read(key_file))) as opened:
        yield opened


def _post(client: httpx.Client, path: str, body: Json, **headers: str) -> Any:
    reply = client.post(path, json=body, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.json()


def _retrieval(**changes: Any) -> Json:
    return {"knowledge_id": "reports", "query": "oil exports", "retrieval_setting": {"top_k": 5}, **changes}


def test_ask_equals_the_library(client: httpx.Client, assistant: Assistant) -> None:
    for body in ({}, {"where": {"path": "security*"}, "min_confidence": 0.99}):
        found = _post(client, "/api/ask", {"question": BORDER, **body})
        expected = json.loads(json.dumps(result_to_json(assistant.ask(BORDER, **body))))
        assert found.keys() == expected.keys()
        assert found["answered"] is expected["answered"] is (not body)
        assert [each["text"] for each in found["answers"]] == [each["text"] for each in expected["answers"]]
        assert [hit["text"] for hit in found["hits"]] == [hit["text"] for hit in expected["hits"]]
        assert found["answers"][0]["confidence"] == pytest.approx(expected["answers"][0]["confidence"], abs=1e-4)
        assert found["answers"][0].keys() == expected["answers"][0].keys()


def test_search_and_evidence_equal_the_library(client: httpx.Client, assistant: Assistant) -> None:
    body = {"question": "oil exports", "k": 3, "max_tokens": 400, "collection": "reports"}
    found = _post(client, "/api/search", body)
    hits = assistant.retriever.search("oil exports", 3, 400)
    assert [hit["text"] for hit in found["hits"]] == [hit.passage.text for hit in hits]
    assert found["hits"][0].keys() == hit_to_json(hits[0]).keys()
    evidence = _post(client, "/api/evidence", {"question": BORDER})["evidence"]
    expected = assistant.ask(BORDER).evidence
    assert expected
    assert [(each["text"], each["start"], each["end"]) for each in evidence] == [
        (each.text, each.start, each.end) for each in expected
    ]


def test_documents_are_listed_in_parts(client: httpx.Client, assistant: Assistant) -> None:
    parts = [client.get("/api/documents", params={"offset": at, "limit": 8}).json() for at in (0, 8, 16)]
    names = list(assistant.index.documents)
    assert [each["document"] for part in parts for each in part["documents"]] == names
    assert {part["total"] for part in parts} == {len(names)}


def test_openapi_document_is_valid(client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    validate(document)
    paths = {"/api/ask", "/api/search", "/api/evidence", "/api/table", "/api/documents", "/api/health", "/retrieval"}
    assert set(document["paths"]) == paths
    ask = document["paths"]["/api/ask"]["post"]
    assert ask["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].endswith("/ResultModel")
    assert ask["responses"]["422"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorModel")
    assert client.get("/docs").status_code == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "question: Field required"),
        ({"question": BORDER, "k": "two"}, "k: Input should be a valid integer"),
        ({"question": BORDER, "kk": 2}, "kk: Extra inputs are not permitted"),
        ({"question": "?"}, "the question is empty; ask in words"),
        ({"question": BORDER, "where": ["nope=1"]}, "no document has the field 'nope'"),
        ({"question": BORDER, "k": 101}, "k is 101; at most 100 passages are returned"),
        ({"question": BORDER, "collection": "other"}, "collection 'other': not found; choose another one"),
    ],
)
def test_invalid_input_is_one_line(client: httpx.Client, body: Json, message: str) -> None:
    reply = client.post("/api/search", json=body)
    assert reply.status_code == 422
    assert reply.json()["detail"].startswith(message)
    assert "\n" not in reply.json()["detail"]


def test_foreign_hosts_origins_and_large_requests_are_refused(client: httpx.Client) -> None:
    body = {"question": BORDER}
    assert client.post("/api/ask", json=body, headers={"Host": "evil.example"}).status_code == 421
    assert client.post("/api/ask", json=body, headers={"Origin": "http://evil.example"}).status_code == 403
    assert client.post("/api/ask", json={"question": "a" * 20_000}).status_code == 413
    assert client.post("/api/ask", content=iter([b"{}"])).status_code == 411


def test_requests_are_limited_whatever_the_forwarded_headers(operations: Operations) -> None:
    with _serve(operations, ApiAccess(ApiKeys()), Limits(requests_per_minute=2)) as client:
        replies = [client.get("/api/documents", headers={"X-Forwarded-For": f"192.0.2.{n}"}) for n in range(3)]
        assert [reply.status_code for reply in replies] == [200, 200, 429]
        assert int(replies[-1].headers["Retry-After"]) >= 1
        assert client.get("/api/health").status_code == 200


def test_keys_are_needed_and_checked(locked: httpx.Client, key: str) -> None:
    body = {"question": BORDER}
    assert _post(locked, "/api/ask", body, Authorization=f"Bearer {key}")["answer"]["text"] == "7,644 km"
    for given in ({}, {"Authorization": key}, {"Authorization": "Bearer"}, {"Authorization": f"Bearer {key}x"}):
        reply = locked.post("/api/ask", json=body, headers=given)
        assert (reply.status_code, reply.headers["WWW-Authenticate"]) == (401, "Bearer")
    assert locked.get("/api/documents").status_code == 401
    assert locked.get("/api/health").json()["status"] == "ok"
    assert locked.get("/openapi.json").status_code == 200


def test_key_file_holds_hashes_only(key: str, key_file: Path) -> None:
    assert stat.S_IMODE(key_file.stat().st_mode) == 0o600
    text = key_file.read_text()
    assert key not in text
    assert re.fullmatch(r"other [0-9a-f]{64} [0-9a-f]{64}\ndify [0-9a-f]{64} [0-9a-f]{64}\n", text)
    keys = ApiKeys.read(key_file)
    assert (keys.name_of(key), keys.name_of(key[:-1]), keys.name_of("")) == ("dify", None, None)
    with pytest.raises(InputError, match="has a key 'dify'"):
        new_key(key_file, "dify")
    with pytest.raises(InputError, match="not a name of a key"):
        new_key(key_file, "two words")


def test_every_key_is_compared_whichever_is_given(key: str, key_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keys, compared = ApiKeys.read(key_file), list[bytes]()
    compare = hmac.compare_digest

    def counted(one: bytes, other: bytes) -> bool:
        compared.append(other)
        return compare(one, other)

    monkeypatch.setattr(hmac, "compare_digest", counted)
    for given in (key, f"{key}x", ""):
        compared.clear()
        keys.name_of(given)
        assert compared == [digest for _, digest in keys.hashes.values()]


def test_open_or_damaged_key_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text("dify 00 11\n")
    file.chmod(0o644)
    with pytest.raises(InputError, match="run chmod 600"):
        ApiKeys.read(file)
    file.chmod(0o600)
    with pytest.raises(InputError, match="keys:1: not a key"):
        ApiKeys.read(file)


def test_dify_gets_passages(locked: httpx.Client, key: str, assistant: Assistant) -> None:
    hits = assistant.retriever.search("oil exports", 5)
    found = _post(locked, "/retrieval", _retrieval(), Authorization=f"Bearer {key}")["records"]
    assert [record["content"] for record in found] == [hit.passage.text for hit in hits]
    assert all(record.keys() == {"content", "score", "title", "metadata"} for record in found)
    assert found[0]["score"] == pytest.approx(hits[0].dense, abs=1e-4)
    assert found[0]["metadata"]["document"] == hits[0].passage.document_id
    threshold = (max(hit.dense for hit in hits) + min(hit.dense for hit in hits)) / 2
    setting = {"top_k": 5, "score_threshold": threshold}
    fewer = _post(locked, "/retrieval", _retrieval(retrieval_setting=setting), Authorization=f"Bearer {key}")["records"]
    assert fewer == [record for record in found if record["score"] >= threshold]
    assert 0 < len(fewer) < 5


def test_dify_filters_by_metadata(client: httpx.Client) -> None:
    condition = {"conditions": [{"name": ["path"], "comparison_operator": "start with", "value": "kaz"}]}
    found = _post(client, "/retrieval", _retrieval(metadata_condition=condition))["records"]
    assert {record["metadata"]["document"] for record in found} == {"kazakhstan.md"}


@pytest.mark.parametrize(
    ("condition", "where"),
    [
        (["country", "is", "Kazakhstan"], ["country=Kazakhstan"]),
        ([["a", "b"], "≥", 2], ["a>=2", "b>=2"]),
        (["a", "contains", ["x", "y"]], ["a=*x* or a=*y*"]),
        (["a", "is not", ["x", "y"]], ["a!=x", "a!=y"]),
        (["a", "not empty", None], ["a=*"]),
        (["date", "before", "2022-10"], ["date<2022-10"]),
    ],
)
def test_dify_conditions_become_filters(condition: list[Any], where: list[str]) -> None:
    fields = dict(zip(("name", "comparison_operator", "value"), condition, strict=True))
    assert where_of(MetadataCondition.model_validate({"conditions": [fields]})) == where


def test_dify_errors_have_their_codes(locked: httpx.Client, client: httpx.Client, key: str) -> None:
    for header, code in ({}, 1001), ({"Authorization": f"Basic {key}"}, 1001), ({"Authorization": "Bearer no"}, 1002):
        reply = locked.post("/retrieval", json=_retrieval(), headers=header)
        assert (reply.status_code, reply.json()["error_code"]) == (401, code)
    reply = client.post("/retrieval", json=_retrieval(knowledge_id="other"))
    assert (reply.status_code, reply.json()["error_code"]) == (404, 2001)
    two_fields = [{"name": name, "comparison_operator": "is", "value": "x"} for name in ("title", "path")]
    condition = {"logical_operator": "or", "conditions": two_fields}
    reply = client.post("/retrieval", json=_retrieval(metadata_condition=condition))
    assert (reply.status_code, reply.json()["detail"][:30]) == (422, "or joins conditions on path, t")


def test_client_that_goes_away_frees_its_turn(
    corpus_index: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveAssistant(corpus_index, encoder)
    asked, entered = record_reading(live.get(), monkeypatch)
    with _serve(Operations(live.get), ApiAccess(ApiKeys()), Limits(at_once=1, waiting=1)) as client:
        ask_and_go_away(str(client.base_url), entered)
        assert _post(client, "/api/ask", {"question": BORDER})["answer"]["text"] == "7,644 km"
    assert asked == [BORDER]


def test_serve_refuses_other_machines_without_key_or_encryption(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "keys"
    assert main(["serve", "--new-key", "ann", "--key-file", str(file)]) == 0
    out, err = capsys.readouterr()
    assert ApiKeys.read(file).name_of(out.strip()) == "ann"
    assert "kept as a hash" in err
    assert main(["serve", "--host", "0.0.0.0", "--key-file", str(file)]) == 2
    assert "keys would pass unencrypted" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.touch(0o600)
    assert main(["serve", "--allow-host", "rag.example", "--key-file", str(empty)]) == 2
    assert "make a key with --new-key" in capsys.readouterr().err


def test_command_serves_without_importing_gradio(corpus_index: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from rag.cli import main; import rag.ui.http_api.server as server\n"
        "server.serve = lambda *_: print(sorted({'gradio'} & set(sys.modules)))\n"
        "sys.exit(main())"
    )
    command = [sys.executable, "-c", code, "serve", "--port", "0", "--index", str(corpus_index)]
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path)}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
    assert f"no API key needed; knowledge id {corpus_index.name}" in done.stderr


def test_app_describes_itself_without_an_index(tmp_path: Path) -> None:
    document = build_app(lambda *_: Operations(LiveAssistant(tmp_path).get), LIMITS).openapi()
    assert document["info"]["title"] == "rag"


def test_table_asks_some_documents_at_a_time(client: httpx.Client) -> None:
    body = {"questions": ["Who is the president of Kazakhstan?", "summit date"], "where": {"path": "k*"}, "limit": 1}
    first, second = (client.post("/api/table", json=body | {"offset": at}).json() for at in (0, 1))
    assert [row["document"] for found in (first, second) for row in found["rows"]] == ["kazakhstan.md", "kyrgyzstan.md"]
    assert (first["total"], second["total"]) == (2, 2)
    cells = second["rows"][0]["cells"]
    assert [cell["question"] for cell in cells] == [body["questions"][0], "What is the summit date?"]
    assert (cells[1]["column"], cells[1]["text"], cells[1]["found"]) == ("summit date", "21 July 2022", True)
    assert client.post("/api/table", json=body | {"offset": 2}).json() == {"rows": [], "total": 2}


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"questions": []}, "there is no question"),
        ({"questions": [f"Who is {number}?" for number in range(101)]}, "101 questions; a table has at most 100"),
        ({"questions": ["Who?", " "]}, "a question has no letter or digit, or begins with #; leave it out"),
        ({"questions": [f"Who {'x' * 2_000}?"]}, "the question is 2,005 characters long; at most"),
        ({"where": {"contry": "x"}}, "no document has the field 'contry'"),
        ({"questions": ["Who?", "who"]}, "the question 'who' is asked twice; leave one out"),
        ({"limit": 21}, "give an offset from 0 and a limit from 1 to 20"),
        ({"offset": -1}, "give an offset from 0 and a limit from 1 to 20"),
        ({"min_confidence": 2}, "min_confidence is 2"),
    ],
)
def test_table_that_cannot_be_made_is_one_line(client: httpx.Client, changes: dict[str, object], message: str) -> None:
    response = client.post("/api/table", json={"questions": ["Who?"]} | changes)
    assert response.status_code == 422
    assert message in response.json()["detail"]
