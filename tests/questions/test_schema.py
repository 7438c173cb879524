import gzip
import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rag.eval.command import SHIPPED_QUESTIONS

from rag import Assistant, Document, InputError
from rag.index.lexical import terms
from rag.questions.schema import KINDS, Gold, Question, load_questions
from rag.questions.squad import load_squad, sample
from rag.text.segmentation import paragraphs, sentences

TEXT = "Rents rose. The border is 7,644 km long. Rents rose again."
DOCUMENTS = {"a.md": Document("a.md", TEXT, "A")}
ANSWER = {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "7,644 km"}
GOOD = {"id": "q1", "question": "How long?", "kind": "how many", "answers": [ANSWER]}


def _write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_gold_offsets_are_those_of_the_document(tmp_path: Path) -> None:
    path = _write(tmp_path / "q.jsonl", GOOD, "", {**GOOD, "id": "q2", "answers": [], "tags": ["near miss"]})
    first, second = load_questions(path, DOCUMENTS)
    gold = first.golds[0]
    assert TEXT[gold.start : gold.end] == gold.text == "7,644 km"
    assert TEXT[gold.sentence_start : gold.sentence_end] == "The border is 7,644 km long."
    assert (second.golds, second.tags, second.document) == ((), ("near miss",), "")
    assert (first.kind, first.document) == ("how many", "a.md")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ("{", "q.jsonl:2: not JSON"),
        ("[]", "q.jsonl:2: not a JSON object"),
        (GOOD, "q.jsonl:2: the id 'q1' stands in an earlier line"),
        ({**GOOD, "id": ""}, "q.jsonl:2: 'id' must be a text that is not empty"),
        (
            {"id": "x", "question": "Q", "kind": "who"},
            "q.jsonl:2: 'answers' is missing; leave it out only where 'wrong'",
        ),
        ({"id": "x", "question": "Q", "kind": "who", "wrong": []}, "q.jsonl:2: 'answers' is missing"),
        ({"id": "x", "question": "Q", "kind": "who", "answers": None}, "q.jsonl:2: 'answers' must be a list"),
        ({**GOOD, "id": "x", "wrong": ANSWER}, "q.jsonl:2: 'wrong' must be a list"),
        ({**GOOD, "id": "x", "wrong": [{**ANSWER, "quote": "7,500 km"}]}, "q.jsonl:2: the quote '7,500 km' does not"),
        ({**GOOD, "id": "x", "wrong": [ANSWER]}, "q.jsonl:2: .* are both an answer and wrong"),
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
        ({**GOOD, "id": "x", "tags": ["hard"]}, "q.jsonl:2: 'tags' must be a list of some of paraphrased, similar"),
        ({**GOOD, "id": "x", "document": "b.md"}, "q.jsonl:2: there is no document 'b.md'"),
        ({**GOOD, "id": "x", "part": "train"}, "q.jsonl:2: the part 'train' is neither calibration nor test"),
        ({**GOOD, "id": "x", "part": "test"}, "q.jsonl:2: either every question says its 'part', or none does"),
        ("[" * 100_000, "q.jsonl:2: not a question"),
    ],
)
def test_a_bad_line_is_named_with_what_is_wrong(tmp_path: Path, bad: Any, message: str) -> None:
    path = _write(tmp_path / "q.jsonl", GOOD, bad)
    with pytest.raises(InputError, match=message):
        load_questions(path, DOCUMENTS)


def test_what_does_not_answer_is_known_beside_what_does(tmp_path: Path) -> None:
    wrong = {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "long"}
    path = _write(
        tmp_path / "q.jsonl", {**GOOD, "wrong": [wrong]}, {**GOOD, "id": "q2", "answers": [], "wrong": [wrong]}
    )
    first, second = load_questions(path, DOCUMENTS)
    assert [gold.text for gold in first.golds] == ["7,644 km"]
    assert [(gold.text, gold.start) for gold in first.wrong] == [("long", TEXT.index("long"))]
    assert (second.golds, second.wrong, second.document) == ((), first.wrong, "a.md")


def test_an_open_question_is_told_and_left_out_and_not_taken_for_unanswerable(tmp_path: Path) -> None:
    unknown = {"id": "q2", "question": "How wide?", "kind": "how many", "wrong": [ANSWER]}
    told: list[Question] = []
    path = _write(tmp_path / "q.jsonl", unknown, GOOD)
    assert [question.id for question in load_questions(path, DOCUMENTS, left_open=told.append)] == ["q1"]
    assert [(question.id, question.open, question.wrong[0].text) for question in told] == [("q2", True, "7,644 km")]
    with pytest.raises(InputError, match="there is no question whose answer is known"):
        load_questions(_write(tmp_path / "q.jsonl", unknown), DOCUMENTS)


