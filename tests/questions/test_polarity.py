"""Spans that cannot answer a question for yes or no, or a negated one."""

import json

import pytest
from rag.eval.paths import SHIPPED_QUESTIONS

from rag.questions.polarity import is_negated, refusal, yes_no_notice
from rag.types import Reason

MET = "The board met in Osterby on 3 May 2021."


@pytest.mark.parametrize(
    ("question", "negated"),
    [
        ("When did the board not meet?", True), ("Which country didn't vote?", True), ("Who cannot vote?", True),
        ("Which member has never spoken?", True), ("What did nobody mention?", True), ("Who had no vote?", True),
        ("When did the board meet?", False), ("What were they told not to do?", False), ("Why did it not meet?", False),
        ("Who claimed that they never met?", False), ("Did it not meet?", False), ("Which notes were read?", False),
        ("Since when has nobody voted?", False),
        ("Who wrote 'Never Closer or Drifting Apart?'", False),
        ("Who wrote 'Why it didn't fall'?", False), ("Who wrote ‘Why it didn’t fall’?", False),
        ("Which towns in the '90s did not join the traders' union?", True), ("Which country not only voted?", False),
    ],
)  # fmt: skip
def test_negation_of_the_question_itself_is_recognised(question: str, negated: bool) -> None:
    assert is_negated(question) is negated


@pytest.mark.parametrize(
    "span",
    ["Osterby", "3 May 2021", "the nine members", "Ines Marwick", "the United States", "4 km, which is 2 miles",
     "they would have met"],
)  # fmt: skip
def test_name_date_or_noun_does_not_answer_yes_or_no(span: str) -> None:
    assert refusal("Did the board meet on 3 May 2021?", span, MET) is Reason.YES_NO


@pytest.mark.parametrize(
    "span", ["met in Osterby", "denies this", "Neither has condemned it", "refused to", "couldn't", "is a member"]
)
def test_statement_may_answer_yes_or_no(span: str) -> None:
    assert refusal("Did the board meet on 3 May 2021?", span, MET) is None


def test_hypothesis_answers_a_question_about_one() -> None:
    assert refusal("Could the board meet in May?", "it could meet in May", "In theory it could meet in May.") is None


def test_negated_question_needs_a_sentence_that_denies() -> None:
    assert refusal("When did the board not meet?", "3 May 2021", MET) is Reason.NEGATED
    assert refusal("When did the board not meet?", "In 2020", "In 2020 it did not meet.") is None
    assert refusal("Who did not vote?", "Peru", "Peru abstained.") is None
    assert refusal("Who did not vote?", "Peru", "Peru didn't.") is None
    # What the question itself denies.
    assert refusal("Who did not refuse?", "Peru", "Peru refused.") is Reason.NEGATED
    assert refusal("Who has not denied it?", "Peru", "Peru denies it.") is Reason.NEGATED


@pytest.mark.parametrize("question", ["When did the board meet?", "Is the chair Anna or Paul?", "Where is it?"])
def test_other_questions_keep_their_spans(question: str) -> None:
    assert refusal(question, "Osterby", MET) is None
    assert yes_no_notice(question) is None


def test_right_answers_of_the_shipped_questions_are_hardly_ever_refused() -> None:
    lines = [json.loads(line) for line in SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()]
    refused = {
        (line["id"], gold["quote"])
        for line in lines
        for gold in line["answers"]
        if refusal(line["question"], gold["quote"], gold["sentence"])
    }
    # "... has six members: Russia, ..., Kyrgyzstan and Tajikistan": a list of names, which says yes here.
    assert {quote for _, quote in refused} == {"Kyrgyzstan and Tajikistan"}


def test_shipped_file_of_such_questions_holds_nothing_else() -> None:
    lines = SHIPPED_QUESTIONS.with_name("polarity.jsonl").read_text(encoding="utf-8").splitlines()
    questions = [json.loads(line)["question"] for line in lines]
    assert sum(yes_no_notice(question) is not None for question in questions) == 48
    assert sum(map(is_negated, questions)) == 24
