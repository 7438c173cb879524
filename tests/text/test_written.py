"""Questions written for this project about public data."""

import gzip
import json
from pathlib import Path

import pytest

from rag.data.written import Written, join, join_with_own, main, near_misses, training_questions
from rag.errors import InputError
from rag.questions.squad import load_squad

ASKED = [{"id": "1", "question": "Who?", "answers": []}]

QUESTIONS = [
    Written("a.json", "1/0", "Who came?", 0, 3),
    Written("a.json", "1/0", "Who left?", 0, 0),
    Written("b.json", "0/0", "When?", 3, 7),
]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Two files: ``a.json`` with two articles, ``b.json`` with one."""
    for name, texts in {"a.json": ["Nobody.", "Ann came."], "b.json": ["In 1991."]}.items():
        articles = [
            {"title": f"About_{i}", "paragraphs": [{"context": text, "qas": ASKED}]} for i, text in enumerate(texts)
        ]
        (tmp_path / name).write_text(json.dumps({"data": articles}))
    return tmp_path


def test_joined_questions_are_read_back_with_their_paragraphs_and_answers(data: Path) -> None:
    path = data / "joined.json"
    path.write_text(json.dumps(join(QUESTIONS, [data / "a.json", data / "b.json"])))
    documents, questions = load_squad(path)
    assert [(document.title, document.text) for document in documents] == [
        ("About 1", "Ann came."),
        ("About 0", "In 1991."),
    ]
    assert [(question.text, [gold.text for gold in question.golds]) for question in questions] == [
        ("Who came?", ["Ann"]),
        ("Who left?", []),
        ("When?", ["1991"]),
    ]


def test_file_that_no_question_is_about_is_named_with_those_that_have_questions(data: Path) -> None:
    other = (data / "b.json").rename(data / "c.json")
    with pytest.raises(InputError, match=rf"{other}: no question is about it; give one of a\.json, b\.json"):
        join(QUESTIONS, [other])


def test_near_misses_are_joined_with_twice_as_many_answerable_questions_of_their_articles(tmp_path: Path) -> None:
    def asked(name: str, text: str, answers: list[str]) -> dict[str, object]:
        golds = [{"text": answer, "answer_start": text.index(answer)} for answer in answers]
        return {"id": name, "question": f"{name}?", "answers": golds, "is_impossible": not answers}

    texts = [["Ann came.", "Bea left."], ["Nobody."]]
    articles = [
        {
            "title": "T",
            "paragraphs": [
                {
                    "context": text,
                    "qas": [asked(f"{i}{j}a", text, [text[:3], text[:-1]])]
                    + [asked(f"{i}{j}{name}", text, [text[:3]]) for name in "bc"]
                    + [asked(f"{i}{j}d", text, [])],
                }
                for j, text in enumerate(of_article)
            ],
        }
        for i, of_article in enumerate(texts)
    ]
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"data": articles}))
    joined = tmp_path / "joined.json"
    joined.write_text(json.dumps(join_with_own([Written("a.json", "0/1", "Who flew?", 0, 0)] * 2, [path])))
    documents, questions = load_squad(joined)
    # Paragraphs without a near miss stay: a question is asked of the whole article. Other articles do not.
    assert [document.text for document in documents] == ["Ann came.", "Bea left."]
    assert [question.document for question in questions if question.text == "Who flew?"] == ["0/1", "0/1"]
    own = [question for question in questions if question.text != "Who flew?"]
    assert len(own) == 4
    assert all(question.golds for question in own)
    assert all(len(question.golds) == 2 for question in own if question.text.endswith("a?"))


@pytest.mark.parametrize("texts", [["Nobody."], ["Nobody.", "An"]], ids=["paragraph missing", "paragraph shorter"])
def test_file_with_other_paragraphs_is_named(data: Path, texts: list[str]) -> None:
    articles = [{"title": "", "paragraphs": [{"context": text, "qas": ASKED}]} for text in texts]
    path = data / "a.json"
    path.write_text(json.dumps({"data": articles}))
    with pytest.raises(InputError, match=rf"{path}: no paragraph 1/0 as in the file of the model card"):
        join(QUESTIONS, [path])


def test_packaged_questions_are_unique_and_a_third_have_no_answer() -> None:
    questions = training_questions()
    assert len(set(questions)) == len(questions) > 14_000
    assert 0.3 < sum(not question.end for question in questions) / len(questions) < 0.4
    assert all(0 <= question.start < question.end or question.start == question.end == 0 for question in questions)


def test_packaged_near_misses_are_unique_and_unanswerable() -> None:
    questions = near_misses()
    assert len(set(questions)) == len(questions) == 487
    assert not any(question.end for question in questions)
    trained = {(question.file, question.paragraph.partition("/")[0]) for question in training_questions()}
    assert not trained & {(question.file, question.paragraph.partition("/")[0]) for question in questions}


def test_command_names_a_file_it_cannot_use_in_one_line(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data / "joined.json.gz"
    assert main([str(data / "a.json"), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"python -m rag.data.written: {data / 'a.json'}: no question is about it; give one of ")
    assert error.count("\n") == 1
    assert not out.exists()


def test_command_writes_a_file_that_training_reads(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = data / "tat-qa.json.gz"
    asked = [question for question in training_questions() if question.file == path.name]
    places = [tuple(map(int, question.paragraph.split("/"))) for question in asked]
    paragraphs = [{"context": "x" * max(question.end for question in asked), "qas": ASKED}]
    article = {"title": "", "paragraphs": paragraphs * (max(place[1] for place in places) + 1)}
    articles = [article] * (max(place[0] for place in places) + 1)
    path.write_bytes(gzip.compress(json.dumps({"data": articles}).encode()))
    out = data / "joined.json.gz"
    assert main([str(path), "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {len(asked):,} questions to {out}\n"
    assert [question.text for question in load_squad(out)[1]] == [question.question for question in asked]
