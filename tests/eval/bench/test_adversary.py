"""The search finds slow inputs and unexpected exceptions, and counts its attempts."""

import re

import pytest
from rag.eval.bench import adversary
from rag.eval.bench.adversary_files import CONTAINERS

from rag.formats import parse


def test_attempts_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert adversary.main(["--minutes", "0.001"]) == 0

    printed = capsys.readouterr().out
    assert re.search(r"^sentences: [1-9]", printed, re.MULTILINE)
    assert re.search(r"^parse \.pdf: [1-9]", printed, re.MULTILINE)
    assert printed.endswith(" tried, 0 findings\n")


def test_only_the_chosen_targets_are_attacked(capsys: pytest.CaptureFixture[str]) -> None:
    assert adversary.main(["--minutes", "0.001", "--target", "sentences", "--target", "parse .md"]) == 0
    assert re.findall(r"^(.+): [1-9]", capsys.readouterr().out, re.MULTILINE) == ["parse .md", "sentences"]
    assert [name.split()[0] for name in adversary.select(["parse"])] == ["parse"] * len(adversary.select(["parse"]))
    with pytest.raises(SystemExit):
        adversary.main(["--target", "sentence"])
    assert "'sentence' is unknown; choose from: parse, sentences, chunk," in capsys.readouterr().err


@pytest.mark.parametrize("suffix", CONTAINERS)
def test_attempts_reach_the_text_in_containers(suffix: str) -> None:
    documents = parse(f"a{suffix}", CONTAINERS[suffix]("The “ferry” (of 1992) leaves\nat nine.")).documents
    assert documents
    for document in documents:
        assert document.text.split() == "The “ferry” (of 1992) leaves at nine.".split()


def test_slow_call_and_unexpected_exception_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    quadratic = re.compile(r"a+b")
    monkeypatch.setattr(adversary, "BASE", 0.05)
    monkeypatch.setattr(adversary, "PER_CHARACTER", 0.0)
    outcome = adversary.Outcome()
    attempts = {
        "slow": adversary.Target(quadratic.findall),
        "wrong": adversary.Target(int),
        "right": adversary.Target(len),
    }
    adversary.signal.signal(adversary.signal.SIGVTALRM, adversary._too_slow)

    found = {name: adversary._attempt(name, target, "a" * 100_000, outcome) for name, target in attempts.items()}

    assert found["slow"] == "takes more than 0 s of CPU for 100,000 characters"
    assert found["wrong"].startswith("raises ValueError: invalid literal")
    assert found["right"] == ""
    assert outcome.tried.total() == 3
