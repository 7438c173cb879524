"""The MCP server as the SDK's own client sees it, over standard input and output and over HTTP."""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from mcp import ClientSession, StdioServerParameters
from mcp.client import streamable_http
from mcp.client.stdio import stdio_client

from rag import Assistant, SentenceTransformerEncoder, build_index
from rag.adapters.mcp.server import DocumentServer
from rag.adapters.mcp.tools import AT_ONCE
from rag.cli import main
from rag.export.json import Json, hit_to_json, result_to_json
from rag.service.live import LiveAssistant
from rag.service.models import ResultModel
from rag.service.operations import Operations
from rag.types import Result
from tests.waiting import PATIENCE, run_async

pytestmark = pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")

BORDER = "How long is the border between Kazakhstan and Russia?"
TOOLS = ["ask", "search", "evidence", "read", "verify_quote"]


def _command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-m", "rag", *map(str, arguments)]


@asynccontextmanager
async def _session(streams: Sequence[Any]) -> AsyncIterator[ClientSession]:
    async with ClientSession(*streams[:2]) as session:
        await session.initialize()
        yield session


@asynccontextmanager
async def _over_stdio(index: Path) -> AsyncIterator[ClientSession]:
    command, *arguments = _command("mcp", "--index", index)
    server = StdioServerParameters(command=command, args=arguments, env=dict(os.environ))
    async with stdio_client(server) as streams, _session(streams) as session:
        yield session


@contextmanager
def _http_server(index: Path) -> Iterator[str]:
    """The address of a server on a port that the system chose."""
    command = _command("mcp", "--http", "--port", "0", "--index", index)
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as server:
        try:
            assert server.stderr
            line = next(line for line in server.stderr if "Serving" in line)
            yield line.split()[3]
        finally:
            server.terminate()
            server.wait(PATIENCE)


@asynccontextmanager
async def _over_http(index: Path) -> AsyncIterator[ClientSession]:
    # Its name before version 1.24 of the SDK.
    connect = getattr(streamable_http, "streamable_http_client", None) or streamable_http.streamablehttp_client
    with _http_server(index) as address:
        async with connect(address) as streams, _session(streams) as session:
            yield session


class Client:
    """A session, called without ``await``; results as they are in JSON."""

    def __init__(self, portal: BlockingPortal, session: ClientSession) -> None:
        self._portal, self._session = portal, session

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._session, name)
        return lambda *arguments: self._portal.call(method, *arguments).model_dump(mode="json", by_alias=True)

    def call(self, tool: str, **arguments: Any) -> Json:
        """The structured result of a tool, which is also the text of its content."""
        reply = self.call_tool(tool, arguments)
        assert not reply["isError"], reply["content"][0]["text"]
        assert json.loads(reply["content"][0]["text"]) == reply["structuredContent"]
        found: Json = reply["structuredContent"]
        return found

    def error(self, tool: str, **arguments: Any) -> str:
        """The message of a call that fails."""
        reply = self.call_tool(tool, arguments)
        assert reply["isError"]
        text: str = reply["content"][0]["text"]
        assert "\n" not in text
        return text


@contextmanager
def _client(session: Any) -> Iterator[Client]:
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(session) as opened:
        yield Client(portal, opened)


@pytest.fixture(scope="module", params=[_over_stdio, _over_http], ids=["stdio", "http"])
def client(request: pytest.FixtureRequest, corpus_index: Path) -> Iterator[Client]:
    with _client(request.param(corpus_index)) as opened:
        yield opened


def _assert_same(found: Any, expected: Any) -> None:
    """Equal but for the last digits of numbers, and for the seconds that it took."""
    if isinstance(expected, dict):
        assert found.keys() == expected.keys()
        for name in found.keys() - {"seconds"}:
            _assert_same(found[name], expected[name])
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            _assert_same(one, other)
    else:
        assert found == (pytest.approx(expected, rel=1e-4, abs=1e-4) if isinstance(expected, float) else expected)


