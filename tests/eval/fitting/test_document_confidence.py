"""The command that fits the confidence of answers from one document."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from rag.eval.fitting import data, document_confidence
from rag.eval.fitting.document_confidence import asked_within
from rag.eval.paths import SHIPPED_QUESTIONS

from rag.paths import shipped_reader
from rag.questions.places import Gold
from rag.questions.schema import Question
from rag.reading.scoring import DOCUMENT_CONFIDENCE, Confidence


def _gold(document: str) -> Gold:
    return Gold(document, 3, 7, "rent", 0, 9)


def test_question_is_asked_of_its_document_and_of_one_that_does_not_answer() -> None:
    both = Question("1", "Who?", (_gold("a"), _gold("b")), document="b")
    asked = asked_within([both], ["a", "b", "c"])
    assert asked == [replace(both, golds=(_gold("b"),)), replace(both, document="c", golds=())]


def test_question_about_another_document_is_asked_of_one_that_answers() -> None:
    asked = asked_within([Question("1", "Who?", (_gold("a"),), document="c")], ["a", "b"])
    assert [(each.document, each.golds) for each in asked] == [("a", (_gold("a"),)), ("b", ())]


def test_question_without_an_answer_is_asked_of_the_document_that_it_was_written_about() -> None:
    asked = asked_within([Question("1", "Who?", (), document="a"), Question("2", "What?", ())], ["a", "b"])
    assert sorted((each.id, each.document) for each in asked)[:2] == [("1", "a"), ("1", "b")]
    assert [each.golds for each in asked] == [()] * 3


def test_paragraphs_of_an_article_are_one_document_with_the_same_words(tmp_path: Path) -> None:
    paragraphs = [
        {"context": text, "qas": [{"id": text, "question": "Q?", "answers": [{"text": "rent", "answer_start": at}]}]}
        for text, at in (("A rent.", 2), ("The ē rent rose.", 6))
    ]
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": []}, {"title": "U", "paragraphs": paragraphs}]}))
    [document], questions = data._joined(*data._chosen(path, range(1, 2)))
    assert (document.id, document.title, document.text) == ("1", "U", "A rent.\n\nThe ē rent rose.")
    golds = [gold for question in questions for gold in question.golds]
    assert [(gold.document, gold.start) for gold in golds] == [("1", 2), ("1", 15)]
    assert [document.text[gold.start : gold.end] for gold in golds] == ["rent", "rent"]
    assert [question.document for question in questions] == ["1", "1"]


def test_folder_without_a_reader_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert document_confidence.main(["--out", str(tmp_path)]) == 2
    error = capsys.readouterr().err
    assert "holds no reader; give a folder written by `rag train`" in error
    assert error.count("\n") == 1


@pytest.mark.slow
def test_file_is_written_and_can_be_loaded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reader = tmp_path / "reader"
    shutil.copytree(shipped_reader(), reader)
    (reader / DOCUMENT_CONFIDENCE).unlink()
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()[::6]), encoding="utf-8")
    monkeypatch.setattr(data, "SHIPPED_QUESTIONS", few)
    assert document_confidence.main(["--out", str(reader)]) == 0
    fitted = json.loads((reader / DOCUMENT_CONFIDENCE).read_text())["fitted_on"]
    assert 0 < fitted["right"] <= fitted["answerable"] < fitted["questions"]
    assert Confidence.load_for_documents(reader).threshold == 0.5
