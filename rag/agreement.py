"""Do the documents agree? Answers to one question that say something else than the best one."""

from __future__ import annotations

from collections.abc import Sequence

from .types import Answer, Result

#: An answer counts as another opinion if it is at least this share as likely to be right as the best one.
GOOD = 0.5


def others(result: Result) -> Sequence[Answer]:
    """The candidates after the best one."""
    return result.answers[1:]


def good(result: Result) -> list[Answer]:
    """The best answer and those nearly as likely to be right; none where the question was not answered."""
    if result.answer is None:
        return []
    return [answer for answer in result.answers if answer.confidence >= GOOD * result.answer.confidence]


def disagreeing(result: Result) -> list[Answer]:
    """Good answers from another sentence that say something else, and something of the same kind, as the best one.

    Words that hold the best answer's, or are held by them, say it at greater or lesser length; a figure beside a name
    is another aspect. What is left may contradict it, which only a reader of the sentences can tell.
    """
    if not (opinions := good(result)):
        return []
    best, *rest = opinions
    said = _words(best.text)
    return [
        answer
        for answer in rest
        if not (said <= (words := _words(answer.text)) or words <= said)
        and _has_digit(answer.text) == _has_digit(best.text)
        and (answer.document, answer.sentence.start) != (best.document, best.sentence.start)
    ]


def _words(text: str) -> frozenset[str]:
    return frozenset("".join(c if c.isalnum() else " " for c in text.casefold()).split())


def _has_digit(text: str) -> bool:
    return any(c.isdigit() for c in text)
