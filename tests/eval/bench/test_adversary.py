"""The search finds slow inputs and unexpected exceptions, and counts its attempts."""

import re

import pytest
from rag.eval.bench import adversary


def test_attempts_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert adversary.main(["--minutes", "0.001"]) == 0

    printed = capsys.readouterr().out
    assert re.search(r"^sentences: [1-9]", printed, re.MULTILINE)
    assert re.search(r"^parse \.pdf: [1-9]", printed, re.MULTILINE)
    assert printed.endswith(" tried, 0 findings\n")


def test_slow_call_and_unexpected_exception_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    quadratic = re.compile(r"a+b")
    monkeypatch.setattr(adversary, "BASE", 0.05)
    monkeypatch.setattr(adversary, "PER_CHARACTER", 0.0)
    outcome = adversary.Outcome()
    attempts = {
        "slow": quadratic.findall,
        "wrong": int,
        "right": len,
    }
    adversary.signal.signal(adversary.signal.SIGVTALRM, adversary._too_slow)

    found = {name: adversary._attempt(name, target, "a" * 100_000, outcome) for name, target in attempts.items()}

    assert found["slow"] == "takes more than 0 s of CPU for 100,000 characters"
    assert found["wrong"].startswith("raises ValueError: invalid literal")
    assert found["right"] == ""
    assert outcome.tried.total() == 3