def test_tools_have_output_schemas_and_change_nothing(client: Client) -> None:
    tools = client.list_tools()["tools"]
    assert [tool["name"] for tool in tools] == TOOLS
    assert all(tool["annotations"]["readOnlyHint"] and not tool["annotations"]["destructiveHint"] for tool in tools)
    ask = tools[0]
    assert ask["inputSchema"]["required"] == ["question"]
    assert {"answer", "answers", "hits", "reason_code"} <= set(ask["outputSchema"]["properties"])
    assert ask["description"].startswith("Answer a question with the exact words of a document")


@pytest.mark.parametrize("question", [BORDER, "Who won the 1998 football World Cup?", "And in Kyrgyzstan?"])
def test_ask_equals_the_library(client: Client, assistant: Assistant, question: str) -> None:
    expected = json.loads(json.dumps(result_to_json(assistant.ask(question))))
    _assert_same(client.call("ask", question=question), expected)


def test_ask_applies_filter_minimum_and_budget(client: Client, assistant: Assistant) -> None:
    where = {"path": "security*"}
    filtered = client.call("ask", question=BORDER, where=where, min_confidence=0.99, max_tokens=300)
    expected = result_to_json(assistant.ask(BORDER, where, 0.99))
    assert filtered["answered"] is expected["answered"] is False
    assert filtered["reason_code"] == "too_unsure"
    assert {hit["document"] for hit in filtered["hits"]} == {"security-and-the-csto.md"}
    assert 0 < sum(hit["tokens"] for hit in filtered["hits"]) <= 300
    assert len(filtered["hits"]) < len(expected["hits"])


def test_search_equals_the_library(client: Client, assistant: Assistant) -> None:
    found = client.call("search", question="oil exports", k=4, max_tokens=500, where=["date>=2022"])
    hits = assistant.retriever.search("oil exports", 4, 500, ["date>=2022"])
    assert found["question"] == "oil exports"
    assert [hit["text"] for hit in found["hits"]] == [hit.passage.text for hit in hits]
    assert found["hits"][0]["score"] == pytest.approx(hit_to_json(hits[0])["score"])


def test_evidence_is_that_of_the_result(client: Client, assistant: Assistant) -> None:
    found = client.call("evidence", question=BORDER)["evidence"]
    expected = assistant.ask(BORDER).evidence
    assert "7,644 km" in found[0]["text"]
    assert found[0]["confidence"] == pytest.approx(expected[0].probability)
    places = [(each["document"], each["start"], each["end"]) for each in found]
    assert places == [(each.document_id, each.start, each.end) for each in expected]
    for each in found:
        assert assistant.index.documents[each["document"]].text[each["start"] : each["end"]] == each["text"]
    least = found[0]["confidence"] - 1e-6
    assert client.call("evidence", question=BORDER, min_confidence=least)["evidence"] == found[:1]
    assert client.call("evidence", question=BORDER, max_tokens=1)["evidence"] == []


def test_read_gives_exact_parts_that_make_up_the_document(client: Client, assistant: Assistant) -> None:
    document = assistant.index.documents["kazakhstan.md"]
    part = client.call("read", document="kazakhstan.md", start=1072, end=1080)
    assert (part["text"], part["title"], part["next"]) == ("7,644 km", document.title, 1080)
    assert part["heading"] == document.place(1072).heading
    parts, start = [], 0
    while start is not None:
        part = client.call("read", document="kazakhstan.md", start=start, max_tokens=250)
        assert document.text[part["start"] : part["end"]] == part["text"]
        parts.append(part["text"])
        start = part["next"]
    assert len(parts) > 2
    assert "".join(parts) == document.text


