"""Which answers say the same, and which contradict the best one."""

from rag import Answer, Passage, Sentence
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


def test_another_value_in_another_document_contradicts() -> None:
    other, same = _answer("39,800", 0.5, "b"), _answer("39,800 people", 0.45, "c")
    found = agreement_of([BEST, other, same])
    assert (found.agrees, found.groups) == (False, ((BEST,), (other, same)))


def test_another_kind_of_answer_is_in_no_group() -> None:
    assert agreement_of([BEST, _answer("Anna Berg", 0.7, "b")]).groups == ((BEST,),)


def test_another_value_in_the_same_sentence_is_in_no_group() -> None:
    assert agreement_of([BEST, _answer("1901", 0.7, "a")]).groups == ((BEST,),)


def test_document_of_the_best_answer_contradicts_it_by_no_other_words_of_the_same_sentence() -> None:
    other, same_sentence = _answer("39,800", 0.6, "b"), _answer("39,800 people", 0.5, "a")
    assert agreement_of([BEST, other, same_sentence]).groups == ((BEST,), (other,))


def test_unlikely_answers_are_left_out() -> None:
    unlikely = _answer("39,800", 0.39, "b")
    assert likely_answers([BEST, unlikely]) == [BEST]
    assert agreement_of([BEST, unlikely]).agrees
