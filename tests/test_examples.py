"""The example scripts run as they stand, away from the checkout, and print what they promise."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parent.parent


def _run(script: str, *arguments: str, cwd: Path) -> str:
    command = [sys.executable, ROOT / "examples" / script, *arguments]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert list(cwd.iterdir()) == []
    return done.stdout


def test_ask_a_folder_finds_its_answer_in_the_file(tmp_path: Path) -> None:
    lines = _run("ask_a_folder.py", cwd=tmp_path).splitlines()
    assert re.fullmatch(r"7,644 km  \(\d\d% likely to be right\)", lines[0])
    assert lines[1:] == [
        "  Kazakhstan's with Russia measures 7,644 km, which is 4,750 miles.",
        "  Kazakhstan: the long border, kazakhstan.md, characters 1072 to 1080",
        "  the file holds exactly these words there: True",
    ]


def test_retriever_for_llm_keeps_to_its_budget_and_cites(tmp_path: Path) -> None:
    question = "Who postponed the visit to Bishkek?"
    prompt, report = _run("retriever_for_llm.py", question, cwd=tmp_path).split("\n--- ")
    assert prompt.startswith("Answer the question from the passages below")
    assert prompt.endswith(f"\n\nQuestion: {question}\n")
    budget = re.match(r"(\d+) of (\d+) tokens in (\d+) passages\n", report)
    assert budget
    used, limit, count = map(int, budget.groups())
    assert 0 < used <= limit == 500
    assert re.findall(r"^\[(\d+)\] ", prompt, re.MULTILINE) == [str(n) for n in range(1, count + 1)]
    citation = re.search(r"^\[1\] (\S+), characters (\d+) to (\d+)$", report, re.MULTILINE)
    assert citation
    document, start, end = citation.group(1), int(citation.group(2)), int(citation.group(3))
    passage = (ROOT / "corpus" / document).read_text(encoding="utf-8")[start:end]
    assert "Bishkek" in passage
    assert f"\n{passage}\n" in prompt


def test_evaluate_own_questions_prints_intervals(tmp_path: Path) -> None:
    outcomes, figures = _run("evaluate_own_questions.py", cwd=tmp_path).split("\n\n")
    assert len(outcomes.splitlines()) == 7
    assert "When did the harbour open?  3 May 2019  (right)" in outcomes
    assert "What is the name of the ferry's captain?  not found  (right)" in outcomes
    row = re.compile(r"(.+?) +(\d\.\d\d) \(95% interval (\d\.\d\d) to (\d\.\d\d), (\d+) questions\)")
    rows = [match.groups() for match in map(row.fullmatch, figures.splitlines()) if match]
    assert [label for label, *_ in rows] == [
        "recall@1",
        "right sentence",
        "exact match, best candidate",
        "F1, best candidate",
        "handled right",
    ]
    assert rows[0][1:] == ("1.00", "1.00", "1.00", "6")
    assert rows[-1][-1] == "7"
    for _, value, low, high, _ in rows:
        assert float(low) <= float(value) <= float(high)


def test_langchain_example_quotes_in_a_chain_and_a_tool(tmp_path: Path) -> None:
    lines = _run("langchain_quotes.py", cwd=tmp_path).splitlines()
    assert [re.fullmatch(r"\S+\.md \d+ \d+", line) is not None for line in lines[:2]] == [True, True]
    assert lines[2:5] == [
        "1 message for a chat model",
        "7,644 km  (kazakhstan.md, characters 1072 to 1080)",
        "7,644 km",
    ]
    assert lines[-1] == "Source: Kazakhstan: the long border (kazakhstan.md, characters 1072-1080)"


def test_llamaindex_example_quotes_or_finds_nothing(tmp_path: Path) -> None:
    lines = _run("llamaindex_quotes.py", cwd=tmp_path).splitlines()
    assert lines[2:4] == ["7,644 km", "  Kazakhstan: the long border (kazakhstan.md, characters 1072 to 1080)"]
    assert lines[-1].startswith("not found (")


def test_haystack_example_quotes_from_a_saved_pipeline(tmp_path: Path) -> None:
    lines = _run("haystack_quotes.py", cwd=tmp_path).splitlines()
    assert re.fullmatch(r"7,644 km  \(\d\d% likely to be right\)", lines[2])
    assert lines[3:5] == [
        "  Kazakhstan's with Russia measures 7,644 km, which is 4,750 miles.",
        "  kazakhstan.md, characters 1072 to 1080",
    ]
    assert lines[5].startswith("not found: ")


def test_dspy_example_retrieves_and_quotes(tmp_path: Path) -> None:
    pytest.importorskip("dspy", reason="dspy is not installed; its pinned dependencies conflict with ours")
    lines = _run("dspy_quotes.py", cwd=tmp_path).splitlines()
    assert [re.fullmatch(r"\S+\.md \d+ \d+", line) is not None for line in lines[:3]] == [True] * 3
    assert lines[3:] == ["7,644 km (kazakhstan.md, characters 1072-1080)"]