def test_verify_quote_confirms_the_exact_words(client: Client, assistant: Assistant) -> None:
    text = assistant.index.documents["kazakhstan.md"].text
    found = client.call("verify_quote", document="kazakhstan.md", quote="7,644 km, which is 4,750 miles")
    assert (found["stands"], found["same_words"], found["more"]) == (True, True, False)
    assert [text[place["start"] : place["end"]] for place in found["places"]] == [found["quote"]]
    frequent = client.call("verify_quote", document="kazakhstan.md", quote="the")
    assert (len(frequent["places"]), frequent["more"]) == (20, True)
    few = client.call("verify_quote", document="kazakhstan.md", quote="the", max_tokens=3)
    assert (few["places"], few["more"]) == (frequent["places"][:3], True)
    assert client.call("verify_quote", document="kazakhstan.md", quote="7,644 km", max_tokens=1)["places"] == []


def test_verify_quote_refuses_other_words(client: Client, assistant: Assistant) -> None:
    found = client.call("verify_quote", document="kazakhstan.md", quote="7,645 km")
    assert (found["stands"], found["same_words"], found["places"]) == (False, False, [])
    spaced = client.call("verify_quote", document="kazakhstan.md", quote=" measures\n7,644  km")
    assert (spaced["stands"], spaced["same_words"]) == (False, True)
    place = spaced["places"][0]
    assert place["text"] == "measures 7,644 km"
    assert assistant.index.documents["kazakhstan.md"].text[place["start"] : place["end"]] == place["text"]


def test_invalid_calls_are_one_clear_line(client: Client) -> None:
    assert client.error("search", question="oil", k="two").startswith("k: Input should be a valid integer")
    assert client.error("read") == "document: Field required"
    assert client.error("ask", question=BORDER, where="country=Kazakhstan").startswith("where: Input should be a valid")
    assert client.error("ask", question=BORDER, where=["country"]).startswith("invalid condition 'country'")
    assert client.error("ask", question=BORDER, where=["no-field=1"]).startswith("no document has the field 'no-field'")
    assert client.error("ask", question="?") == "the question is empty; ask in words"
    assert (
        client.error("ask", question=BORDER, min_confidence=2)
        == "min_confidence is 2.0; give a probability from 0 to 1"
    )
    assert client.error("search", question="oil", max_tokens=0) == "max_tokens is 0; it must be at least 1"
    assert client.error("search", question="oil", k=101) == "k is 101; at most 100 passages are returned"
    assert client.error("read", document="none.md") == "no document 'none.md' in the index"
    assert "which has 3,844 characters" in client.error("read", document="kazakhstan.md", start=9_000)
    assert client.error("verify_quote", document="kazakhstan.md", quote=" ").startswith("the quote is empty")
    # It still answers.
    assert client.call("ask", question=BORDER)["answer"]["text"] == "7,644 km"


def test_documents_are_resources(client: Client, assistant: Assistant) -> None:
    listed = client.list_resources()["resources"]
    assert [each["name"] for each in listed] == list(assistant.index.documents)
    for each in listed[:2]:
        (content,) = client.read_resource(each["uri"])["contents"]
        assert content["text"] == assistant.index.documents[each["name"]].text
    (template,) = client.list_resource_templates()["resourceTemplates"]
    assert template["uriTemplate"] == "rag://documents/{+document}"
    with pytest.raises(Exception, match=re.escape("no document 'none.md' in the index")):
        client.read_resource("rag://documents/none.md")


def test_rebuilt_index_is_picked_up(tmp_path: Path, encoder: SentenceTransformerEncoder) -> None:
    files, index = tmp_path / "files", tmp_path / "index"
    files.mkdir()
    (files / "harbour #1.md").write_text("The harbour was opened in 1911.")
    build_index([files], index, encoder)
    with _client(_over_stdio(index)) as client:
        assert client.call("ask", question="When was the harbour opened?")["answer"]["text"] == "1911"
        (files / "harbour #1.md").write_text("The harbour was opened in 1912.")
        (files / "lighthouse.md").write_text("The lighthouse was built in 1930.")
        build_index([files], index, encoder)
        assert client.call("ask", question="When was the harbour opened?")["answer"]["text"] == "1912"
        names = {each["name"]: each["uri"] for each in client.list_resources()["resources"]}
        assert set(names) == {"harbour #1.md", "lighthouse.md"}
        assert client.read_resource(names["harbour #1.md"])["contents"][0]["text"] == "The harbour was opened in 1912."


