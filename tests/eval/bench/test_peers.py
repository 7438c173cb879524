"""The comparison with other libraries, with the two that are installed here."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rag.eval.bench import peer, peers
from rag.eval.bench.peers import Figures, measure, peers_table, write_job

from rag import Document, InputError
from rag.paths import shipped_reader
from rag.questions.places import Gold
from rag.questions.schema import Question
from rag.reading.model import SpanModel
from rag.reading.network import END, START

DOCUMENTS = [
    Document("ferry", "The ferry to Baku leaves at nine. It carries 48 wagons.", "Ferries"),
    Document("train", "The night train to Osh takes eleven hours.", "Trains"),
    Document("bridge", "The bridge over the Panj was opened in 2007.", "Bridges"),
]


def _question(document: int, text: str) -> Question:
    words = DOCUMENTS[document].text[:9]
    return Question(text, text, (Gold(DOCUMENTS[document].id, 0, 9, words, 0, 9),), document=DOCUMENTS[document].id)


QUESTIONS = [_question(1, "How long does the train to Osh take?"), _question(0, "When does the ferry leave?")]


def test_job_holds_texts_questions_and_the_texts_to_read(tmp_path: Path) -> None:
    write_job(tmp_path, DOCUMENTS, QUESTIONS)
    job = json.loads((tmp_path / "job.json").read_text())
    assert job["texts"] == [document.text for document in DOCUMENTS]
    assert job["questions"] == [question.text for question in QUESTIONS]
    assert [read[0] for read in job["read"]] == [DOCUMENTS[1].text, DOCUMENTS[0].text]
    assert sorted(job["read"][0]) == sorted(job["texts"])


def test_reader_for_other_libraries_gives_the_same_logits(tmp_path: Path) -> None:
    import torch
    from transformers import AutoModelForQuestionAnswering

    folder = peers._hugging_face_reader(tmp_path)
    model = AutoModelForQuestionAnswering.from_pretrained(folder).eval()
    ids = np.arange(2_000, 2_040).reshape(1, -1)
    mask = np.ones_like(ids)
    types = (ids > 2_010).astype(np.int64)
    own = SpanModel.load(shipped_reader()).engine.run(ids, types, mask)[0]
    with torch.no_grad():
        other = model(
            input_ids=torch.from_numpy(ids),
            token_type_ids=torch.from_numpy(types),
            attention_mask=torch.from_numpy(mask),
        )
    np.testing.assert_allclose(other.start_logits[0], own[:, START], atol=2e-3)
    np.testing.assert_allclose(other.end_logits[0], own[:, END], atol=2e-3)


@pytest.mark.slow
def test_every_library_is_run_and_its_figures_are_those_of_all_rounds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_job(tmp_path, DOCUMENTS, QUESTIONS)
    monkeypatch.setattr(peer, "LIBRARIES", {"rag": peer.rag, "plain": peer.plain})
    found = measure(tmp_path, Path(sys.executable), [1, 0], rounds=2)
    assert list(found) == ["rag", "plain"]
    for figures in found.values():
        assert figures.recall == (1, 1)
        assert figures.build > 0
        assert len(figures.search) == 4
    assert (len(found["rag"].read), len(found["plain"].read)) == (4, 0)


def test_table_leaves_the_place_of_a_missing_reader_empty() -> None:
    figures = Figures("1.2", 12.34, (0.010, 0.020, 0.030), (0.5, 0.6, 0.7), (0.5, 0.75))
    table = peers_table({"rag": figures, "plain": replace(figures, read=())})
    rows = list(zip(*(column.cells for column in table.columns), strict=True))
    assert rows == [
        ("rag", "1.2", "12.3", "20.0", "30.0", "0.60", "0.500", "0.750"),
        ("plain", "1.2", "12.3", "20.0", "30.0", "", "0.500", "0.750"),
    ]


def test_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("ten years")
    with pytest.raises(InputError, match=r"is not empty, and holds no peers\.txt; name a new folder"):
        peers.prepared(tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["thesis.txt"]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.json"], "missing.json"),
        (
            ["missing.json", "--rounds", "0"],
            "--paragraphs, --questions and --rounds must be positive; give larger values",
        ),
    ],
)
def test_invalid_input_is_one_line(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert peers.main(arguments) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"python -m rag.eval.bench.peers: {message}")
    assert error.count("\n") == 1
