"""Agreement of the documents: groups the likely answers to a question by what they say."""

from __future__ import annotations

from collections.abc import Sequence

from .questions.question_type import asks_for_one_value
from .text.values import value_of
from .text.words import normalized_words
from .types import Agreement, Answer

#: An answer is likely if its confidence is at least this share of the best one's.
LIKELY = 0.5


def likely_answers(answers: Sequence[Answer]) -> list[Answer]:
    """The best answer, and others with at least ``LIKELY`` times its confidence.

    Args:
        answers: Candidates, best first.
    """
    return [answer for answer in answers if answer.confidence >= LIKELY * answers[0].confidence]


def agreement_of(answers: Sequence[Answer], question: str = "") -> Agreement:
    """Group the likely answers.

    Two answers say the same if the words of one contain those of the other. An answer contradicts the best one if
    the two are in different documents, neither of which contains both; if the reader takes it for an answer there;
    and if both are values of one kind (numbers of one unit, dates, names) that differ. This is a guess, which a
    person has to check. An answer that neither agrees nor contradicts is in no group; nor is an unlikely one,
    unless it is the number of the best one in other words, such as another unit, and the reader takes it for an
    answer. Answers to a question that asks for reasons or for several things never contradict each other.

    Args:
        answers: Candidates, best first; the first one was given.
        question: The question; if empty, one value is expected.
    """
    if not answers:
        return Agreement()
    best, *rest = likely_answers(answers)
    one_value = not question or asks_for_one_value(question)
    groups = [[best]]
    for answer in rest:
        if _same(answer, best):
            groups[0].append(answer)
        elif one_value and _contradicts(answer, best):
            group = next((group for group in groups[1:] if _same(answer, group[0])), None)
            if group is None:
                groups.append([answer])
            else:
                group.append(answer)
    unlikely = (answer for answer in answers if answer is not best and answer not in rest)
    groups[0] += [answer for answer in unlikely if answer.signals.is_answer and _same_number(answer, best)]
    return Agreement(tuple(tuple(group) for group in groups))


def _same_number(answer: Answer, other: Answer) -> bool:
    value, other_value = value_of(answer.text), value_of(other.text)
    return value is not None and other_value is not None and value.equals(other_value)


def _same(answer: Answer, other: Answer) -> bool:
    value, other_value = value_of(answer.text), value_of(other.text)
    if value and other_value and value.is_number and other_value.is_number:
        return value.equals(other_value)
    words, other_words = (frozenset(normalized_words(each.text).split()) for each in (answer, other))
    return words <= other_words or other_words <= words


def _contradicts(answer: Answer, best: Answer) -> bool:
    if answer.document in best.documents or best.document in answer.documents or not answer.signals.is_answer:
        return False
    value, other = value_of(answer.text), value_of(best.text)
    return value is not None and other is not None and value.contradicts(other)