def test_a_sentence_that_overlaps_itself_does_not_stand_once(tmp_path: Path) -> None:
    documents = {"a.md": Document("a.md", "ababa", "A")}
    line = {**GOOD, "answers": [{"document": "a.md", "sentence": "aba", "quote": "b"}]}
    with pytest.raises(InputError, match="more than once"):
        load_questions(_write(tmp_path / "q.jsonl", line), documents)


def test_a_byte_order_mark_and_a_line_separator_within_a_text_do_not_break_a_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text("\ufeff" + json.dumps({**GOOD, "question": "How\u2028long?"}, ensure_ascii=False) + "\r\n")
    assert [question.text for question in load_questions(path, DOCUMENTS)] == ["How\u2028long?"]


def test_a_set_without_questions_or_without_a_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no question in it"):
        load_questions(_write(tmp_path / "q.jsonl"), DOCUMENTS)
    with pytest.raises(InputError, match="cannot be read"):
        load_questions(tmp_path / "none.jsonl", DOCUMENTS)


def test_a_document_is_in_one_part_and_no_test_document_answers_a_calibration_question(tmp_path: Path) -> None:
    test = {**GOOD, "part": "test", "document": "a.md"}
    same_document = {**test, "id": "q2", "part": "calibration"}
    with pytest.raises(InputError, match=r"q.jsonl:2: a.md belongs to the test part"):
        load_questions(_write(tmp_path / "q.jsonl", test, same_document), DOCUMENTS)
    answered_by_it = {**same_document, "document": "b.md"}
    documents = {**DOCUMENTS, "b.md": Document("b.md", TEXT, "B")}
    for lines in ((test, answered_by_it), (answered_by_it, test)):
        with pytest.raises(InputError, match=r"q.jsonl:2: a.md, of the test part, answers a question of the calib"):
            load_questions(_write(tmp_path / "q.jsonl", *lines), documents)


def test_bad_lines_can_be_left_out_and_are_told(tmp_path: Path) -> None:
    bad: list[InputError] = []
    path = _write(tmp_path / "q.jsonl", "{", GOOD, {**GOOD, "id": "x", "kind": "whom"})
    assert [question.id for question in load_questions(path, DOCUMENTS, bad.append)] == ["q1"]
    assert [str(error).split(": ")[0][-9:] for error in bad] == ["q.jsonl:1", "q.jsonl:3"]
    with pytest.raises(InputError, match="there is no question in it"):
        load_questions(_write(tmp_path / "q.jsonl", "{"), DOCUMENTS, bad.append)


@pytest.fixture(scope="module")
def shipped(assistant: Assistant) -> list[Question]:
    return load_questions(SHIPPED_QUESTIONS, assistant.retriever.index.documents)


def test_the_shipped_set_has_the_size_and_the_shares_that_its_readme_promises(shipped: list[Question]) -> None:
    answerable = [question for question in shipped if question.golds]
    tags = Counter(tag for question in shipped for tag in question.tags)
    assert len(shipped) >= 260
    assert len({question.text for question in shipped}) == len(shipped)
    assert len(shipped) - len(answerable) >= len(shipped) / 4
    assert tags["near miss"] + tags["far off"] == len(shipped) - len(answerable)
    assert tags["near miss"] > 5 * tags["far off"] > 0
    assert tags["paraphrased"] >= len(answerable) / 3
    assert tags["similar"] >= 20
    kinds = Counter(question.kind for question in shipped)
    assert set(kinds) == set(KINDS)
    assert min(kinds.values()) >= 10
    assert {question.part for question in shipped} == {"calibration", "test"}


def test_paraphrased_means_what_the_readme_says(shipped: list[Question], assistant: Assistant) -> None:
    documents = assistant.retriever.index.documents

    def said(gold: Gold) -> set[str]:
        document = documents[gold.document]
        inside = [s for p in paragraphs(document.text, document.body) for s in sentences(document.text, *p)]
        touched = [s for s in inside if s.start < gold.end and gold.start < s.end]
        return set(terms(document.text[touched[0].start : touched[-1].end]))

    for question in shipped:
        asked = set(terms(question.text))
        shared = max((len(asked & said(gold)) / max(1, len(asked)) for gold in question.golds), default=1.0)
        assert ("paraphrased" in question.tags) == (shared <= 1 / 3), question.id


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
