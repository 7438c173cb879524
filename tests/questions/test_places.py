"""The evidence and the items of a question, and those of the shipped questions."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rag.eval.paths import SHIPPED_QUESTIONS

from rag import Document, InputError
from rag.formats.markdown import read_markdown
from rag.paths import shipped_corpus
from rag.questions.places import Gold
from rag.questions.schema import Question, load_questions

TEXT = "Rents rose 🙂. Almaty and Bishkek filled up. Rents rose again. Tashkent did too."
DOCUMENTS = {"a.md": Document("a.md", TEXT, "A"), "b.md": Document("b.md", "In Almaty it snowed.", "B")}
CITIES, TOO = "Almaty and Bishkek filled up.", "Tashkent did too."


def _place(sentence: str, quote: str, document: str = "a.md") -> dict[str, str]:
    return {"document": document, "sentence": sentence, "quote": quote}


def _line(**changes: Any) -> dict[str, Any]:
    return {
        "id": "q1",
        "question": "Which cities filled up?",
        "kind": "list",
        "answers": [_place(CITIES, "Almaty and Bishkek")],
        "evidence": [_place(CITIES, "Almaty and Bishkek"), {"document": "a.md", "sentence": TOO}],
        "items": [[_place(CITIES, "Almaty")], [_place(CITIES, "Bishkek")], [_place(TOO, "Tashkent")]],
        **changes,
    }


def _load(folder: Path, line: dict[str, Any]) -> Question:
    path = folder / "q.jsonl"
    path.write_text(json.dumps(line) + "\n")
    return load_questions(path, DOCUMENTS)[0]


def test_evidence_and_items_are_located_in_code_points(tmp_path: Path) -> None:
    question = _load(tmp_path, _line())
    assert question.evidence == (
        Gold("a.md", 14, 32, "Almaty and Bishkek", 14, 43),
        Gold("a.md", 62, 79, "Tashkent did too.", 62, 79),
    )
    assert [[(item.start, item.text) for item in item] for item in question.items] == [
        [(14, "Almaty")],
        [(25, "Bishkek")],
        [(62, "Tashkent")],
    ]
    assert all(TEXT[part.start : part.end] == part.text for part in question.evidence)


def test_unmarked_evidence_differs_from_none_at_all(tmp_path: Path) -> None:
    line = _line()
    del line["evidence"], line["items"]
    unmarked = _load(tmp_path, line)
    unanswerable = _load(tmp_path, _line(answers=[], evidence=[], items=[]))
    assert (unmarked.evidence, unmarked.items) == (None, ())
    assert (unanswerable.evidence, unanswerable.items) == ((), ())


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"evidence": {}}, "'evidence' must be a list"),
        (
            {"evidence": [{"document": "a.md"}]},
            "an entry of 'evidence' must have the fields 'document' and 'sentence', and may have 'quote'",
        ),
        ({"evidence": [CITIES]}, "an entry of 'evidence' must have the fields 'document' and 'sentence', and may have"),
        ({"evidence": [{"document": "a.md", "sentence": ""}]}, "'sentence' of an entry of 'evidence' must be a non"),
        ({"evidence": [{"document": "c.md", "sentence": TOO}]}, "there is no document 'c.md'"),
        ({"evidence": [{"document": "b.md", "sentence": TOO}]}, "the sentence 'Tashkent did too.' is not in b.md"),
        ({"evidence": [{"document": "a.md", "sentence": "Rents rose"}]}, "the sentence 'Rents rose' occurs more than"),
        ({"evidence": [_place(TOO, "Almaty")]}, "the quote 'Almaty' is not in its sentence"),
        (
            {"evidence": [{"document": "a.md", "sentence": CITIES}, _place(CITIES, "Bishkek filled")]},
            "the evidence 'Bishkek filled' overlaps 'Almaty and Bishkek filled up.'; merge them",
        ),
        ({"evidence": []}, "one of 'answers' and 'evidence' is empty and the other is not; fill both or neither"),
        ({"answers": []}, "one of 'answers' and 'evidence' is empty and the other is not; fill both or neither"),
        ({"items": "Almaty"}, "'items' must be a list"),
        ({"items": [[]]}, "each of 'items' must be a list of at least one quote"),
        (
            {"items": [[{"document": "a.md", "sentence": TOO}]]},
            "an entry of 'items' must have the fields 'document', 'sentence' and 'quote'",
        ),
        ({"items": [[_place(CITIES, "filled up")]]}, "the item 'filled up' is not in the evidence of a.md; add its"),
        (
            {"items": [[_place("In Almaty it snowed.", "Almaty", "b.md")]]},
            "the item 'Almaty' is not in the evidence of b.md; add its sentence",
        ),
        (
            {"items": [[_place(CITIES, "Almaty")], [_place(CITIES, "Almaty and Bishkek")]]},
            "overlaps 'Almaty' in a.md; keep one",
        ),
    ],
)
def test_invalid_evidence_is_named_with_its_line(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError) as error:
        _load(tmp_path, _line(**changes))
    assert str(error.value).startswith(f"{tmp_path / 'q.jsonl'}:1: ")
    assert message in str(error.value)


@pytest.fixture(scope="module")
def articles() -> dict[str, Document]:
    paths = sorted(shipped_corpus().glob("*.md"))
    return {path.name: read_markdown(path.name, path.read_bytes()).documents[0] for path in paths}


@pytest.fixture(scope="module")
def marked(articles: dict[str, Document]) -> list[Question]:
    files = (SHIPPED_QUESTIONS, SHIPPED_QUESTIONS.with_name("evidence.jsonl"))
    questions = [question for file in files for question in load_questions(file, articles)]
    assert max(Counter(question.id for question in questions).values()) == 1
    assert max(Counter(question.text for question in questions).values()) == 1
    return [question for question in questions if question.evidence]


def test_shipped_evidence_has_the_documented_size(marked: list[Question]) -> None:
    assert len(marked) == 79
    assert sum(len(question.evidence or ()) for question in marked) == 311
    assert Counter(question.kind for question in marked) == {"why": 28, "how": 21, "list": 21, "what": 9}
    assert Counter(question.part for question in marked) == {"test": 49, "calibration": 30}


def test_every_shipped_why_how_and_list_question_has_evidence(articles: dict[str, Document]) -> None:
    questions = load_questions(SHIPPED_QUESTIONS, articles)
    expected = {question.id for question in questions if question.golds and question.kind in ("why", "how", "list")}
    assert {question.id for question in questions if question.evidence} == expected
    assert all(bool(question.items) == (question.kind == "list") for question in questions if question.evidence)


def test_shipped_evidence_covers_the_answers(marked: list[Question]) -> None:
    for question in marked:
        for gold in question.golds:
            parts = [
                part.text
                for part in question.evidence or ()
                if part.document == gold.document and part.start < gold.end and gold.start < part.end
            ]
            assert parts, (question.id, gold.text)


def test_both_shipped_files_split_the_articles_alike(articles: dict[str, Document]) -> None:
    files = (SHIPPED_QUESTIONS, SHIPPED_QUESTIONS.with_name("evidence.jsonl"))
    first, second = (load_questions(file, articles) for file in files)
    parts = {question.document: question.part for question in first if question.document}
    assert all(parts[question.document] == question.part for question in second)
    tested = {question.document for question in first if question.part == "test"}
    calibrated = [question for question in second if question.part == "calibration"]
    assert not tested & {gold.document for question in calibrated for gold in question.golds}
