import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from rag.eval import calibrate, retrieval
from rag.eval.calibrate import FEATURES, best_threshold, regression
from rag.eval.command import SHIPPED_QUESTIONS, add_arguments, evaluate
from rag.eval.questions import Gold, Question, load_questions
from rag.eval.retrieval import paragraph_rank
from rag.eval.suite import Outcome, first_gold_rank, is_right, run, summarise
from rag.eval.table import summary_table
from rich.console import Console

from rag import Assistant, Hit, Passage, Span
from rag.cli import main
from rag.cli.common import out, progress_bars

GOLD = Gold("a", 10, 15, "seven", 5, 30)


def _hit(document: str, start: int, end: int) -> Hit:
    return Hit(Passage(document, start, end, "x" * (end - start), 1), "T", 0.0, 0.0, 0.0)


def test_a_hit_is_gold_when_it_overlaps_the_quote_in_the_same_document() -> None:
    hits = [_hit("b", 0, 99), _hit("a", 0, 10), _hit("a", 14, 40), _hit("a", 0, 99)]
    assert first_gold_rank(hits, [GOLD]) == 3
    assert first_gold_rank(hits[:2], [GOLD]) is None


def test_ranks_of_the_benchmark_count_distinct_paragraphs() -> None:
    hits = [_hit("b", 0, 9), _hit("b", 9, 20), _hit("a", 0, 9)]
    assert (paragraph_rank(hits, "a"), paragraph_rank(hits, "c")) == (2, None)


@pytest.mark.parametrize(
    ("text", "golds", "sentence_hit", "right"),
    [
        ("seven minutes", ["seven"], False, True),
        ("for seven long minutes he spoke", ["seven"], True, True),
        ("for seven long minutes he spoke", ["seven"], False, False),
        ("eight", ["seven"], True, False),
        ("seven", [], False, False),
    ],
)
def test_right_is_half_the_words_or_the_sentence_that_holds_them(
    text: str, golds: list[str], sentence_hit: bool, right: bool
) -> None:
    assert is_right(text, golds, sentence_hit) is right


def test_the_summary_of_four_hand_made_outcomes() -> None:
    answerable = Question("1", "?", (GOLD,))
    unanswerable = Question("2", "?", ())
    outcomes = [
        Outcome(answerable, 1, "seven", "seven", 0.9, True, 0.1),
        Outcome(answerable, 4, "", "seven minutes", 0.2, True, 0.2),
        Outcome(unanswerable, None, "", "x", 0.1, False, 0.3),
        Outcome(unanswerable, None, "y", "y", 0.8, False, 0.4),
    ]
    summary = summarise(outcomes)
    assert (summary.answerable, summary.unanswerable) == (2, 2)
    assert [summary.recall[k].value for k in (1, 3, 5)] == [0.5, 0.5, 1.0]
    assert summary.mrr.value == pytest.approx((1 + 1 / 4) / 2)
    assert (summary.exact_match.value, summary.f1.value) == (0.5, 0.5)
    assert (summary.best_exact_match.value, summary.best_f1.value) == (0.5, pytest.approx((1 + 2 / 3) / 2))
    assert summary.sentence_hit.value == 1.0
    assert summary.abstention == (0.5, 0.5, 0.5)
    assert summary.calibration_error == pytest.approx((0.1 + 0.8 + 0.1 + 0.8) / 4)
    assert (summary.seconds_median, summary.seconds_p95) == (0.25, 0.4)
    assert summary.recall[1].count == 2


def test_the_95th_percentile_of_a_hundred_is_the_95th() -> None:
    outcomes = [Outcome(Question(str(n), "?", ()), None, "", "", 0.0, False, float(n)) for n in range(1, 101)]
    assert summarise(outcomes).seconds_p95 == 95.0


def test_a_figure_over_no_question_is_a_dash_in_the_table_not_a_zero(capsys: pytest.CaptureFixture[str]) -> None:
    answerable = Outcome(Question("1", "?", (GOLD,)), None, "", "", 0.0, False, 0.1)
    unanswerable = Outcome(Question("2", "?", ()), None, "", "", 0.0, False, 0.1)
    for outcome, dashes, figures in (
        (answerable, "abstention recall", "MRR"),
        (unanswerable, "MRR", "abstention recall"),
    ):
        Console(width=100).print(summary_table(summarise([outcome]), "T"))
        rows = {line[:30].strip(): line[30:].split() for line in capsys.readouterr().out.splitlines()}
        assert rows[dashes][0] == "-"
        assert rows[figures][0] in ("0.000", "1.000")


def test_the_threshold_has_the_best_f1_of_answering() -> None:
    # Answering from .3: 2 right of 4 given, 3 answerable, F1 4/7; from .5: 2 of 3, 4/6; from .9: 1 of 1, 2/4.
    probabilities, right = np.array([0.9, 0.6, 0.5, 0.3]), np.array([True, False, True, False])
    assert best_threshold(probabilities, right, answerable=3) == 0.31


