"""Outcomes, figures, causes, slices, results files and the quality gate."""

import json
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest
from rag.eval.paths import BASELINE, SHIPPED_QUESTIONS
from rag.eval.scoring.evidence import Counts
from rag.eval.scoring.gate import compare
from rag.eval.scoring.measures import BY_KEY, figure
from rag.eval.scoring.results import Results, no_answer_probabilities, predictions
from rag.eval.scoring.suite import GoldPassages, Outcome, Trial, is_right, judge, run

from rag import (
    Answer,
    Assistant,
    Evidence,
    Hit,
    Index,
    InputError,
    Item,
    Passage,
    Result,
    Seconds,
    Sentence,
    SentenceTransformerEncoder,
)
from rag.questions.places import Gold
from rag.questions.schema import Question, load_questions
from rag.types import Document

GOLD = Gold("a", 10, 15, "seven", 5, 30)
ASKED = Question("q", "How many?", (GOLD,), "how many", ("similar",), "test", "a")


def _hit(document: str, start: int, end: int) -> Hit:
    return Hit(Passage(document, start, end, "x" * (end - start), 1), "T", 0.0, 0.0, 0.0)


def _answer(text: str, document: str = "a", start: int = 10, confidence: float = 0.8) -> Answer:
    end = start + len(text)
    sentence = Sentence(start, end, text)
    return Answer(text, confidence, document, "T", start, end, None, sentence, _hit(document, start, end).passage)


def _trial(
    question: Question = ASKED,
    hits: tuple[Hit, ...] = (),
    best: Answer | None = None,
    answered: bool = True,
    ceiling: Answer | None = None,
) -> Trial:
    def result(answer: Answer | None) -> Result:
        answers = (answer,) if answer else ()
        given = answer if answered else None
        return Result(question.text, given, answers, hits[:2], None, Seconds(0.1, 0.2, 0.3))

    return Trial(question, hits, result(best), result(ceiling), (1.0,))


def test_right_answer_is_scored_by_every_measure() -> None:
    hits = (_hit("b", 0, 99), _hit("a", 0, 40))
    outcome = judge(_trial(hits=hits, best=_answer("seven"), ceiling=_answer("seven minutes")))
    assert (outcome.rank, outcome.ndcg) == (2, pytest.approx(1 / math.log2(3)))
    assert (outcome.exact_match, outcome.f1, outcome.overlap, outcome.sentence_hit, outcome.right) == (
        1,
        1,
        1,
        True,
        True,
    )
    assert (outcome.ceiling_f1, outcome.ceiling_right) == (pytest.approx(2 / 3), True)
    assert (outcome.given, outcome.cause, outcome.total) == ("seven", None, 0.3)


FOUND = (_hit("a", 0, 40),)
WRONG = _answer("eight", start=60)
NOTHING_ANSWERS = Question("n", "Who?", ())


@pytest.mark.parametrize(
    ("trial", "cause"),
    [
        (_trial(hits=FOUND, best=_answer("seven")), None),
        (_trial(hits=(_hit("a", 0, 10), _hit("b", 0, 40)), best=WRONG), "retrieval"),
        # Retrieved, but not among the passages given to the reader.
        (_trial(hits=(_hit("b", 0, 9), _hit("b", 9, 40), *FOUND), best=WRONG), "retrieval"),
        (_trial(hits=FOUND, best=WRONG), "reading"),
        (_trial(hits=FOUND, best=WRONG, answered=False), "reading"),
        (_trial(hits=FOUND, best=None), "reading"),
        (_trial(hits=FOUND, best=_answer("seven"), answered=False), "abstaining"),
        (_trial(NOTHING_ANSWERS, FOUND, WRONG), "answering"),
        (_trial(NOTHING_ANSWERS, FOUND, WRONG, answered=False), None),
        (_trial(NOTHING_ANSWERS, FOUND, None), None),
    ],
)
def test_cause_is_the_first_stage_that_failed(trial: Trial, cause: str | None) -> None:
    assert judge(trial).cause == cause


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        (_answer("seven minutes", start=60), True),  # F1 of at least .5, anywhere
        (_answer("for seven long minutes he spoke"), True),  # contains the gold, in its sentence
        (_answer("for seven long minutes he spoke", start=60), False),
        (_answer("eight"), False),
    ],
)
def test_right_needs_f1_of_half_or_the_gold_in_its_sentence(answer: Answer, right: bool) -> None:
    assert is_right(answer, [GOLD]) is right
    assert not is_right(answer, [])


def _outcomes() -> list[Outcome]:
    answered = judge(_trial(hits=FOUND, best=_answer("seven", confidence=0.9)))
    withheld = judge(_trial(replace(ASKED, id="w", kind="who"), FOUND, _answer("seven minutes", confidence=0.2), False))
    refused = judge(_trial(replace(NOTHING_ANSWERS, id="r"), FOUND, replace(WRONG, confidence=0.1), False))
    invented = judge(_trial(NOTHING_ANSWERS, FOUND, WRONG))
    return [answered, withheld, refused, invented]


