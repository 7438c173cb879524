"""The load test, on a small scale against the real server."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rag.eval.bench import load_test
from rag.eval.bench.load_client import AnswerSpan, Load, ask_api, expected_answers, measure
from rag.eval.bench.server import serving

from rag import Assistant, InputError
from tests.waiting import in_thread

pytestmark = pytest.mark.slow

QUESTIONS = [
    "How long is the border between Kazakhstan and Russia?",
    "Who put off a trip to Bishkek in December 2022?",
    "Who won the 1998 football World Cup?",
]


@pytest.fixture(scope="module")
def answers(assistant: Assistant) -> dict[str, AnswerSpan]:
    return expected_answers(assistant, QUESTIONS)


@pytest.fixture(scope="module")
def address(corpus_index: Path) -> Iterator[str]:
    with serving(corpus_index) as (address, _):
        yield address


def _measure(*args: Any, **options: Any) -> Load:
    return in_thread(lambda: measure(*args, **options))


def test_expected_answers_are_the_librarys(answers: dict[str, AnswerSpan]) -> None:
    border = answers[QUESTIONS[0]]
    assert border
    assert (border[0], border[3] - border[2]) == ("7,644 km", 8)
    assert answers[QUESTIONS[2]] is None


def test_concurrent_clients_get_the_librarys_answers(address: str, answers: dict[str, AnswerSpan]) -> None:
    found = _measure(address, answers, clients=6, seconds=0.5)
    assert found.answers >= 6
    assert (found.clients, found.wrong, found.errors) == (6, 0, {})
    assert 0 < found.p50 <= found.p95 <= found.p99 < found.seconds
    assert found.per_second == pytest.approx(found.answers / found.seconds)


def test_http_api_gives_the_librarys_answers(corpus_index: Path, answers: dict[str, AnswerSpan]) -> None:
    with serving(corpus_index, command="serve") as (url, process):
        found = _measure(url, answers, clients=3, seconds=0, process=process, ask=ask_api)
    assert (found.answers, found.wrong, found.errors, len(found.memory)) == (3, 0, {}, 3)


def test_different_text_place_or_no_answer_counts_as_wrong(address: str, answers: dict[str, AnswerSpan]) -> None:
    text, document, begin, end = answers[QUESTIONS[0]] or ("", "", 0, 0)
    for other in (("7,644", document, begin, end), (text, "x.md", begin, end), (text, document, begin + 1, end), None):
        found = _measure(address, {QUESTIONS[0]: other}, clients=1, seconds=0)
        assert (found.answers, found.wrong) == (1, 1)


def test_rejected_and_failed_requests_count_as_errors(corpus_index: Path, answers: dict[str, AnswerSpan]) -> None:
    with serving(corpus_index, requests_per_minute=1) as (url, process):
        reported = _measure(url, {"": None}, clients=1, seconds=0, process=process)
        refused = _measure(url, answers, clients=1, seconds=0)
    gone = _measure(url, answers, clients=1, seconds=0, process=process)
    assert [each.answers for each in (reported, refused, gone)] == [0, 0, 0]
    (error,) = reported.errors
    assert error.startswith("the server answered with an error: ")
    assert "the question is empty; ask in words" in error
    assert next(iter(refused.errors)).startswith("Client error '429 Too Many Requests'")
    assert gone.errors
    assert (len(reported.memory), len(refused.memory), gone.memory) == (3, 0, ())


def test_command_runs_a_second_round_while_indexing(capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--clients", "3", "--seconds", "3", "--questions", "5", "--indexing", "--json"]
    assert in_thread(lambda: load_test.main(options)) == 0
    rounds = json.loads(capsys.readouterr().out)
    assert list(rounds) == ["alone", "while indexing"]
    for each in rounds.values():
        assert (each["clients"], each["wrong"], each["errors"], len(each["memory"])) == (3, 0, {}, 3)
        assert all(100e6 < held < 5e9 for held in each["memory"])


def test_table_shows_both_rounds() -> None:
    one = Load(50, 60.0, 600, 0, {}, 4.0, 5.5, 6.0, (900_000_000, 1_000_000_000, 1_000_000_000))
    shown = load_test.table({"alone": one, "while indexing": replace(one, p95=7.25, errors={"x": 2, "y": 1})})
    columns = [list(column.cells) for column in shown.columns]
    assert columns[1] == ["50", "60", "600", "0", "0", "10.0", "4.00", "5.50", "6.00", "900, 1,000, 1,000"]
    assert (columns[2][7], columns[2][4]) == ("7.25", "3")


@pytest.mark.parametrize("options", [["--clients", "0"], ["--seconds", "0"], ["--questions", "0"]])
def test_invalid_options_are_one_line(options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert load_test.main(options) == 2
    assert capsys.readouterr().err == "rag: --clients, --seconds and --questions must be positive; give larger values\n"
    with pytest.raises(InputError):
        load_test.run(1, 1, 0)
