"""Files to examples."""

import gzip
import json
from pathlib import Path

import pytest

from rag import Document, InputError
from rag.embedding.encoder import DEFAULT_ENCODER, model_folder
from rag.reading.windows import WindowMaker
from rag.training.examples import Examples, load, sample, split

MAKER = WindowMaker.load(model_folder(DEFAULT_ENCODER), 384)
TEXT = "Anna Berg went to Bishkek in 2019. Nobody knows why."


def _squad(path: Path, articles: list[list[dict[str, object]]]) -> Path:
    data = [{"title": str(n), "paragraphs": [{"context": TEXT, "qas": qas}]} for n, qas in enumerate(articles)]
    content = json.dumps({"data": data}).encode()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


def _qa(number: int, *answers: str, question: str = "Who went?") -> dict[str, object]:
    return {
        "id": str(number),
        "question": question,
        "is_impossible": not answers,
        "answers": [{"text": text, "answer_start": TEXT.index(text)} for text in answers],
    }


def _load(*paths: Path, bad: list[InputError] | None = None) -> Examples:
    return load(paths, dict, MAKER, *([bad.append] if bad is not None else []))


def test_examples_keep_every_annotators_answer(tmp_path: Path) -> None:
    path = _squad(tmp_path / "s.json.gz", [[_qa(1, "Anna Berg", "Anna Berg", "Berg"), _qa(2)]])
    found = _load(path)
    assert [example.golds for example in found.examples] == [((0, 9), (0, 9), (5, 9)), ()]
    assert found.counts()[0] == {"passages": 1, "questions": 2, "unanswerable": 1}


def test_question_set_gives_the_paragraph_of_the_quote(tmp_path: Path) -> None:
    text = "# Title\n\nFirst paragraph.\n\n" + TEXT + "\n"
    gold = {"document": "d.md", "sentence": "Anna Berg went to Bishkek in 2019.", "quote": "Bishkek"}
    line = {"id": "a", "question": "Where did she go?", "kind": "where", "answers": [gold]}
    none = {"id": "b", "question": "How old is Anna Berg?", "kind": "how many", "answers": [], "document": "d.md"}
    path = tmp_path / "q.jsonl"
    path.write_text(json.dumps(line) + "\n" + json.dumps(none) + "\n")
    found = load([path], lambda: {"d.md": Document("d.md", text, "Title")}, MAKER)
    read_in = [found.passages[example.passage] for example in found.examples]
    assert [(passage.title, passage.text) for passage in read_in] == [("Title", TEXT), ("Title", TEXT)]
    assert [example.golds for example in found.examples] == [((TEXT.index("Bishkek"), TEXT.index("Bishkek") + 7),), ()]


def test_split_holds_back_whole_articles_of_large_files(tmp_path: Path) -> None:
    large = _squad(tmp_path / "large.json", [[_qa(n, "Anna Berg")] for n in range(20)])
    small = _squad(tmp_path / "small.json", [[_qa(n, "Anna Berg")] for n in range(15)])
    parts = split(_load(large, small), held_back=4)
    articles = [
        {passage.article for passage in part.passages} for part in (parts.training, parts.development, parts.test)
    ]
    assert [len(names) for names in articles] == [16 + 15, 1, 3]
    assert articles[1] == {"0/16"}
    assert articles[2] == {"0/17", "0/18", "0/19"}
    assert not articles[0] & (articles[1] | articles[2])


def test_split_holds_back_another_number_of_a_named_file(tmp_path: Path) -> None:
    first, second = (_squad(tmp_path / name, [[_qa(n, "Berg")] for n in range(20)]) for name in ("a.json", "b.json"))
    parts = split(_load(first, second), 2, {1: 5}, test_share=0.5)
    assert [passage.article for passage in parts.development.passages] == ["0/18", "1/15", "1/16", "1/17"]
    assert [passage.article for passage in parts.test.passages] == ["0/19", "1/18", "1/19"]


def test_sample_keeps_a_number_of_questions_of_the_named_files(tmp_path: Path) -> None:
    articles = [[_qa(n, "Berg", question=f"Who is number {n}?")] for n in range(40)]
    examples = _load(_squad(tmp_path / "a.json", articles), _squad(tmp_path / "b.json", articles))
    kept = sample(examples, {1: 10}, seed=0)
    assert {file: count["questions"] for file, count in kept.counts().items()} == {0: 40, 1: 10}
    assert kept.examples[:40] == examples.examples[:40]
    assert kept == sample(examples, {1: 10}, seed=0) != sample(examples, {1: 10}, seed=1)
    assert sample(examples, {1: 99}, seed=0) == examples


def test_unusable_questions_are_named(tmp_path: Path) -> None:
    wrong = _qa(2, "Bishkek")
    wrong["answers"][0]["answer_start"] = 3  # type: ignore[index]
    long = _qa(3, "Bishkek", question="word " * 300)
    path = _squad(tmp_path / "s.json", [[_qa(1, "2019"), wrong, long, _qa(4, "2019", question=" ? ")]])
    with pytest.raises(InputError, match=r"s\.json: question 2: the text at 3 is 'a Berg ', not 'Bishkek'"):
        _load(path)
    bad: list[InputError] = []
    assert len(_load(path, bad=bad).examples) == 1
    assert [str(error).removeprefix(f"{path}: ") for error in bad[1:]] == [
        "question 3 is 300 tokens long; at most 259 fit beside a passage",
        "question 4 has no words; correct it",
    ]


def test_only_unanswerable_questions_are_rejected(tmp_path: Path) -> None:
    path = _squad(tmp_path / "s.json", [[_qa(1), _qa(2)]])
    with pytest.raises(InputError, match="no question has an answer"):
        _load(path)