def _results(outcomes: list[Outcome], mode: str = "index") -> Results:
    return Results("q.jsonl", mode, "test", True, (), {"version": "0"}, tuple(outcomes))


def test_figures_of_four_hand_made_outcomes() -> None:
    figures = _results(_outcomes()).figures()
    expected = {
        "recall@1": 1, "exact_match": 0.5, "f1": (1 + 2 / 3) / 2, "overlap": (1 + 5 / 13) / 2, "f1_answered": 0.5,
        "f1_all": (1 + 0 + 1 + 0) / 4, "handled": 0.5, "abstention_precision": 0.5, "abstention_recall": 0.5,
        "auroc": 3 / 4, "ece": (0.1 + 0.8 + 0.1 + 0.8) / 4, "brier": (0.01 + 0.64 + 0.01 + 0.64) / 4, "total_p50": 0.3,
    }  # fmt: skip
    assert {key: figures[key].value for key in expected} == pytest.approx(expected)
    assert (figures["f1"].count, figures["handled"].count) == (2, 4)


def test_evidence_counts_words_where_it_is_marked_and_any_where_nothing_answers() -> None:
    marked = [replace(_trial(hits=FOUND), evidence=counts) for counts in (Counts(2, 4, 2), Counts(1, 1, 4))]
    given = Evidence("a", 0, 5, "seven", 0.8, 0, "T")
    empty = _trial(NOTHING_ANSWERS, FOUND, WRONG)
    invented = replace(empty, result=replace(empty.result, evidence=(given,)))
    figures = _results([judge(each) for each in (*marked, _trial(hits=FOUND), empty, invented)]).figures()
    expected = {"precision": 3 / 5, "recall": 3 / 6, "f1": 6 / 11, "given": 1 / 2}
    assert {key: figures[f"evidence_{key}"].value for key in expected} == pytest.approx(expected)
    assert {figures[f"evidence_{key}"].count for key in expected} == {2}


def test_items_of_a_list_are_those_of_the_result_or_the_best_candidate() -> None:
    listed = replace(ASKED, items=((GOLD,), (replace(GOLD, text="nine"),)))
    both = _trial(listed, best=_answer("seven and ten"))
    items = (Item("a", 10, 15, "seven", 0.8), Item("b", 20, 23, "ten", 0.6))
    both = replace(both, result=replace(both.result, items=items))
    trials = [both, _trial(listed, best=_answer("seven")), _trial(listed), _trial()]
    found = _results([judge(each) for each in trials]).figures()["items_f1"]
    assert (found.value, found.count) == (pytest.approx((1 / 2 + 2 / 3 + 0) / 3), 3)


def test_baseline_from_before_evidence_has_no_figures_of_it() -> None:
    assert figure(BY_KEY["evidence_f1"], _outcomes()).value is None


def test_run_counts_the_words_of_the_evidence(assistant: Assistant) -> None:
    question = next(
        each for each in load_questions(SHIPPED_QUESTIONS, assistant.index.documents) if each.evidence is not None
    )
    [trial] = run(assistant, [question])
    assert trial.evidence is not None
    texts = [part.text for part in question.evidence or ()]
    assert trial.evidence.gold == sum(len(re.findall(r"\w+", text)) for text in texts)
    assert trial.evidence.predicted == sum(len(re.findall(r"\w+", each.text)) for each in trial.result.evidence)


def test_figures_over_zero_and_one_question() -> None:
    unanswerable = [judge(_trial(NOTHING_ANSWERS, FOUND, WRONG))]
    assert figure(BY_KEY["f1"], unanswerable).value is None
    assert figure(BY_KEY["f1"], unanswerable).count == 0
    single = figure(BY_KEY["handled"], unanswerable)
    assert (single.value, single.low, single.high) == (0.0, None, None)


def test_causes_and_slices_count_questions() -> None:
    results = _results(_outcomes())
    assert results.causes() == {"retrieval": 0, "reading": 0, "abstaining": 1, "answering": 1}
    assert [(s.by, s.name, s.count) for s in results.slices()] == [
        ("kind", "how many", 1), ("kind", "who", 1), ("tag", "similar", 2), ("document", "a", 2),
    ]  # fmt: skip
    assert results.slices()[1].figures["handled"].value == 0


def test_reading_mode_has_no_retrieval_figures() -> None:
    figures = _results(_outcomes(), "reading").figures()
    assert not [key for key in figures if key.startswith(("recall", "mrr", "ndcg", "retrieve", "ceiling"))]
    assert "f1" in figures


