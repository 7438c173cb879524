import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from rag.eval.paths import SHIPPED_QUESTIONS

from rag import Assistant, Document, InputError
from rag.index.lexical import terms
from rag.questions.places import Gold
from rag.questions.schema import KINDS, Question, load_questions
from rag.text.segmentation import paragraphs, sentences

TEXT = "Rents rose. The border is 7,644 km long. Rents rose again."
DOCUMENTS = {"a.md": Document("a.md", TEXT, "A")}
ANSWER = {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "7,644 km"}
GOOD = {"id": "q1", "question": "How long?", "kind": "how many", "answers": [ANSWER]}


def _write(path: Path, *lines: Any) -> Path:
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return path


def test_gold_offsets_are_document_offsets(tmp_path: Path) -> None:
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
        (GOOD, "q.jsonl:2: the id 'q1' is used on an earlier line"),
        ({**GOOD, "id": ""}, "q.jsonl:2: 'id' must be a non-empty string"),
        (
            {"id": "x", "question": "Q", "kind": "who"},
            "q.jsonl:2: 'answers' is missing; only a question with 'wrong'",
        ),
        ({"id": "x", "question": "Q", "kind": "who", "wrong": []}, "q.jsonl:2: 'answers' is missing"),
        ({"id": "x", "question": "Q", "kind": "who", "answers": None}, "q.jsonl:2: 'answers' must be a list"),
        ({**GOOD, "id": "x", "wrong": ANSWER}, "q.jsonl:2: 'wrong' must be a list"),
        ({**GOOD, "id": "x", "wrong": [{**ANSWER, "quote": "7,500 km"}]}, "q.jsonl:2: the quote '7,500 km' is not"),
        ({**GOOD, "id": "x", "wrong": [ANSWER]}, "q.jsonl:2: .* is in both 'answers' and 'wrong'"),
        ({**GOOD, "id": "x", "kind": "whom"}, "q.jsonl:2: the kind 'whom' is not one of who, when"),
        ({**GOOD, "id": "x", "extra": 1}, "q.jsonl:2: 'extra' is not a field; the fields are answers"),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "document": "b.md"}]}, "q.jsonl:2: there is no document 'b.md'"),
        (
            {**GOOD, "id": "x", "answers": [{**ANSWER, "sentence": "It is."}]},
            "q.jsonl:2: the sentence 'It is.' is not in a.md",
        ),
        (
            {**GOOD, "id": "x", "answers": [{**ANSWER, "sentence": "Rents rose"}]},
            "q.jsonl:2: .* more than once in a.md; include more",
        ),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "quote": "7,500 km"}]}, "q.jsonl:2: the quote '7,500 km' is not"),
        ({**GOOD, "id": "x", "answers": [{"document": "a.md"}]}, "q.jsonl:2: an answer must have the fields"),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "quote": ""}]}, "q.jsonl:2: 'quote' of an answer must be a non"),
        ({**GOOD, "id": "x", "answers": [{**ANSWER, "document": [1]}]}, "q.jsonl:2: 'document' of an answer must be"),
        ({**GOOD, "id": "x", "tags": ["hard"]}, "q.jsonl:2: 'tags' must be a list of paraphrased, similar"),
        ({**GOOD, "id": "x", "document": "b.md"}, "q.jsonl:2: there is no document 'b.md'"),
        ({**GOOD, "id": "x", "document": ["a.md"]}, "q.jsonl:2: 'document' must be a string"),
        ({**GOOD, "id": "x", "part": "train"}, "q.jsonl:2: the part 'train' is not one of calibration, test"),
        ({**GOOD, "id": "x", "part": "test"}, "q.jsonl:2: some questions have a 'part' and some do not"),
        ("[" * 100_000, "q.jsonl:2: not a question"),
        ("1" * 5_000, "q.jsonl:2: not a question"),
    ],
)
def test_invalid_line_is_reported_with_file_and_line(tmp_path: Path, bad: Any, message: str) -> None:
    path = _write(tmp_path / "q.jsonl", GOOD, bad)
    with pytest.raises(InputError, match=message):
        load_questions(path, DOCUMENTS)


def test_wrong_answers_are_loaded_beside_golds(tmp_path: Path) -> None:
    wrong = {"document": "a.md", "sentence": "The border is 7,644 km long.", "quote": "long"}
    path = _write(
        tmp_path / "q.jsonl", {**GOOD, "wrong": [wrong]}, {**GOOD, "id": "q2", "answers": [], "wrong": [wrong]}
    )
    first, second = load_questions(path, DOCUMENTS)
    assert [gold.text for gold in first.golds] == ["7,644 km"]
    assert [(gold.text, gold.start) for gold in first.wrong] == [("long", TEXT.index("long"))]
    assert (second.golds, second.wrong, second.document) == ((), first.wrong, "a.md")


