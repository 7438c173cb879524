"""Fitting the probabilities of evidence."""

import gzip
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rag.eval.fitting.evidence import fit, main
from rag.eval.fitting.evidence_data import Example, held_back_questions, read
from rag.eval.paths import SHIPPED_EVIDENCE

from rag import InputError, SentenceTransformerEncoder
from rag.paths import shipped_reader
from rag.reading.evidence import Candidate, EvidenceFinder, Regression
from rag.reading.sentences import SentenceSignals
from rag.text.segmentation import Extent

TOPICS = ("Ruritania", "Strelsau", "Zenda", "Hentzau")


@pytest.fixture
def evidence_file(tmp_path: Path) -> Path:
    """Two passages of each of four articles; the first one answers."""
    lines = []
    for topic in TOPICS:
        text = f"The king of {topic} plays chess. In winter the harbour of {topic} freezes, which stops all ships."
        part = {"text": text[text.index("In") :], "start": text.index("In")}
        other = f"Nobody in {topic} likes the winter in the harbour."
        question = f"Why do the ships of {topic} stop in winter?"
        lines += [
            {"id": f"{topic}-1", "title": topic, "question": question, "context": text, "evidence": [part]},
            {"id": f"{topic}-2", "title": topic, "question": question, "context": other, "evidence": []},
        ]
    path = tmp_path / "evidence.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(map(json.dumps, lines)).encode()))
    return path


def _example(
    values: Sequence[float],
    gold: Sequence[float],
    *,
    fitting: bool,
    again: bool = False,
    file: str = "toy",
    several: bool = False,
) -> Example:
    """Sentences of ten words each."""
    rows = [
        Candidate(0, Extent(0, 1), SentenceSignals(coverage=value, evidence=value * again), again) for value in values
    ]
    return Example(
        file,
        fitting,
        several,
        rows,
        np.full(len(rows), 10.0),
        np.array(gold, dtype=float),
        int(sum(gold)),
        np.array(gold) > 9,
    )


def test_fit_learns_what_tells_evidence_and_stores_figures_of_unseen_questions(tmp_path: Path) -> None:
    good, bad = [1.0, 0.0, 0.9, 0.1], [10.0, 0.0, 8.0, 0.0]
    data = [_example(good, bad, fitting=True, again=number % 2 == 0) for number in range(40)]
    data += [_example([0.1], [0.0], fitting=True), *[_example(good, bad, fitting=False)] * 5]
    data += [_example([0.1], [0.0], fitting=False), _example([0.95], [0.0], fitting=False)]
    found = fit(data)
    assert list(found["unread"]["weights"]) == ["coverage"]
    assert found["read"]["weights"]["evidence"] > 0
    unseen = found["unseen_questions"]["toy"]
    assert unseen["evidence"]["precision"] == {"value": 0.9, "low": 0.9, "high": 0.9, "count": 5}
    assert unseen["evidence"]["recall"]["value"] == 1
    assert unseen["sentence_of_the_answer"]["recall"]["value"] == pytest.approx(10 / 18, abs=1e-3)
    assert unseen["without_an_answer"] == {"questions": 2, "given_evidence": 1}
    assert found["fitted_on"] == {"questions": 41, "with_evidence": 40, "sentences": 161}
    (tmp_path / "evidence.json").write_text(json.dumps(found))
    loaded = EvidenceFinder.load(tmp_path)
    assert loaded.unread.probability(SentenceSignals(coverage=1.0)) > loaded.threshold
    assert loaded.unread.probability(SentenceSignals(coverage=0.1)) < loaded.threshold


def test_second_threshold_gives_further_sentences_where_a_question_asks_for_several() -> None:
    values = [1.0, 0.5, 0.0, 0.0]
    one, two = [10.0, 0.0, 0.0, 0.0], [10.0, 10.0, 0.0, 0.0]
    data = [_example(values, one, fitting=True, file=file) for file in ("toy", "other") for _ in range(30)]
    data += [_example(values, two, fitting=True, file=SHIPPED_EVIDENCE.name, several=True) for _ in range(4)]
    data += [_example(values, one, fitting=False)]
    data += [
        _example(values, two, fitting=False, file=SHIPPED_EVIDENCE.name, several=several) for several in (True, False)
    ]
    found = fit(data)
    middle = Regression.of(found["unread"]).probability(SentenceSignals(coverage=0.5))
    assert found["further_threshold"] <= middle < found["threshold"]
    unseen = found["unseen_questions"]
    assert unseen["toy"]["evidence"]["precision"]["value"] == 1
    # Both sentences of the question that asks for several, and one of the other's two.
    assert unseen[SHIPPED_EVIDENCE.name]["evidence"]["recall"]["value"] == 0.75


def test_articles_are_halved_and_other_passages_of_an_article_left_out(evidence_file: Path) -> None:
    encoder = SentenceTransformerEncoder()
    file = held_back_questions(evidence_file, 4, encoder)
    halves = {file.articles[each.question.document]: each.fitting for each in file.questions}
    assert sorted(halves) == sorted(TOPICS)
    assert sum(halves.values()) == 2
    found = list(read(file, encoder, shipped_reader()))
    assert len(found) == 8
    # Five sentences: the two of the own passage or the one of the other one, and nine of the other articles.
    assert {len(each.sentences) for each in found} == {10, 11}
    answered = [each for each in found if each.total]
    assert len(answered) == 4
    for each in answered:
        assert each.total == 11
        assert each.gold.tolist().count(11.0) == 1
        assert each.gold.sum() == 11
        assert each.answer.sum() == 1


def test_too_few_articles_are_refused(evidence_file: Path) -> None:
    with pytest.raises(InputError, match="has 4 articles, not 5; hold back at least 2 that it has"):
        held_back_questions(evidence_file, 5, SentenceTransformerEncoder())


def test_a_file_without_a_number_of_articles_is_bad_usage(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["selqa.jsonl.gz"])
    assert stopped.value.code == 2
    assert "'selqa.jsonl.gz' is not FILE=ARTICLES with a number of articles" in capsys.readouterr().err