def test_results_round_trip_through_their_file(tmp_path: Path) -> None:
    results = _results(_outcomes())
    results.write(tmp_path / "new" / "results.json")
    assert Results.read(tmp_path / "new" / "results.json") == results


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "not a results.json of `rag eval --report`"),
        ("[]", "not a results.json of `rag eval --report`"),
        ('{"format": 9}', "format 9 is not 1; run `rag eval --report` again"),
        ('{"format": 1}', "not a results.json of `rag eval --report`"),
    ],
)
def test_invalid_results_file_is_rejected(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(InputError, match=message):
        Results.read(path)


def test_squad_predictions_and_no_answer_probabilities() -> None:
    outcomes = _outcomes()[:2]
    assert predictions(outcomes) == {"q": "seven", "w": ""}
    assert no_answer_probabilities(outcomes) == pytest.approx({"q": 0.1, "w": 0.8})


def _many(right: int) -> Results:
    good = judge(_trial(hits=FOUND, best=_answer("seven")))
    bad = judge(_trial(hits=FOUND, best=WRONG))
    return _results([replace(good if n < right else bad, id=str(n)) for n in range(100)])


def test_gate_detects_regressions_and_lists_changes() -> None:
    worse = compare(_many(80), _many(60))
    assert worse.worse
    assert [o.id for o in worse.broken] == [str(n) for n in range(60, 80)]
    assert worse.fixed == ()
    f1 = next(d for d in worse.differences if d.measure.key == "f1")
    assert (f1.before, f1.after, f1.worse) == (0.8, 0.6, True)
    assert not compare(_many(60), _many(80)).worse
    assert len(compare(_many(60), _many(80)).fixed) == 20


def test_gate_passes_insignificant_changes() -> None:
    assert not compare(_many(80), _many(79)).worse
    same = compare(_many(80), _many(80))
    assert not same.worse
    assert {d.measure.key for d in same.differences} >= {"recall@1", "f1", "handled", "ece"}


def test_gate_compares_common_questions_only() -> None:
    before, after = _many(80), _many(80)
    fewer = replace(after, outcomes=(*after.outcomes[:50], replace(after.outcomes[50], golds=("six",))))
    comparison = compare(before, fewer)
    assert (comparison.common, comparison.missing) == (50, 51)
    with pytest.raises(InputError, match="no question in common"):
        compare(before, replace(after, outcomes=(replace(after.outcomes[0], id="other"),)))
    with pytest.raises(InputError, match="mode 'reading' cannot be compared"):
        compare(before, replace(after, mode="reading"))


def test_gold_rows_are_the_passages_of_the_gold_paragraph(encoder: SentenceTransformerEncoder) -> None:
    long = " ".join(f"Sentence number {n} tells of something else again." for n in range(60))
    document = Document("a.md", f"First paragraph of this text, which is about rents.\n\n{long}\n\nLast one.", "A")
    index = Index.build([document], encoder)
    start = document.text.index("number 30")
    gold = Gold("a.md", start, start + 9, "number 30", start, start + 9)
    rows = GoldPassages(index).rows(Question("1", "?", (gold,)))
    texts = [index.passages[row].text for row in rows]
    assert len(texts) > 1
    assert not any("rents" in text for text in texts)
    assert GoldPassages(index).rows(Question("1", "?", (), document="a.md")) == list(range(len(index.passages)))
    assert GoldPassages(index).attainable([gold]) == (1.0,) * sum("number 30" in text for text in texts)


@pytest.fixture(scope="module")
def trials(assistant: Assistant) -> list[Trial]:
    questions = load_questions(SHIPPED_QUESTIONS, assistant.index.documents)
    return list(run(assistant, [question for question in questions if question.part == "test"]))


@pytest.fixture(scope="module")
def shipped(trials: list[Trial]) -> Results:
    return _results([judge(trial) for trial in trials])


@pytest.mark.slow
def test_shipped_questions_have_answers_by_descending_confidence(assistant: Assistant, trials: list[Trial]) -> None:
    questions = load_questions(SHIPPED_QUESTIONS, assistant.index.documents)
    calibration = [assistant.ask(question.text) for question in questions if question.part == "calibration"]
    for result in (*calibration, *(trial.result for trial in trials)):
        confidences = [answer.confidence for answer in result.answers]
        assert confidences == sorted(confidences, reverse=True), result.question


@pytest.mark.slow
def test_shipped_set_is_not_worse_than_the_baseline(shipped: Results) -> None:
    baseline = Results.read(BASELINE)
    assert (baseline.part, baseline.complete) == ("test", True)
    comparison = compare(baseline, shipped)
    assert comparison.missing == 0, "the questions have changed; CONTRIBUTING.md says how to update the baseline"
    assert [(d.measure.key, d.before, d.after) for d in comparison.differences if d.worse] == []


@pytest.mark.slow
def test_reader_is_better_with_the_gold_paragraph(shipped: Results) -> None:
    figures = shipped.figures()
    assert (figures["ceiling_right"].value or 0) > (figures["right"].value or 0)


def test_baseline_names_no_local_path() -> None:
    text = BASELINE.read_text(encoding="utf-8")
    assert json.loads(text)["file"] == SHIPPED_QUESTIONS.name
    assert "/home" not in text
