"""Which answers say the same, and which contradict the best one."""

from dataclasses import replace

import pytest

from rag import Answer, Passage, Sentence, Signals
from rag.agreement import agreement_of, likely_answers


def _answer(text: str, confidence: float, document: str, sentence: int = 0) -> Answer:
    return Answer(
        text, confidence, document, document, 0, len(text), None, Sentence(sentence, sentence + 99, text),
        Passage(document, 0, 99, text, 9),
    )  # fmt: skip


BEST = _answer("41,300 people", 0.8, "a")


def test_no_answers_have_no_groups_and_agree() -> None:
    assert (agreement_of([]).groups, agreement_of([]).agrees) == ((), True)


def test_longer_and_shorter_words_say_the_same() -> None:
    same = _answer("41,300", 0.6, "b")
    found = agreement_of([BEST, same])
    assert (found.agrees, found.groups) == (True, ((BEST, same),))


def test_unlikely_answer_with_the_same_number_says_the_same_if_the_reader_agrees() -> None:
    best = _answer("7,644 km", 0.8, "a")
    same = replace(_answer("7,644 kilometres", 0.01, "b"), signals=Signals(span=1.0))
    doubtful = replace(same, document="c", signals=Signals(span=-1.0))
    other = replace(_answer("7,000 kilometres", 0.01, "d"), signals=Signals(span=1.0))
    assert agreement_of([best, same, doubtful, other]).groups == ((best, same),)


def test_number_that_ends_with_the_other_ones_digits_does_not_say_the_same() -> None:
    long, short = _answer("1,500 people", 0.8, "a"), _answer("500 people", 0.6, "b")
    assert agreement_of([long, short]).groups == ((long,), (short,))


def test_another_value_in_another_document_contradicts() -> None:
    other, same = _answer("39,800", 0.5, "b"), _answer("39,800 people", 0.45, "c")
    found = agreement_of([BEST, other, same])
    assert (found.agrees, found.groups) == (False, ((BEST,), (other, same)))


@pytest.mark.parametrize(
    ("best", "other"),
    [
        ("41,300 people", "Anna Berg"),
        ("41,300 people", "30%"),
        ("41,300 people", "1901"),
        ("7,644 km", "4,750 miles"),
        ("because rents had doubled", "because wages fell"),
        ("Shavkat Mirziyoyev", "President Mirziyoyev"),
        ("24 February 2022", "February 2022"),
    ],
)
def test_answers_that_do_not_exclude_each_other_are_in_no_other_group(best: str, other: str) -> None:
    assert agreement_of([_answer(best, 0.8, "a"), _answer(other, 0.7, "b")]).agrees


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("12 ministers", "15 provinces", False),
        ("12 ministers", "12 provinces", False),
        ("12 ministers", "12 cabinet ministers", True),
        ("US$5 million", "$5m", True),
    ],
)
def test_numbers_say_the_same_if_they_count_the_same(one: str, other: str, same: bool) -> None:
    best, second = _answer(one, 0.8, "a"), _answer(other, 0.7, "b")
    assert (agreement_of([best, second]).groups[0] == (best, second)) is same


@pytest.mark.parametrize(
    ("best", "other"),
    [
        ("41,300", "39,800"),
        ("7,644 km", "7,000 km"),
        ("1991", "in 1994"),
        ("Anna Berg", "Ben Roth"),
        ("30%", "45 percent"),
        ("12 cabinet ministers", "15 ministers"),
        ("US$5 million", "$6m"),
    ],
)
def test_values_of_one_kind_contradict(best: str, other: str) -> None:
    assert not agreement_of([_answer(best, 0.8, "a"), _answer(other, 0.7, "b")]).agrees


def test_another_value_in_the_same_document_is_in_no_group() -> None:
    assert agreement_of([BEST, _answer("39,800", 0.7, "a", sentence=200)]).groups == ((BEST,),)


def test_words_that_the_reader_does_not_take_for_an_answer_contradict_nothing() -> None:
    other = replace(_answer("39,800", 0.7, "b"), signals=Signals(span=-0.1))
    assert agreement_of([BEST, other]).agrees


@pytest.mark.parametrize("question", ["Why did it rise?", "Which two people won?", "Which countries are members?"])
def test_reasons_and_lists_never_contradict(question: str) -> None:
    assert agreement_of([_answer("Anna Berg", 0.8, "a"), _answer("Ben Roth", 0.7, "b")], question).agrees


def test_unlikely_answers_are_left_out() -> None:
    unlikely = _answer("39,800", 0.39, "b")
    assert likely_answers([BEST, unlikely]) == [BEST]
    assert agreement_of([BEST, unlikely]).agrees