def test_the_regression_finds_what_tells_right_from_wrong_and_never_counts_evidence_against() -> None:
    rng = np.random.default_rng(0)
    features = rng.normal(size=(4_000, len(FEATURES)))
    logits = 2.0 * features[:, 0] - 1.5 * features[:, 1] - 1.0 * features[:, -1] + 0.5
    right = rng.random(4_000) < 1 / (1 + np.exp(-logits))
    weights = regression(features, right)
    assert weights[1] == 0.0
    assert weights[0] == pytest.approx(2.0, abs=0.6)
    assert weights[-2] == pytest.approx(-1.0, abs=0.4)


def test_the_shipped_questions_are_mostly_answered_rightly(assistant: Assistant) -> None:
    """A floor well below what was measured, so that a broken part shows; the gate proper comes with the full suite."""
    questions = load_questions(SHIPPED_QUESTIONS, assistant.retriever.index.documents)
    summary = summarise(list(run(assistant, questions)))
    assert summary.recall[10].value >= 0.9
    assert summary.sentence_hit.value >= 0.65
    assert summary.best_f1.value >= 0.45


def test_rag_eval_prints_a_table_and_json(corpus_index: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["eval", "--limit", "6", "--index", str(corpus_index)]) == 0
    table = capsys.readouterr().out
    for row in ("recall@10", "MRR", "exact match, as answered", "F1, as answered", "abstention precision"):
        assert row in table
    assert main(["eval", "--limit", "6", "--index", str(corpus_index), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["answerable"] + summary["unanswerable"] == 6
    assert set(summary["recall"]) == {"1", "3", "5", "10", "20"}


def test_rag_eval_open_indexes_the_paragraphs_of_a_squad_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    contexts = ["The border of Ruritania is 40 km long.", "Rents in Strelsau doubled in 1894."]
    qas = [
        [
            {
                "id": "1",
                "question": "How long is the border of Ruritania?",
                "answers": [{"text": "40 km", "answer_start": 27}],
            }
        ],
        [
            {
                "id": "2",
                "question": "When did rents in Strelsau double?",
                "answers": [{"text": "1894", "answer_start": 29}],
            }
        ],
    ]
    paragraphs = [{"context": context, "qas": qa} for context, qa in zip(contexts, qas, strict=True)]
    path = tmp_path / "squad.json"
    path.write_text(json.dumps({"data": [{"title": "T", "paragraphs": paragraphs}]}))
    assert main(["eval", str(path), "--open", "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["recall"]["1"]["value"] == 1.0
    assert summary["best_exact_match"]["value"] == 1.0
    assert main(["eval", str(path)]) == 2
    assert "give --open" in capsys.readouterr().err
    assert main(["eval", str(path), str(path), "--open", "--limit", "1"]) == 0
    assert capsys.readouterr().out.count("squad.json: 1 answerable and 0 unanswerable questions") == 2


class _Interrupted:
    """A reader that finds nothing, and is interrupted as it reads for the third time."""

    def __init__(self) -> None:
        self.read_before = 0

    def read(self, question: str, hits: Sequence[Hit]) -> list[Span]:
        self.read_before += 1
        if self.read_before > 2:
            raise KeyboardInterrupt
        return []


def test_an_interrupted_run_shows_what_was_asked_and_does_not_pass_for_a_whole_one(
    assistant: Assistant, capsys: pytest.CaptureFixture[str]
) -> None:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    with pytest.raises(KeyboardInterrupt):
        evaluate(
            parser.parse_args(["--json"]), lambda: Assistant(assistant.retriever, _Interrupted()), out, progress_bars
        )
    summary = json.loads(capsys.readouterr().out)
    assert summary["file"] == "central-asia.jsonl"
    assert summary["answerable"] + summary["unanswerable"] == 2


def test_a_question_that_cannot_be_asked_is_named_before_any_is_asked(
    tmp_path: Path, corpus_index: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"id": "good", "question": "Who?", "kind": "who", "answers": []}
    path = tmp_path / "q.jsonl"
    path.write_text("\n".join(json.dumps(line) for line in (good, {**good, "id": "odd", "question": "???"})))
    assert main(["eval", str(path), "--index", str(corpus_index)]) == 2
    output = capsys.readouterr()
    assert "q.jsonl: question odd: the question is empty" in output.err
    assert output.out == ""


def test_the_benchmark_and_the_fit_refuse_bad_input_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "squad.json"
    qas = [{"id": "1", "question": "Q?", "answers": [], "is_impossible": True}]
    path.write_text(json.dumps({"data": [{"paragraphs": [{"context": "Text.", "qas": qas}]}]}))
    none = tmp_path / "none.json"
    for program, arguments, message in (
        (retrieval.main, [str(none)], "none.json: cannot be read"),
        (retrieval.main, [str(path)], "squad.json: there is no answerable question"),
        (retrieval.main, [str(path), "--limit", "0"], "--limit is 0"),
        (calibrate.main, [str(path), "--foreign", str(none), "--out", str(tmp_path / "o.json")], "none.json: cannot"),
    ):
        assert program(arguments) == 2
        error = capsys.readouterr().err
        assert message in error
        assert error.count("\n") == 1
