"""SQuAD-format files."""

import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag import InputError
from rag.questions.squad import article_titles, load_squad, sample


def _squad(tmp_path: Path, answer_start: int = 4, suffix: str = ".json") -> Path:
    qas = [
        {"id": 1, "question": "How long?", "answers": [{"text": "🙂 40 km", "answer_start": answer_start}]},
        {"id": "2", "question": "How wide?", "answers": [], "is_impossible": True},
    ]
    raw = json.dumps({"data": [{"title": "T", "paragraphs": [{"context": "It: 🙂 40 km.", "qas": qas}]}]}).encode()
    path = tmp_path / f"squad{suffix}"
    path.write_bytes(gzip.compress(raw) if suffix.endswith("gz") else raw)
    return path


@pytest.mark.parametrize("suffix", [".json", ".json.gz"])
def test_squad_offsets_count_code_points(tmp_path: Path, suffix: str) -> None:
    documents, questions = load_squad(_squad(tmp_path, suffix=suffix))
    assert [(document.id, document.title, document.text) for document in documents] == [("0/0", "T", "It: 🙂 40 km.")]
    assert [(q.id, len(q.golds), q.document) for q in questions] == [("1", 1, "0/0"), ("2", 0, "0/0")]
    gold = questions[0].golds[0]
    assert documents[0].text[gold.start : gold.end] == gold.text == "🙂 40 km"


def test_misplaced_squad_answer_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"squad\.json: question 1: the text at 5 is .*, not '🙂 40 km'"):
        load_squad(_squad(tmp_path, answer_start=5))


QA: dict[str, Any] = {"id": "7", "question": "Q?", "answers": [{"text": "km", "answer_start": 6}]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"data": 5}, r"not a SQuAD-format file \(the file: 'data'"),
        ({"data": [{}]}, r"not a SQuAD-format file \(article 0: 'paragraphs' is missing"),
        ({"data": [{"paragraphs": [{"qas": []}]}]}, r"not a SQuAD-format file \(paragraph 0/0: 'context' is missing"),
        ([{"question": "Q?", "answers": []}], r"not a SQuAD-format file \(paragraph 0/0, question 0: 'id' is missing"),
        ([{"id": "7", "answers": []}], r"not a SQuAD-format file \(paragraph 0/0, question 0: 'question' is missing"),
        ([{"id": "7", "question": "Q?"}], r"not a SQuAD-format file \(question 7: 'answers' is missing"),
        (
            [{**QA, "answers": [{"text": "km", "answer_start": "6"}]}],
            r"not a SQuAD-format file \(question 7: 'answer_start' is missing or has",
        ),
        ([{**QA, "answers": [{"text": "k", "answer_start": -3}]}], "question 7: the text at -3 is .*, not 'k'"),
        ([{**QA, "answers": [{"text": "", "answer_start": 0}]}], "question 7: the text at 0 is .*, not ''"),
        ([QA, QA], "question 7: the id is used by an earlier question"),
    ],
)
def test_malformed_squad_file_is_rejected_with_the_place(tmp_path: Path, content: Any, message: str) -> None:
    if isinstance(content, list):
        content = {"data": [{"paragraphs": [{"context": "It: 40km.", "qas": content}]}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"squad\.json: {message}"):
        load_squad(path)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-9], lambda raw: raw[:12] + b"\xff" * 10 + raw[22:]])
def test_damaged_gzip_file_is_rejected(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = _squad(tmp_path, suffix=".json.gz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"squad\.json\.gz: incomplete gzip file"):
        load_squad(path)


def test_other_json_is_not_a_squad_file(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    for raw in (
        "{}",
        "[]",
        "{",
        '{"data": [{"paragraphs": [{"context": "a", "qas": [{"id": "1", "question": "?"}]}]}]}',
    ):
        path.write_text(raw)
        with pytest.raises(InputError, match=r"a\.json: not a SQuAD-format file"):
            load_squad(path)


def test_sample_is_reproducible_and_in_file_order(tmp_path: Path) -> None:
    _, questions = load_squad(_squad(tmp_path))
    many = questions * 20
    assert sample(many, 5, 3) == sample(many, 5, 3)
    assert sample(many, None, 0) is many
    assert len(sample(many, 5, 3)) == 5


def test_article_titles_match_document_titles(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    paragraphs = [{"context": "It: 40km.", "qas": [QA]}]
    path.write_text(json.dumps({"data": [{"title": "Super_Bowl_50", "paragraphs": paragraphs}]}))
    assert article_titles(path) == {"Super Bowl 50"} == {document.title for document in load_squad(path)[0]}


def test_article_without_title_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": [{"paragraphs": []}]}))
    with pytest.raises(InputError, match=r"a\.json: not a SQuAD-format file \(article 0: 'title' is missing"):
        article_titles(path)
