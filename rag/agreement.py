"""Agreement of the documents: groups the likely answers to a question by what they say."""

from __future__ import annotations

from collections.abc import Sequence

from .types import Agreement, Answer

#: An answer is likely if its confidence is at least this share of the best one's.
LIKELY = 0.5


def likely_answers(answers: Sequence[Answer]) -> list[Answer]:
    """The best answer, and others with at least ``LIKELY`` times its confidence.

    Args:
        answers: Candidates, best first.
    """
    return [answer for answer in answers if answer.confidence >= LIKELY * answers[0].confidence]


def agreement_of(answers: Sequence[Answer]) -> Agreement:
    """Group the likely answers.

    Two answers say the same if the words of one contain those of the other. An answer contradicts the best one if it
    says something else of the same kind (both or neither hold a digit) in another sentence; this is a guess, which a
    person has to check. Other answers are in no group.

    Args:
        answers: Candidates, best first; the first one was given.
    """
    if not answers:
        return Agreement()
    best, *rest = likely_answers(answers)
    groups = [[best]]
    for answer in rest:
        if _same(answer, best):
            groups[0].append(answer)
        elif _contradicts(answer, best):
            group = next((group for group in groups[1:] if _same(answer, group[0])), None)
            if group is None:
                groups.append([answer])
            else:
                group.append(answer)
    return Agreement(tuple(tuple(group) for group in groups))


def _same(answer: Answer, other: Answer) -> bool:
    words, others = _words(answer.text), _words(other.text)
    return words <= others or others <= words


def _contradicts(answer: Answer, best: Answer) -> bool:
    elsewhere = (answer.document, answer.sentence.start) != (best.document, best.sentence.start)
    return elsewhere and _has_digit(answer.text) == _has_digit(best.text)


def _words(text: str) -> frozenset[str]:
    return frozenset("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)
