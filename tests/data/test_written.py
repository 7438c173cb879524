"""Questions written for this project about public data."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from rag.data.written import USES, Written, WrittenQuestions, join, main
from rag.errors import InputError
from rag.questions.squad import load_squad

#: Paragraphs by article and file.
TEXTS = {"a.json": [["Nobody."], ["Ann came.", "Bea left."]], "b.json": [["In 1991."]]}

QUESTIONS = [
    Written("a.json", "1/0", "Who came?", 0, 3, True),
    Written("a.json", "1/0", "Who flew?", 0, 3, False),
    Written("b.json", "0/0", "When?", 3, 7, True),
]


def own_questions(text: str, place: str) -> list[dict[str, Any]]:
    """Two answerable questions, the first with two answers, and an unanswerable one."""
    spans = [[text[:3], text[:-1]], [text[:3]], []]
    return [
        {
            "id": f"{place} {number}",
            "question": f"Own {number}?",
            "answers": [{"text": answer, "answer_start": 0} for answer in answers],
            "is_impossible": not answers,
        }
        for number, answers in enumerate(spans)
    ]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """The files of ``TEXTS``."""
    for name, articles in TEXTS.items():
        content = [
            {
                "title": f"About_{i}",
                "paragraphs": [
                    {"context": text, "qas": own_questions(text, f"{i}/{j}")} for j, text in enumerate(texts)
                ],
            }
            for i, texts in enumerate(articles)
        ]
        (tmp_path / name).write_text(json.dumps({"data": content}))
    return tmp_path


@pytest.fixture
def questions(data: Path) -> WrittenQuestions:
    """``QUESTIONS`` about these files."""
    return WrittenQuestions({n: hashlib.sha256((data / n).read_bytes()).hexdigest() for n in TEXTS}, QUESTIONS)


@pytest.fixture
def packaged(questions: WrittenQuestions, monkeypatch: pytest.MonkeyPatch) -> None:
    """The command finds ``questions`` where the packaged ones are: the data is not at hand."""
    monkeypatch.setattr(WrittenQuestions, "packaged", lambda use: questions)


def test_joined_questions_are_read_back_with_their_answers(data: Path, questions: WrittenQuestions) -> None:
    path = data / "joined.json"
    joined = join(questions, [data / "a.json", data / "b.json"])
    path.write_text(json.dumps(joined))
    documents, asked = load_squad(path)
    assert [(document.title, document.text) for document in documents] == [
        ("About 1", "Ann came."),
        ("About 0", "In 1991."),
    ]
    assert [(question.text, [gold.text for gold in question.golds]) for question in asked] == [
        ("Who came?", ["Ann"]),
        ("Who flew?", []),
        ("When?", ["1991"]),
    ]
    impossible = joined["data"][0]["paragraphs"][0]["qas"][1]
    assert impossible["is_impossible"]
    assert impossible["plausible_answers"] == [{"text": "Ann", "answer_start": 0}]


def test_own_answerable_questions_of_the_same_articles_are_added(data: Path, questions: WrittenQuestions) -> None:
    path = data / "joined.json"
    path.write_text(json.dumps(join(questions, [data / "a.json"], own=2)))
    documents, asked = load_squad(path)
    # A paragraph that no question is about stays, since a question is asked of the whole article.
    assert [document.text for document in documents] == ["Ann came.", "Bea left."]
    own = [question for question in asked if question.text.startswith("Own")]
    assert sorted((question.document, question.text) for question in own) == [
        ("0/0", "Own 0?"), ("0/0", "Own 1?"), ("0/1", "Own 0?"), ("0/1", "Own 1?"),
    ]  # fmt: skip
    assert [len(question.golds) for question in own if question.text == "Own 0?"] == [2, 2]
    assert [question.text for question in asked if question not in own] == ["Who came?", "Who flew?"]


def test_own_questions_are_limited_by_the_number_of_written_ones(data: Path, questions: WrittenQuestions) -> None:
    joined = join(questions, [data / "a.json"], own=1)
    assert joined == join(questions, [data / "a.json"], own=1)
    asked = [qa for paragraph in joined["data"][0]["paragraphs"] for qa in paragraph["qas"]]
    assert sum(qa["question"].startswith("Own") for qa in asked) == 2


def test_renamed_file_is_recognised(data: Path, questions: WrittenQuestions) -> None:
    expected = join(questions, [data / "b.json"])
    assert join(questions, [(data / "b.json").rename(data / "c.json")]) == expected


def spaced(path: Path) -> Path:
    path.write_text(path.read_text() + " ")
    return path


@pytest.mark.parametrize(
    ("path", "message"),
    [
        (lambda data: data / "no.json", "cannot be read (No such file or directory)"),
        (
            lambda data: spaced(data / "a.json"),
            "not a file that the questions are about, or another version; give one of a.json, b.json",
        ),
    ],
    ids=["missing", "another version"],
)
def test_unusable_file_is_named(
    data: Path, questions: WrittenQuestions, path: Callable[[Path], Path], message: str
) -> None:
    given = path(data)
    with pytest.raises(InputError) as caught:
        join(questions, [given])
    assert str(caught.value) == f"{given}: {message}"


def test_file_given_twice_is_named(data: Path, questions: WrittenQuestions) -> None:
    with pytest.raises(InputError, match=r"b\.json: the same file as .*b\.json; give it once"):
        join(questions, [data / "b.json", data / "a.json", data / "b.json"])


@pytest.mark.parametrize(("use", "count"), [("training", 25_548), ("calibration", 133), ("evaluation", 487)])
def test_packaged_questions_have_one_label_each(use: str, count: int) -> None:
    packaged = WrittenQuestions.packaged(use)
    questions = packaged.questions
    assert len({(question.file, question.paragraph, question.question) for question in questions}) == count
    assert len(questions) == count
    assert {question.file for question in questions} == set(packaged.checksums)
    assert all(0 <= question.start < question.end for question in questions)
    assert use == "training" or not any(question.answerable for question in questions)


def test_packaged_questions_of_each_use_are_about_other_articles() -> None:
    articles = [
        {(question.file, question.paragraph.partition("/")[0]) for question in WrittenQuestions.packaged(use).questions}
        for use in USES
    ]
    assert len(set.union(*articles)) == sum(map(len, articles))


@pytest.mark.usefixtures("packaged")
@pytest.mark.parametrize(("option", "count"), [([], 2), (["--use", "evaluation"], 6)], ids=["training", "evaluation"])
def test_command_writes_a_file_that_is_read_back(
    data: Path, capsys: pytest.CaptureFixture[str], option: list[str], count: int
) -> None:
    out = data / "joined.json.gz"
    assert main([str(data / "a.json"), *option, "--out", str(out)]) == 0
    assert capsys.readouterr().out == f"wrote {count} questions to {out}\n"
    assert len(load_squad(out)[1]) == count


def test_command_names_a_file_that_it_does_not_know_in_one_line(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data / "joined.json.gz"
    assert main([str(data / "a.json"), "--out", str(out)]) == 2
    error = capsys.readouterr().err
    assert error.startswith(f"python -m rag.data.written: {data / 'a.json'}: not a file that the questions are about")
    assert error.count("\n") == 1
    assert not out.exists()


@pytest.mark.usefixtures("packaged")
def test_command_names_an_output_that_it_cannot_write(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = data / "missing" / "joined.json.gz"
    assert main([str(data / "a.json"), "--out", str(out)]) == 2
    assert capsys.readouterr().err == (
        f"python -m rag.data.written: {out}: cannot be written (No such file or directory); choose another file\n"
    )


@pytest.mark.usefixtures("packaged")
@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("joined.json", "the file is written compressed; give --out a name that ends in .json.gz"),
        ("a.json.gz", "is one of the files to read; choose another --out"),
    ],
    ids=["not compressed", "an input"],
)
def test_command_refuses_an_output_that_would_mislead_or_replace_data(
    data: Path, capsys: pytest.CaptureFixture[str], name: str, message: str
) -> None:
    given = (data / "a.json").rename(data / "a.json.gz")
    before = given.read_bytes()
    assert main([str(given), "--out", str(data / name)]) == 2
    assert capsys.readouterr().err == f"python -m rag.data.written: {data / name}: {message}\n"
    assert given.read_bytes() == before
    assert not (data / "joined.json").exists()
