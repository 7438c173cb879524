"""State of one open page: the question whose result is shown, and the answers that can be exported."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from rag import InputError, Result

#: Number of results that a session keeps for its export.
KEPT = 100


@dataclass(frozen=True, slots=True)
class AskedQuestion:
    """A question and its result.

    Attributes:
        collection: Id of the collection that was asked.
        result: The result so far.
        at: When the question was asked, with its time zone.
        where: The filter conditions.
        files: Hash of each found document's file, so that offsets are never applied to other content.
        is_read: Whether the passages have been read; until then the result has no answers.
    """

    collection: str
    result: Result
    at: datetime
    where: tuple[str, ...]
    files: Mapping[str, str]
    is_read: bool = False


@dataclass(slots=True)
class AskSession:
    """The results of one open page; the browser keeps only the questions.

    One object for all events of the page, and changed in place, so that events at the same time undo nothing.

    Attributes:
        current: The question whose result is shown; None before the first question, and after one that failed.
        previous: The last question in full, which a follow-up continues; None before the first one.
        answered: The questions that can be exported together, oldest first.
    """

    current: AskedQuestion | None = None
    previous: str | None = None
    answered: tuple[AskedQuestion, ...] = ()

    @property
    def asked(self) -> AskedQuestion:
        """The current question.

        Raises:
            InputError: Nothing was asked yet.
        """
        if self.current is None:
            raise InputError("nothing was asked yet; ask first")
        return self.current

    def show(self, asked: AskedQuestion | None) -> None:
        """Make a question the current one; it can be exported once it is read."""
        self.current = asked
        if asked and asked.is_read:
            self.previous = asked.result.continuable or self.previous
            self.answered = (*self.answered, asked)[-KEPT:]

    def shows(self, asked: AskedQuestion) -> bool:
        """True if a question is the current one, whatever its result."""
        return self.current is not None and self.current.at == asked.at

    def update(self, asked: AskedQuestion) -> None:
        """Replace a question by the same question with another result; it is no longer current if another was asked."""
        if self.shows(asked):
            self.current = asked
        self.answered = tuple(asked if each.at == asked.at else each for each in self.answered)

    def forget(self) -> None:
        """Drop what can be exported; the current result stays open."""
        self.answered = ()
