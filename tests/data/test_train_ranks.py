"""Training of the token encoding."""

import gzip
import json
from pathlib import Path

import pytest

from rag.data.train_ranks import main, paragraphs


def test_paragraphs_of_a_packed_file_are_read_whatever_their_questions(tmp_path: Path) -> None:
    answers = [{"text": "not there", "answer_start": 3}]
    qas = [{"id": "1", "question": "Who?", "answers": []}, {"id": "2", "question": "Where?", "answers": answers}]
    articles = [
        {"title": "T", "paragraphs": [{"context": text, "qas": qas[:count]}]} for text, count in (("a", 2), ("b", 0))
    ]
    path = tmp_path / "squad.json.gz"
    path.write_bytes(gzip.compress(json.dumps({"data": articles}).encode()))
    assert paragraphs(path) == ["a", "b"]


def test_incomplete_file_is_named_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "squad.json.gz"
    path.write_bytes(gzip.compress(b"{}" * 1_000)[:-9])
    assert main([str(path), "--out", str(tmp_path / "ranks")]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"python -m rag.data.train_ranks: {path}: incomplete gzip file (")
    assert error.count("\n") == 1
    assert not (tmp_path / "ranks").exists()
