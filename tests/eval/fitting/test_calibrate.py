"""The calibration of a reader to one's own questions."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rag.eval.fitting.calibrate import calibrated, check_folder, write
from rag.eval.scoring.suite import Trial

from rag import Answer, Assistant, InputError, Result, Signals
from rag.cli import main
from rag.paths import shipped_reader
from rag.questions.places import Gold
from rag.questions.schema import Question
from rag.reading.scoring import Confidence, Ranking

OWN = Confidence({"span": 1.0, "lead": 0.5}, bias=0.0, threshold=0.4)


@pytest.fixture(scope="module")
def answer(assistant: Assistant) -> Answer:
    return assistant.ask("How long is the border between Kazakhstan and Russia?", min_confidence=0).answers[0]


def _trials(answer: Answer, log_odds: Sequence[float], right: Sequence[bool]) -> list[Trial]:
    """Trials whose best candidates have these log-odds by ``OWN``."""
    trials = []
    for number, (value, is_right) in enumerate(zip(log_odds, right, strict=True)):
        gold = Gold(answer.document, answer.start, answer.end, answer.text, answer.start, answer.end)
        question = Question(str(number), "How long?", (gold,) if is_right else ())
        best = replace(answer, signals=Signals(span=value))
        trials.append(Trial(question, (), replace(Result.of_hits("How long?", []), answers=(best,)), None, ()))
    return trials


def test_overconfident_reader_gets_the_probabilities_of_its_answers(answer: Answer) -> None:
    draw = np.random.default_rng(0)
    log_odds = draw.normal(0, 4, 1_000)
    right = draw.random(1_000) < 1 / (1 + np.exp(-(0.25 * log_odds - 0.5)))
    found = calibrated(OWN, _trials(answer, log_odds.tolist(), right.tolist()))
    assert (found.slope, found.intercept) == (pytest.approx(0.25, abs=0.05), pytest.approx(-0.5, abs=0.2))
    assert found.before > 0.2
    assert found.after < 0.05
    assert found.confidence.weights == {"span": found.slope, "lead": 0.5 * found.slope}
    assert found.confidence.bias == found.intercept
    assert found.confidence.threshold == 0.4
    assert found.confidence.log_odds(Signals(span=2)) == pytest.approx(2 * found.slope + found.intercept)


def test_few_questions_change_little(answer: Answer) -> None:
    log_odds, right = [-2.0, -2.0, 2.0, 2.0, 2.0] * 6, [False, False, True, True, False] * 6
    found = calibrated(OWN, _trials(answer, log_odds, right))
    assert found.slope == pytest.approx(0.8, abs=0.2)


@pytest.mark.parametrize("right", [[True] * 20 + [False] * 9, [True] * 4 + [False] * 40, [True] * 40])
def test_too_few_questions_are_refused(answer: Answer, right: list[bool]) -> None:
    with pytest.raises(InputError, match="give questions with at least 30 candidates, 5 of them right and 5 wrong"):
        calibrated(OWN, _trials(answer, [1.0] * len(right), right))


def test_written_folder_is_a_reader_with_the_calibrated_confidence(
    answer: Answer, corpus_index: Path, assistant: Assistant, tmp_path: Path
) -> None:
    trials = _trials(answer, [-2.0, -1.0, 1.0, 2.0] * 10, [False, True, False, True] * 10)
    found = calibrated(assistant.confidence, trials)
    check_folder(tmp_path / "mine")
    write(found, tmp_path / "mine", None, "questions.jsonl")
    reader = Assistant.load(corpus_index, assistant.retriever.encoder, tmp_path / "mine")
    signals = Signals(span=3, dense=0.5, second_pass_score=2)
    assert reader.confidence.probability(signals) == pytest.approx(found.confidence.probability(signals), abs=1e-3)
    assert reader.confidence.probability(signals) != pytest.approx(assistant.confidence.probability(signals), abs=0.01)
    assert Ranking.load(tmp_path / "mine") == Ranking.load(shipped_reader())
    question = "How long is the border between Kazakhstan and Russia?"
    assert [each.text for each in reader.ask(question).answers] == [
        each.text for each in assistant.ask(question).answers
    ]


def test_folder_with_other_files_is_refused(tmp_path: Path) -> None:
    (tmp_path / "confidence.json").write_text("{}")
    with pytest.raises(InputError, match="contains files that are not part of a calibration; name a new folder"):
        check_folder(tmp_path)
    (tmp_path / "model.json").write_text("{}")
    check_folder(tmp_path)
    (tmp_path / "reader.safetensors").touch()
    with pytest.raises(InputError, match="contains files that are not"):
        check_folder(tmp_path)
    for path in (tmp_path / "model.json", tmp_path / "model.json" / "below"):
        with pytest.raises(InputError, match="cannot be written to; choose another folder"):
            check_folder(path)


def test_calibration_is_made_again_in_its_own_folder(assistant: Assistant, answer: Answer, tmp_path: Path) -> None:
    trials = _trials(answer, [-2.0, -1.0, 1.0, 2.0] * 10, [False, True, False, True] * 10)
    found = calibrated(assistant.confidence, trials)
    write(found, tmp_path, None, "one.jsonl")
    assert (tmp_path / "ranking.json").is_file()
    write(found, tmp_path, tmp_path, "two.jsonl")
    assert json.loads((tmp_path / "model.json").read_text()) == {"model": None}
    assert json.loads((tmp_path / "confidence.json").read_text())["calibrated_on"]["file"] == "two.jsonl"


def test_ranking_of_another_reader_does_not_stay(assistant: Assistant, answer: Answer, tmp_path: Path) -> None:
    trials = _trials(answer, [-2.0, -1.0, 1.0, 2.0] * 10, [False, True, False, True] * 10)
    write(calibrated(assistant.confidence, trials), tmp_path / "mine", None, "one.jsonl")
    other = tmp_path / "other"
    other.mkdir()
    write(calibrated(assistant.confidence, trials), tmp_path / "mine", other, "one.jsonl")
    assert not (tmp_path / "mine" / "ranking.json").exists()


@pytest.mark.slow
def test_command_calibrates_on_the_calibration_part(
    corpus_index: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "mine"
    assert main(["eval", "--index", str(corpus_index), "--limit", "60", "--calibrate", str(out)]) == 0
    assert f"wrote {out}: " in capsys.readouterr().err
    content = json.loads((out / "confidence.json").read_text())
    assert content["calibrated_on"]["file"] == "central-asia.jsonl"
    assert content["calibrated_on"]["questions"] == 60
    question = "How long is the border between Kazakhstan and Russia?"
    assert main(["ask", question, "--index", str(corpus_index), "--reader", str(out)]) == 0


def test_test_part_is_not_fitted_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--part", "test", "--calibrate", str(tmp_path / "mine")]) == 2
    assert capsys.readouterr().err == "rag: --calibrate: the test part is for measuring; omit --part\n"


def test_calibration_needs_retrieval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--reading", "--calibrate", str(tmp_path / "mine")]) == 2
    assert capsys.readouterr().err == (
        "rag: --calibrate: the passages must be searched for, as for a user; omit --reading\n"
    )
    assert not (tmp_path / "mine").exists()
