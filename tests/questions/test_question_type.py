"""Kinds guessed from the question word."""

import json

import pytest
from rag.eval.paths import SHIPPED_QUESTIONS

from rag.questions.question_type import guess_kind
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
    ],
)  # fmt: skip
def test_kind_follows_the_question_word(question: str, kind: str) -> None:
    assert guess_kind(question) == kind
    assert kind in KINDS


def test_guessed_kinds_mostly_match_the_shipped_ones() -> None:
    lines = [json.loads(line) for line in SHIPPED_QUESTIONS.read_text(encoding="utf-8").splitlines()]
    right = sum(guess_kind(line["question"]) == line["kind"] for line in lines)
    assert right / len(lines) > 0.85
