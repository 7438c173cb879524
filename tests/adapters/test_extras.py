"""A framework that is not installed is named with its extra; no adapter uses the network."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_offline import CUT_OFF

PACKAGES = {
    "langchain": ("langchain_core", "langchain-core"),
    "llamaindex": ("llama_index", "llama-index-core"),
    "haystack": ("haystack", "haystack-ai"),
}

#: Every adapter answers one question, then the addresses that anything tried to reach are printed.
ASK = """
import atexit, json, os
texts = []
# Functions registered later, such as those that send what telemetry has gathered, run before it.
atexit.register(lambda: print(json.dumps([texts, tried])))
for name in [name for name in os.environ if "TELEMETRY" in name]:
    del os.environ[name]
from rag.adapters.haystack import RagAnswerer as HaystackAnswerer
from rag.adapters.langchain import RagAnswerer
from rag.adapters.llamaindex import RagQueryEngine
from rag import Assistant
from haystack import Pipeline
index, question = sys.argv[1], "How long is the border between Kazakhstan and Russia?"
assistant = Assistant.load(index)
pipeline = Pipeline()
pipeline.add_component("answerer", HaystackAnswerer(index))
texts += [
    pipeline.run({"answerer": {"query": question}})["answerer"]["answers"][0].data,
    RagAnswerer(assistant=assistant).invoke(question)["answer"]["text"],
    str(RagQueryEngine(assistant).query(question)),
]
"""


def _python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("extra", PACKAGES)
def test_missing_library_is_named_with_its_extra(extra: str) -> None:
    library, package = PACKAGES[extra]
    code = f"import sys; sys.modules[{library!r}] = None; import rag.adapters.{extra}"
    done = _python(code)
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1] == (
        f"ModuleNotFoundError: rag.adapters.{extra} needs {package}; install rag[{extra}]"
    )


def test_another_missing_module_is_reported_as_it_is() -> None:
    done = _python("import sys; sys.modules['yaml'] = None; import rag.adapters.haystack")
    assert done.returncode == 1
    assert "import of yaml halted" in done.stderr.splitlines()[-1]


def test_rag_imports_no_framework() -> None:
    libraries = [library for library, _ in PACKAGES.values()]
    done = _python(
        f"import sys, rag, rag.cli, rag.adapters; print([name for name in {libraries} if name in sys.modules])"
    )
    assert done.stdout == "[]\n", done.stderr


def test_adapters_answer_without_a_network(corpus_index: Path) -> None:
    done = _python(CUT_OFF + ASK, str(corpus_index))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == [["7,644 km"] * 3, []]
