"""Kinds guessed from the question word."""

import json

import pytest
from rag.eval.paths import SHIPPED_QUESTIONS

from rag.questions.question_type import asks_for_one_value, asks_for_sentences, guess_kind
from rag.questions.schema import KINDS


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("Who spoke?", "who"), ("To whom did he speak?", "who"), ("When was it?", "when"), ("In what year?", "when"),
        ("Where is it?", "where"), ("In which city does she live?", "where"), ("How long is it?", "how many"),
        ("Since when?", "when"), ("Which one?", "which"), ("Why not?", "why"), ("How did it end?", "how"),
        ("Is it long?", "yes-no"), ("Name the two rivers.", "list"), ("Which two rivers meet?", "list"),
        ("What did he tell those who came?", "what"), ("border length", "what"), ("", "what"),
        ("HOW MANY?", "how many"), ("Wie lang?", "what"),
        ("Isn't it long?", "yes-no"), ("In 2021, did they meet?", "yes-no"), ("True or false: they met", "yes-no"),
        ("Can you tell me where they met?", "where"), ("Do you know who spoke?", "who"),
        ("Can you tell me whether they met?", "yes-no"), ("Could you list the members?", "list"),
        ('In "How we met", is it winter?', "yes-no"), ("When was 'Who came?' asked?", "when"), ('"Who?"', "who"),
        ("Is the Kazakhs' vote the Kyrgyz' vote when counted?", "yes-no"),
        ('Is a 5" pipe, when cold, longer than a 6" pipe?', "yes-no"), ("\"Who\" 'why'?", "who"),
    ],
)  # fmt: skip
def test_kind_follows_the_question_word(question: str, kind: str) -> None:
    assert guess_kind(question) == kind
    assert kind in KINDS


def test_guessed_kinds_mostly_match_the_shipped_ones() -> None:
    lines = [json.loads(line) for line in SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()]
    right = sum(guess_kind(line["question"]) == line["kind"] for line in lines)
    assert right / len(lines) > 0.85


@pytest.mark.parametrize(
    ("question", "sentences"),
    [
        ("Why were dollars scarce?", True), ("How did trade develop?", True), ("rents in Almaty", True),
        ("What do the articles say about rents?", True), ("Explain the unrest.", True), ("", True),
        ("What is known about the drones?", True), ("How many came?", False), ("How long is the border?", False),
        ("Who spoke about rents?", False), ("What was the speech about?", False), ("Name the two rivers.", False),
        ("Is the border long?", True), ("Is it long or short?", False), ("Can you tell me who spoke?", False),
        ("In which cities did rents rise?", False), ("Compare what the two polls say.", True),
        ("What do Osh and Almaty have in common?", True), ("What is the main difference between the polls?", True),
        ("Which language do they have in common?", False), ("Who wrote “Why it fell”?", False),
        ("When did Osh Weekly report about rents?", False), ("How many read the book about rents?", False),
        ("What is the distance between the towns?", False),
    ],
)  # fmt: skip
def test_yes_no_why_how_comparisons_and_keywords_ask_for_sentences(question: str, sentences: bool) -> None:
    assert asks_for_sentences(question) is sentences


@pytest.mark.parametrize(
    ("question", "one"),
    [
        ("Which countries border Kazakhstan?", False), ("Which other towns grew?", False), ("Who were they?", False),
        ("Which country borders Kazakhstan?", True), ("Who came?", True), ("How many came?", True),
        ("Which says more?", True), ("Which bus was late?", True), ("Why not?", False),
    ],
)  # fmt: skip
def test_questions_for_one_value(question: str, one: bool) -> None:
    assert asks_for_one_value(question) is one
