"""The comparison of the engines' quality, on a few paragraphs."""

import json
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rag.eval.bench import engine_quality
from rag.eval.bench.engine_quality import LOWEST, Figure, Outcome, engine, figures, quality_table

from rag import Document, InputError
from rag.paths import shipped_reader
from rag.questions.places import Gold
from rag.questions.schema import Question
from rag.reading.folder import SECOND

DOCUMENTS = [
    Document("0/0", "The ferry to Baku leaves at nine. It carries 48 wagons.", "Ferries"),
    Document("1/0", "The ferry to Türkmenbaşy leaves at noon.", "Ferries"),
    Document("1/1", "The night train to Osh takes eleven hours.", "Trains"),
]


def _question(text: str, document: int, answer: str = "") -> Question:
    place = DOCUMENTS[document]
    start = place.text.index(answer)
    end = start + len(answer)
    golds = (Gold(place.id, start, end, answer, start, end),) if answer else ()
    return Question(text, text, golds, document=place.id)


QUESTIONS = [_question("When does the ferry to Baku leave?", 0, "at nine"), _question("Who built the train to Osh?", 2)]

OUTCOME = Outcome(
    engine="torch",
    found=(("0/0",), ("1/1",)),
    ranks=np.array([1.0, 2.0, np.inf, 1.0]),
    exact=np.array([1.0, 0.0, 1.0, 1.0]),
    f1=np.array([1.0, 0.5, 1.0, 1.0]),
    scores=np.array([3.0, 1.0, 2.0, LOWEST]),
    answers=np.array([1.0, 0.0, 1.0, 0.0]),
)


def test_figures_of_equal_outcomes_do_not_differ() -> None:
    found = figures(OUTCOME, OUTCOME)
    assert found == {
        "R@1": Figure(0.5, 0.5, (0, 0)), "R@10": Figure(0.75, 0.75, (0, 0)), "exact match": Figure(0.75, 0.75, (0, 0)),
        "F1": Figure(0.875, 0.875, (0, 0)), "AUROC": Figure(1.0, 1.0, (0, 0)),
    }  # fmt: skip


def test_every_question_is_compared_with_itself() -> None:
    worse = replace(OUTCOME, engine="OpenVINO", f1=OUTCOME.f1 - 0.1)
    table = quality_table(OUTCOME, worse)
    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    assert rows[3] == ("F1", "0.8750", "0.7750", "-0.1000 [-0.1000, -0.1000]")
    assert rows[0] == ("R@1", "0.5000", "0.5000", "+0.0000 [+0.0000, +0.0000]")


def test_near_miss_holds_none_of_the_answers() -> None:
    texts = {document.id: document for document in DOCUMENTS}
    among = ("0/0", "1/0", "1/1")
    near_miss = engine_quality._near_miss
    assert near_miss(QUESTIONS[0], among, texts) == DOCUMENTS[1]
    assert near_miss(_question("Which ferry leaves at nine?", 0, "The ferry"), among, texts) == DOCUMENTS[2]
    assert near_miss(_question("What does the text say?", 0, "a"), among, texts) is None


def test_engine_is_chosen_only_inside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("RAG_ENGINE", raising=False)
    with pytest.raises(InputError), engine("torch"):
        assert os.environ["RAG_ENGINE"] == "torch"
        raise InputError("stop")
    assert "RAG_ENGINE" not in os.environ
    monkeypatch.setenv("RAG_ENGINE", "auto")
    with engine("torch"):
        pass
    assert os.environ["RAG_ENGINE"] == "auto"


@pytest.mark.slow
@pytest.mark.parametrize("folder", [".", SECOND])
def test_both_engines_read_the_same_pairs(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RAG_PRECISION", "float32")
    torch, openvino = engine_quality.outcomes(DOCUMENTS, QUESTIONS, shipped_reader() / folder)
    assert torch.engine == "torch, cpu"
    assert openvino.engine.startswith("OpenVINO")
    for each in (torch, openvino):
        assert each.ranks.tolist() == [1]
        assert each.answers.tolist() == [1, 0, 0]  # the answer, the other ferry, the train
        assert each.f1[0] > 0.6  # "nine", or "at nine"
    assert (torch.exact, torch.f1) == (openvino.exact, openvino.f1)
    np.testing.assert_allclose(torch.scores, openvino.scores, atol=5e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--last", "3"], "--last is 3; {file} has 2 articles"),
        (["--questions", "0"], "--questions is 0; it must be at least 1"),
        (["--last", "1"], "{file}: none of the chosen questions has an answer; choose more"),
    ],
)
def test_bad_options_are_one_line(
    options: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "questions.json"
    articles = [
        {"title": each, "paragraphs": [{"context": "Osh.", "qas": [{"id": each, "question": "Where?", "answers": []}]}]}
        for each in "ab"
    ]
    file.write_text(json.dumps({"data": articles}))
    assert engine_quality.main([str(file), *options]) == 2
    assert capsys.readouterr().err == f"python -m rag.eval.bench.engine_quality: {message.format(file=file)}\n"