def test_stdout_is_only_the_protocol() -> None:
    code = (
        "import os, subprocess\n"
        "from rag.adapters.mcp.transports import protocol_streams\n"
        "with protocol_streams() as (reader, writer):\n"
        "    print('noise'); os.write(1, b'raw noise'); subprocess.run(['echo', 'noise of a child'])\n"
        "    assert input_of_child() == b''\n"
        "    print(reader.readline(), end='', file=writer, flush=True)\n"
        "print('after')\n"
    ).replace("input_of_child()", "subprocess.run(['cat'], capture_output=True).stdout")
    done = subprocess.run([sys.executable, "-c", code], input="wire\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "wire\nafter\n"), done.stderr
    assert done.stderr.count("noise") == 3


def test_server_ends_when_its_client_goes_away(corpus_index: Path) -> None:
    opening = {
        "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"},
    }  # fmt: skip
    messages = [
        {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": opening},
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        *(
            {"jsonrpc": "2.0", "id": number, "method": "tools/call",
             "params": {"name": "ask", "arguments": {"question": BORDER}}}
            for number in range(2, 50)
        ),
    ]  # fmt: skip
    lines = "".join(json.dumps(message) + "\n" for message in messages)
    done = subprocess.run(
        _command("mcp", "--index", corpus_index),
        input=lines, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert all(json.loads(line)["jsonrpc"] == "2.0" for line in done.stdout.splitlines())


def test_cancelled_call_frees_its_place(
    corpus_index: Path, encoder: SentenceTransformerEncoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    live = LiveAssistant(corpus_index, encoder)
    assistant = live.get()
    server = DocumentServer(Operations(live.get))
    entered, read = anyio.Event, []
    retrieve, really_read = assistant.retrieve, assistant.read

    def recorded(result: Result) -> Result:
        read.append(result.question)
        return really_read(result)

    monkeypatch.setattr(assistant, "read", recorded)

    async def check() -> None:
        started, release = entered(), anyio.Event()

        def blocked(question: str, *arguments: Any) -> Result:
            if question.startswith("Given up"):
                anyio.from_thread.run_sync(started.set)
                anyio.from_thread.run(release.wait)
            return retrieve(question, *arguments)

        monkeypatch.setattr(assistant, "retrieve", blocked)
        async with anyio.create_task_group() as tasks:
            for number in range(AT_ONCE + 3):
                tasks.start_soon(server.call_tool, "ask", {"question": f"Given up {number}?"})
            await started.wait()
            tasks.cancel_scope.cancel()
            release.set()
        result = await server.call_tool("ask", {"question": BORDER})
        assert "7,644 km" in str(result)

    run_async(check())
    assert read == [BORDER]


def test_http_refuses_foreign_hosts_and_origins(corpus_index: Path) -> None:
    with _http_server(corpus_index) as address:
        for headers, status in (({"Host": "evil.example"}, 421), ({"Origin": "http://evil.example"}, 403)):
            reply = httpx.post(address, json={}, headers={"Content-Type": "application/json", **headers})
            assert reply.status_code == status, headers


def test_taken_port_is_one_line(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert main(["mcp", "--http", "--port", str(port), "--index", str(corpus_index)]) == 2
    expected = f"rag: port {port} is taken or not allowed; choose another one with --port\n"
    assert capsys.readouterr().err == expected


def test_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setitem(sys.modules, "mcp", None)
    assert main(["mcp"]) == 2
    assert capsys.readouterr().err == "rag: rag mcp needs the package mcp; install rag[mcp]\n"


def test_schema_has_every_field_of_the_json(assistant: Assistant) -> None:
    result = json.loads(json.dumps(result_to_json(assistant.ask(BORDER))))
    assert ResultModel.model_validate(result).model_dump(mode="json") == result
