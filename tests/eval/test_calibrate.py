"""The fit of the confidence."""

import json
from pathlib import Path

import numpy as np
import pytest
from rag.eval import calibrate
from rag.eval.calibrate import FEATURES, best_threshold, regression


def test_the_threshold_has_the_best_f1_of_answering() -> None:
    # Answering from .3: 2 right of 4 given, 3 answerable, F1 4/7; from .5: 2 of 3, 4/6; from .9: 1 of 1, 2/4.
    probabilities, right = np.array([0.9, 0.6, 0.5, 0.3]), np.array([True, False, True, False])
    assert best_threshold(probabilities, right, answerable=3) == 0.31


def test_the_regression_finds_what_tells_right_from_wrong_and_never_counts_evidence_against() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4_000, len(FEATURES)))
    logits = 2.0 * features[:, 0] - 1.5 * features[:, 1] - 1.0 * features[:, -1] + 0.5
    right = rng.random(4_000) < 1 / (1 + np.exp(-logits))
    weights = regression(features, right)
    assert weights[1] == 0.0
    assert weights[0] == pytest.approx(2.0, abs=0.6)
    assert weights[-2] == pytest.approx(-1.0, abs=0.4)


def test_the_fit_refuses_bad_input_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "squad.json"
    qas = [{"id": "1", "question": "Q?", "answers": [], "is_impossible": True}]
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": "Text.", "qas": qas}]}]}))
    none = tmp_path / "none.json"
    assert calibrate.main([str(path), "--foreign", str(none), "--out", str(tmp_path / "o.json")]) == 2
    error = capsys.readouterr().err
    assert "none.json: cannot be read" in error
    assert error.count("\n") == 1
