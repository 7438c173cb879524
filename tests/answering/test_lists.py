"""Lists collected from candidates."""

import pytest

from rag import Answer, Item, Passage, Sentence
from rag.answering.lists import list_items

COUNTRIES = "Which countries signed the treaty?"


def _answer(text: str, confidence: float, document: str, items: tuple[str, ...] = ()) -> Answer:
    places = tuple(Item(document, text.index(each), text.index(each) + len(each), each, confidence) for each in items)
    return Answer(
        text, confidence, document, document, 0, len(text), None, Sentence(0, len(text), text),
        Passage(document, 0, len(text), text, 9), items=places,
    )  # fmt: skip


BEST = _answer("Kazakhstan and Uzbekistan", 0.8, "a", ("Kazakhstan", "Uzbekistan"))


def _texts(question: str, *answers: Answer) -> list[tuple[str, str]]:
    return [(item.text, item.document) for item in list_items(answers, question)]


def test_items_come_from_all_likely_candidates_and_documents() -> None:
    others = (_answer("Kyrgyzstan", 0.6, "b"), _answer("Tajikistan or Armenia", 0.5, "c", ("Tajikistan", "Armenia")))
    assert _texts(COUNTRIES, BEST, *others) == [
        ("Kazakhstan", "a"), ("Uzbekistan", "a"), ("Kyrgyzstan", "b"), ("Tajikistan", "c"), ("Armenia", "c"),
    ]  # fmt: skip


def test_item_that_is_named_twice_is_given_once() -> None:
    assert _texts(COUNTRIES, BEST, _answer("the republic of Kazakhstan", 0.7, "b")) == [
        ("Kazakhstan", "a"),
        ("Uzbekistan", "a"),
    ]


def test_unlikely_and_long_candidates_give_no_items() -> None:
    long = _answer("all those that had been members of the old union before it fell apart in 1991", 0.7, "b")
    assert _texts(COUNTRIES, BEST, long, _answer("Kyrgyzstan", 0.3, "c")) == [("Kazakhstan", "a"), ("Uzbekistan", "a")]


def test_number_in_the_question_limits_what_is_added() -> None:
    others = (_answer("Kyrgyzstan", 0.7, "b"), _answer("Tajikistan", 0.7, "c"))
    assert _texts("Which two countries signed?", BEST, *others) == [("Kazakhstan", "a"), ("Uzbekistan", "a")]
    assert len(_texts("Which three countries signed?", BEST, *others)) == 3


@pytest.mark.parametrize("answers", [(), (BEST,)])
def test_no_list_without_answers_or_a_question_for_one(answers: tuple[Answer, ...]) -> None:
    assert list_items(answers, "Who signed?") == ()
    assert list_items((), COUNTRIES) == ()
