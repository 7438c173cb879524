"""The code of the guides runs: Python blocks, calls over HTTP, and a session of the Model Context Protocol."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from rag import Assistant
from rag.service.operations import Operations
from tests.test_docs import ROOT, code_blocks
from tests.waiting import PATIENCE

GUIDES = ROOT / "docs" / "how-to"
SIGNED = "Who signed the contract?"


def _guide(name: str, language: str) -> list[str]:
    """The code blocks of a guide, without those that include a script, which is a test of its own."""
    blocks = code_blocks((GUIDES / f"{name}.md").read_text(encoding="utf-8"), language)
    return [block for block in blocks if "<!-- include" not in block]


@pytest.fixture(scope="module")
def address(corpus_index: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of ``rag serve`` over the shipped articles, which the guide calls reports."""
    options = ["serve", "--port", "0", "--index", str(corpus_index), "--knowledge-id", "reports-index"]
    environment = {**os.environ, "XDG_DATA_HOME": str(tmp_path_factory.mktemp("data"))}
    with subprocess.Popen(
        [sys.executable, "-m", "rag", *options], env=environment, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stderr
            yield next(line for line in server.stderr if "Serving" in line).split()[2]
        finally:
            server.terminate()
            server.wait(PATIENCE)


def test_python_guide_answers_in_stages(assistant: Assistant) -> None:
    [code] = _guide("python", "python")
    values: dict[str, Any] = {"assistant": assistant, "question": "Who is the president of Uzbekistan?"}
    exec(code, values)
    assert values["result"].answer.text == "Shavkat Mirziyoyev"


def test_table_guide_prints_a_line_for_each_document(
    assistant: Assistant,
    corpus_index: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "my-index").symlink_to(corpus_index)
    monkeypatch.chdir(tmp_path)
    [code] = _guide("table", "python")
    exec(code, {})
    titles = [assistant.index.title(name) for name in assistant.index.documents]
    assert [line.partition(" [")[0] for line in capsys.readouterr().out.splitlines()] == titles


def test_python_of_the_http_guide_runs(address: str, assistant: Assistant, capsys: pytest.CaptureFixture[str]) -> None:
    ask, table = (code.replace("http://127.0.0.1:7861", address) for code in _guide("http", "python"))
    exec(ask, {})
    assert capsys.readouterr().out == f"{assistant.ask(SIGNED).reason}\n"
    values: dict[str, Any] = {}
    # Two parts, as the index has 20 documents.
    exec(table.replace('"limit": 20', '"limit": 12'), values)
    assert [row["document"] for row in values["rows"]] == list(assistant.index.documents)
    assert {len(row["cells"]) for row in values["rows"]} == {2}


def test_curl_lines_of_the_http_guide_are_answered(address: str, assistant: Assistant) -> None:
    lines = [line for block in _guide("http", "sh") for line in block.splitlines() if line.startswith("curl ")]
    replies = []
    for line in lines:
        command = line.replace("localhost:7861", address.removeprefix("http://"))
        environment = {**os.environ, "KEY": "any", "no_proxy": "*"}
        done = subprocess.run(["sh", "-c", command], env=environment, capture_output=True, text=True, check=True)
        replies.append(json.loads(done.stdout))
    asked, listed, retrieved = replies
    assert (asked["question"], asked["answered"]) == (SIGNED, False)
    assert listed["total"] == len(assistant.index.documents)
    hits = assistant.retriever.search(SIGNED, 3)
    assert [each["content"] for each in retrieved["records"]] == [hit.passage.text for hit in hits if hit.dense >= 0.3]


def test_session_of_the_mcp_guide_is_as_shown(assistant: Assistant) -> None:
    [session] = _guide("mcp", "text")
    calls = re.findall(r"^(\w+) +(\{.*\})\n((?: +.*\n)+)", session, re.MULTILINE)
    assert [tool for tool, *_ in calls] == ["ask", "read", "verify_quote", "verify_quote"]
    operations = Operations(lambda: assistant)
    for tool, arguments, shown in calls:
        # What the guide leaves out.
        expected = json.loads(shown.replace(", ...", ""))
        _assert_holds(getattr(operations, tool)(**json.loads(arguments)), expected)


def _assert_holds(found: Any, expected: Any) -> None:
    """All that is expected is found; probabilities within 0.02, as processors compute in different precisions."""
    if isinstance(expected, dict):
        for name, value in expected.items():
            _assert_holds(found[name], value)
    elif isinstance(expected, list):
        assert len(found) == len(expected)
        for one, other in zip(found, expected, strict=True):
            _assert_holds(one, other)
    else:
        assert found == (pytest.approx(expected, abs=0.02) if isinstance(expected, float) else expected)
