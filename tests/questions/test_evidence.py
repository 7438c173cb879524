"""Files of questions with a passage and the parts of it that answer."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from rag.errors import InputError
from rag.questions.evidence import EvidenceQuestion, is_evidence_file, load_evidence, marked_questions
from rag.questions.places import Gold
from rag.types import Document

CONTEXT = "Rents rose 🙂. The river is wide. Many people arrived."


def _line(**changes: Any) -> dict[str, Any]:
    parts = [{"text": text, "start": CONTEXT.index(text)} for text in ("Rents rose 🙂.", "Many people arrived.")]
    return {"id": 1, "question": "What about rents?", "context": CONTEXT, "evidence": parts, **changes}


def _write(path: Path, *lines: Any) -> Path:
    text = "".join(json.dumps(line) + "\n" for line in lines).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.mark.parametrize("name", ["e.jsonl", "e.jsonl.gz"])
def test_questions_are_read_with_their_evidence(tmp_path: Path, name: str) -> None:
    path = _write(tmp_path / name, _line(title="Rents"), _line(id="b", evidence=[]))
    assert load_evidence(path) == [
        EvidenceQuestion("1", "What about rents?", CONTEXT, ((0, 13), (33, 53)), "Rents"),
        EvidenceQuestion("b", "What about rents?", CONTEXT, (), CONTEXT),
    ]


def test_wrong_offset_is_reported_with_its_line(tmp_path: Path) -> None:
    path = _write(tmp_path / "e.jsonl", _line(), _line(evidence=[{"text": "river", "start": 3}]), {"id": 3})
    errors: list[str] = []
    assert len(load_evidence(path, lambda error: errors.append(str(error)))) == 1
    assert errors == [
        f"{path}, line 2: the text at 3 is 'ts ro', not 'river'",
        f"{path}, line 3: has no 'context'",
    ]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ({"id": 1, "question": "Who?", "evidence": []}, "has no 'context'"),
        (_line(evidence=[{"start": 3}]), "has no 'text'"),
        (_line(evidence=["Rents"]), "has no 'text'"),
        (_line(evidence=[{"text": "arrived.", "start": -8}]), "the text at -8 is '', not 'arrived.'"),
        (_line(evidence=[{"text": "arrived", "start": -8}]), "the text at -8 is '', not 'arrived'"),
        (_line(question=["Who?"]), "'question' has the wrong type"),
        (["context"], "not a JSON object"),
    ],
)
def test_invalid_line_is_named_with_its_fault(tmp_path: Path, line: Any, message: str) -> None:
    path = _write(tmp_path / "e.jsonl", _line(), line)
    with pytest.raises(InputError) as error:
        load_evidence(path)
    assert str(error.value) == f"{path}, line 2: {message}"


def test_only_the_first_line_is_unpacked_to_recognise_a_file(tmp_path: Path) -> None:
    path = _write(tmp_path / "e.jsonl.gz", _line(), *(_line(id=number) for number in range(9_000)))
    # Only the first part of the file is valid gzip data, so an attempt to unpack all of it fails.
    path.write_bytes(path.read_bytes()[:-1_000])
    assert is_evidence_file(path)
    with pytest.raises(InputError, match=r"e\.jsonl\.gz: incomplete gzip file .*; download it again"):
        load_evidence(path)


def test_only_lines_with_a_context_are_an_evidence_file(tmp_path: Path) -> None:
    assert is_evidence_file(_write(tmp_path / "e.jsonl", _line()))
    assert not is_evidence_file(_write(tmp_path / "q.jsonl", {"id": "1", "question": "Who?", "gold": []}))
    assert not is_evidence_file(_write(tmp_path / "squad.json", _line()))
    assert not is_evidence_file(tmp_path / "none.jsonl")


@pytest.mark.parametrize("content", [b"", b"not json\n", b"\xff\xfe"])
def test_unreadable_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "e.jsonl"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"e\.jsonl(: no questions|, line 1: not JSON in UTF-8)"):
        load_evidence(path)


def test_passages_become_documents_and_parts_become_evidence(tmp_path: Path) -> None:
    path = _write(tmp_path / "e.jsonl", _line(title="Rents"), _line(id="b", evidence=[], context="No."), _line(id="c"))
    documents, questions = marked_questions(load_evidence(path))
    parts = (Gold("0", 0, 13, "Rents rose 🙂.", 0, 13), Gold("0", 33, 53, "Many people arrived.", 33, 53))
    assert documents == [Document("0", CONTEXT, "Rents"), Document("1", "No.", "")]
    assert [(question.id, question.document, question.evidence) for question in questions] == [
        ("1", "0", parts),
        ("b", "1", ()),
        ("c", "0", parts),
    ]
    assert [question.golds for question in questions] == [parts, (), parts]
