"""The fit of the ranking."""

import json
from pathlib import Path

import numpy as np
import pytest
from rag.eval.fitting import fit_ranking
from rag.eval.fitting.data import folds
from rag.eval.fitting.fit_ranking import FEATURES, Shortlist, fit, regression

SEED = np.random.default_rng(0)


def _shortlist(document: int, weights: list[float]) -> Shortlist:
    """Five spans of which the best by these weights is right, the first reading's first at the head."""
    features = SEED.normal(size=(5, len(FEATURES)))
    features = features[np.argsort(-features[:, 0])]
    right = (np.arange(5) == (features @ weights).argmax()).astype(float)
    return Shortlist("file", f"file {document}", features, right, right)


def test_the_regression_finds_what_is_good_and_never_counts_evidence_against() -> None:
    weights = regression([_shortlist(number % 20, [1.0, -1.0, 2.0]) for number in range(400)])
    assert weights[1] == 0.0
    assert weights[2] / weights[0] == pytest.approx(2.0, abs=0.4)


def test_a_shortlist_without_a_good_span_teaches_nothing() -> None:
    data = [_shortlist(number % 20, [1.0, 0.5, 1.0]) for number in range(50)]
    none = data[0]._replace(f1=np.zeros(5), hit=np.zeros(5))
    assert regression([*data, none]) == pytest.approx(regression(data))


def test_the_fit_says_what_it_gains_on_documents_unseen() -> None:
    found = fit([_shortlist(number % 20, [1.0, 1.0, 1.0]) for number in range(200)])
    assert found["weights"] == {"span": 1.0, "ahead": pytest.approx(1, abs=0.3), "again": pytest.approx(1, abs=0.3)}
    figures = found["unseen_documents"]["file"]
    assert figures["questions"] == 200
    # Three figures count alike, and the first reading goes by one of them.
    before, after = figures["f1"]["before"], figures["f1"]["after"]
    assert before == pytest.approx(0.45, abs=0.1)
    assert after > 0.9
    low, high = figures["f1"]["interval_of_gain"]
    assert low < after - before < high < low + 0.2
    json.dumps(found)


def test_a_document_is_judged_by_weights_that_the_others_gave() -> None:
    odd = [_shortlist(0, [0.0, 0.0, 1.0]) for _ in range(100)]
    rest = [_shortlist(1, [0.0, 1.0, 0.0]) for _ in range(100)]
    # What puts the one document's spans in order says nothing about the other's: one in five is right by chance.
    assert fit([*odd, *rest])["unseen_documents"]["file"]["f1"]["after"] == pytest.approx(0.2, abs=0.1)


def test_no_document_is_on_both_sides_of_a_fold() -> None:
    groups = ["a", "b", "a", "c", "d", "e", "f", "b"]
    parts = list(folds(groups))
    assert sum(part.astype(int) for part in parts).tolist() == [1] * len(groups)
    for part in parts:
        tested = {group for group, inside in zip(groups, part, strict=True) if inside}
        assert not tested & {group for group, inside in zip(groups, part, strict=True) if not inside}


def test_bad_input_is_refused_with_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert fit_ranking.main(["--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "reader.safetensors: no such weights file" in error
    assert error.count("\n") == 1
