"""The command that fits ranking and confidence."""

import json
import shutil
from pathlib import Path

import pytest
from rag.eval.fitting import data, fit
from rag.eval.paths import SHIPPED_QUESTIONS

from rag.paths import shipped_reader
from rag.reading.scoring import Confidence, Ranking


def test_invalid_input_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "squad.json"
    answer = {"text": "Text", "answer_start": 0}
    paragraph = {"context": "Text.", "qas": [{"id": "1", "question": "Q?", "answers": [answer]}]}
    path.write_text(json.dumps({"data": [{"paragraphs": [paragraph]}]}))
    assert fit.main(["--also", f"{path}:3-4"]) == 2
    error = capsys.readouterr().err
    assert "squad.json: there are no articles 3-4;" in error
    assert error.count("\n") == 1


def test_articles_option_needs_file_and_numbers(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        fit.main(["--also", "squad.json"])
    assert "'squad.json' is not FILE:FIRST-LAST" in capsys.readouterr().err


def test_folder_without_a_reader_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit.main(["--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "holds no reader; give a folder written by `rag train`" in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_both_files_are_written_and_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = tmp_path / "reader"
    shutil.copytree(shipped_reader(), reader)
    for name in ("ranking.json", "confidence.json"):
        (reader / name).unlink()
    questions = [
        line
        for number, line in enumerate(SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines())
        if number % 4 == 0
    ]
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(questions), encoding="utf-8")
    monkeypatch.setattr(data, "SHIPPED_QUESTIONS", few)
    assert fit.main(["--out", str(reader)]) == 0
    assert set(Ranking.load(reader).weights) == {"span", "retrieval", "second_pass_score", "type_fit"}
    fitted = json.loads((reader / "confidence.json").read_text())["fitted_on"]
    assert 20 < fitted["questions"] < 60
    assert fitted["right"] <= fitted["answerable"]
    assert Confidence.load(reader).threshold == 0.5