def test_unlabelled_question_is_skipped_and_reported(tmp_path: Path) -> None:
    unknown = {"id": "q2", "question": "How wide?", "kind": "how many", "wrong": [ANSWER]}
    skipped: list[Question] = []
    path = _write(tmp_path / "q.jsonl", unknown, GOOD)
    assert [question.id for question in load_questions(path, DOCUMENTS, on_unlabelled=skipped.append)] == ["q1"]
    assert [(q.id, q.unlabelled, q.wrong[0].text) for q in skipped] == [("q2", True, "7,644 km")]
    with pytest.raises(InputError, match="no labelled questions"):
        load_questions(_write(tmp_path / "q.jsonl", unknown), DOCUMENTS)


def test_self_overlapping_sentence_is_not_unique(tmp_path: Path) -> None:
    documents = {"a.md": Document("a.md", "ababa", "A")}
    line = {**GOOD, "answers": [{"document": "a.md", "sentence": "aba", "quote": "b"}]}
    with pytest.raises(InputError, match="more than once"):
        load_questions(_write(tmp_path / "q.jsonl", line), documents)


def test_bom_and_line_separator_do_not_split_a_line(tmp_path: Path) -> None:
    path = tmp_path / "q.jsonl"
    path.write_text("\ufeff" + json.dumps({**GOOD, "question": "How\u2028long?"}, ensure_ascii=False) + "\r\n")
    assert [question.text for question in load_questions(path, DOCUMENTS)] == ["How\u2028long?"]


def test_empty_or_missing_question_set_is_rejected(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no questions"):
        load_questions(_write(tmp_path / "q.jsonl"), DOCUMENTS)
    with pytest.raises(InputError, match="cannot be read"):
        load_questions(tmp_path / "none.jsonl", DOCUMENTS)


def test_calibration_and_test_parts_share_no_document(tmp_path: Path) -> None:
    test = {**GOOD, "part": "test", "document": "a.md"}
    same_document = {**test, "id": "q2", "part": "calibration"}
    with pytest.raises(InputError, match=r"q.jsonl:2: a.md is in the test part"):
        load_questions(_write(tmp_path / "q.jsonl", test, same_document), DOCUMENTS)
    answered_by_it = {**same_document, "document": "b.md"}
    documents = {**DOCUMENTS, "b.md": Document("b.md", TEXT, "B")}
    for lines in ((test, answered_by_it), (answered_by_it, test)):
        with pytest.raises(InputError, match=r"q.jsonl:2: a.md is in the test part and answers a calibration"):
            load_questions(_write(tmp_path / "q.jsonl", *lines), documents)


def test_invalid_lines_can_be_skipped_and_are_reported(tmp_path: Path) -> None:
    bad: list[InputError] = []
    path = _write(tmp_path / "q.jsonl", "{", GOOD, {**GOOD, "id": "x", "kind": "whom"})
    assert [question.id for question in load_questions(path, DOCUMENTS, bad.append)] == ["q1"]
    assert [str(error).split(": ")[0][-9:] for error in bad] == ["q.jsonl:1", "q.jsonl:3"]
    with pytest.raises(InputError, match="no questions"):
        load_questions(_write(tmp_path / "q.jsonl", "{"), DOCUMENTS, bad.append)


@pytest.fixture(scope="module")
def shipped(assistant: Assistant) -> list[Question]:
    return load_questions(SHIPPED_QUESTIONS, assistant.index.documents)


def test_shipped_set_has_the_documented_composition(shipped: list[Question]) -> None:
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


def test_paraphrased_tag_matches_its_definition(shipped: list[Question], assistant: Assistant) -> None:
    documents = assistant.index.documents

    def sentence_terms(gold: Gold) -> set[str]:
        document = documents[gold.document]
        inside = [s for p in paragraphs(document.text, document.body) for s in sentences(document.text, *p)]
        touched = [s for s in inside if s.start < gold.end and gold.start < s.end]
        return set(terms(document.text[touched[0].start : touched[-1].end]))

    for question in shipped:
        asked = set(terms(question.text))
        shared = max((len(asked & sentence_terms(gold)) / max(1, len(asked)) for gold in question.golds), default=1.0)
        assert ("paraphrased" in question.tags) == (shared <= 1 / 3), question.id
