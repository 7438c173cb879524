import gzip
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rag.eval.command import SHIPPED_QUESTIONS
from rag.eval.questions import load_questions
from rag.eval.squad import load_squad, sample

from rag import Assistant, Document, InputError

TEXT = "Rents rose. The border is 7,644 km long. Rents rose again."
DOCUMENTS = {"a.md": Document("a.md", TEXT, "A")}
ANSWER = {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "7,644 km"}
GOOD = {"id": "q1", "question": "How long?", "kind": "how many", "answers": [ANSWER]}


def _write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_gold_offsets_are_those_of_the_document(tmp_path: Path) -> None:
    path = _write(tmp_path / "q.jsonl", GOOD, "", {**GOOD, "id": "q2", "answers": [], "paraphrased": True})
    first, second = load_questions(path, DOCUMENTS)
    gold = first.golds[0]
    assert TEXT[gold.start : gold.end] == gold.text == "7,644 km"
    assert TEXT[gold.sentence_start : gold.sentence_end] == "The border is 7,644 km long."
    assert (second.golds, second.paraphrased, first.kind) == ((), True, "how many")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "q.jsonl:2: not JSON"),
        ("[]", "q.jsonl:2: not a JSON object"),
        (GOOD, "q.jsonl:2: the id 'q1' stands in an earlier line"),
        ({**GOOD, "id": ""}, "q.jsonl:2: 'id' must be a text that is not empty"),
        ({"id": "x", "question": "Q", "kind": "who"}, "q.jsonl:2: 'answers' is missing"),
        ({**GOOD, "id": "x", "kind": "whom"}, "q.jsonl:2: the kind 'whom' is none of who, when"),
        ({**GOOD, "id": "x", "extra": 1}, "q.jsonl:2: 'extra' is no field"),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "document": "b.md"}]}, "q.jsonl:2: there is no document 'b.md'"),
        (
            {**GOOD, "id": "x", "answers": [{**ANSWER, "sentence": "It is."}]},
            "q.jsonl:2: the sentence 'It is.' does not",
        ),
        (
            {**GOOD, "id": "x", "answers": [{**ANSWER, "sentence": "Rents rose"}]},
            "q.jsonl:2: .* more than once; give more",
        ),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "quote": "7,500 km"}]}, "q.jsonl:2: the quote '7,500 km' does not"),
        ({**GOOD, "id": "x", "answers": [{"document": "a.md"}]}, "q.jsonl:2: an answer has exactly the fields"),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "quote": ""}]}, "q.jsonl:2: 'quote' of an answer must be a text"),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "document": [1]}]}, "q.jsonl:2: 'document' of an answer must be"),
        ({**GOOD, "id": "x", "paraphrased": "no"}, "q.jsonl:2: 'paraphrased' must be true or false"),
        ("[" * 100_000, "q.jsonl:2: not a question"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path, bad: Any, message: str) -> None:
    path = _write(tmp_path / "q.jsonl", GOOD, bad)
    with pytest.raises(InputError, match=message):
        load_questions(path, DOCUMENTS)


def test_a_byte_order_mark_and_a_line_separator_within_a_text_do_not_break_a_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text("\ufeff" + json.dumps({**GOOD, "question": "How\u2028long?"}, ensure_ascii=False) + "\r\n")
    assert [question.text for question in load_questions(path, DOCUMENTS)] == ["How\u2028long?"]


def test_a_set_without_questions_or_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no question in it"):
        load_questions(_write(tmp_path / "q.jsonl"), DOCUMENTS)
    with pytest.raises(InputError, match="cannot be read"):
        load_questions(tmp_path / "none.jsonl", DOCUMENTS)


def test_the_shipped_set_is_valid_large_enough_and_a_fifth_of_it_unanswerable(assistant: Assistant) -> None:
    questions = load_questions(SHIPPED_QUESTIONS, assistant.retriever.index.documents)
    assert len(questions) >= 80
    assert sum(not question.golds for question in questions) >= len(questions) / 5
    assert len({question.text for question in questions}) == len(questions)


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
def test_squad_files_of_both_versions_are_read_with_offsets_in_code_points(tmp_path: Path, suffix: str) -> None:
    documents, questions = load_squad(_squad(tmp_path, suffix=suffix))
    assert [(document.id, document.title, document.text) for document in documents] == [("0/0", "T", "It: 🙂 40 km.")]
    assert [(q.id, len(q.golds), q.document) for q in questions] == [("1", 1, "0/0"), ("2", 0, "0/0")]
    gold = questions[0].golds[0]
    assert documents[0].text[gold.start : gold.end] == gold.text == "🙂 40 km"


def test_a_squad_answer_that_is_not_at_its_offset_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"squad\.json: question 1: .* stands at 5, not '🙂 40 km'"):
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
            r"not a SQuAD-format file \(question 7: 'answer_start' is missing, or not",
        ),
        ([{**QA, "answers": [{"text": "k", "answer_start": -3}]}], "question 7: .* stands at -3, not 'k'"),
        ([{**QA, "answers": [{"text": "", "answer_start": 0}]}], "question 7: .* stands at 0, not ''"),
        ([QA, QA], "question 7: the id stands at an earlier question"),
    ],
)
def test_a_malformed_squad_file_is_refused_with_the_place(tmp_path: Path, content: Any, message: str) -> None:
    if isinstance(content, list):
        content = {"data": [{"paragraphs": [{"context": "It: 40km.", "qas": content}]}]}
    path = tmp_path / "squad.json"
    path.write_text(json.dumps(content))
    with pytest.raises(InputError, match=rf"squad\.json: {message}"):
        load_squad(path)


@pytest.mark.parametrize("damage", [lambda raw: raw[:-9], lambda raw: raw[:12] + b"\xff" * 10 + raw[22:]])
def test_a_damaged_gzip_file_is_refused(tmp_path: Path, damage: Callable[[bytes], bytes]) -> None:
    path = _squad(tmp_path, suffix=".json.gz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(InputError, match=r"squad\.json\.gz: not a whole gzip file"):
        load_squad(path)


def test_what_is_no_squad_file_is_refused(tmp_path: Path) -> None:
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


def test_a_sample_is_the_same_for_the_same_seed_and_in_order(tmp_path: Path) -> None:
    _, questions = load_squad(_squad(tmp_path))
    many = questions * 20
    assert sample(many, 5, 3) == sample(many, 5, 3)
    assert sample(many, None, 0) is many
    assert len(sample(many, 5, 3)) == 5
