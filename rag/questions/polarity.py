"""Recognise spans that cannot answer a question for yes or no, or a negated one. English only.

"Did the board meet on 3 May?" is not answered by "Osterby", nor "When did it not meet?" by the date on which it met.
No part of speech is tagged: lists of frequent verbs and negative words decide, and a span that they do not know is
withheld from a question for yes or no.
"""

from __future__ import annotations

import re

from ..types import Notice, NoticeCode, Reason
from .answer_type import RELATIVE_CLAUSE
from .question_type import asking_words, asks_yes_no, guess_kind

YES_NO_TEXT = "The documents don't answer yes or no; this is what they say."

REFUSALS = {
    Reason.YES_NO: "no yes or no: the closest words do not say whether it is so; the closest passages may help",
    Reason.NEGATED: "not stated: the closest sentence says what is so, and the question asks what is not",
}

_AUXILIARIES = (
    "am is are was were be been being do does did has have had can could will would shall should may might must"
)
#: Past forms that do not end in -ed.
_PAST = (
    "became began broke brought built bought came chose cut drew drove fell felt fought found gave got grew heard held "
    "hit kept knew laid led left lent lost made meant met paid put ran read rose said sat saw sent set shook shot shut "
    "sold spent spoke spread stood stole struck swore taught thought threw took told understood went withdrew won wrote"
)
#: Verbs of statements, in the present; others cannot be told from plural nouns.
_PRESENT = (
    "accept admit agree allow ask believe belong border call carry claim condemn confirm consider contain continue "
    "deny depend describe differ doubt endorse exist expect fear give hold include insist keep know lack lie make mean "
    "need oppose own permit prefer prevent recognise recognize refuse reject rely remain require say see seem share "
    "show speak stand suggest support take tell think touch understand want warn"
)


def _third_person(verb: str) -> str:
    return f"{verb[:-1]}ies" if verb.endswith("y") and verb[-2] not in "aeiou" else f"{verb}s"


NEGATIVES = frozenset("no not never neither nor none nobody nothing nowhere cannot".split())
_NEGATIVE = "|".join(sorted(NEGATIVES))
#: Letters by which two forms of a verb are the same: "deny" and "denied".
STEM = 3
_VERBS = [*_AUXILIARIES.split(), *_PAST.split(), *_PRESENT.split(), *map(_third_person, _PRESENT.split())]

#: What makes a span a statement: a verb, in lower case since "May" is a month and "Will" a name, or a negative word.
STATEMENT = re.compile(
    rf"\b(?:{'|'.join(_VERBS)}|(?i:{_NEGATIVE}))\b|n['’]t\b|\b(?!(?:hundred|sacred|kindred)\b)[a-z]\w+ed\b"
)

#: Verbs that state what is not so, or not yet; they answer only a question that has one.
HYPOTHETICAL = re.compile(r"\b(?:would|could|should|might)\b", re.IGNORECASE)

#: A negated verb, or a negative subject or object, of the question itself; "not to" and "not only" do not negate it.
NEGATED = re.compile(
    r"\b(?:not(?! (?:to|only)\b)|never|cannot|nobody|no one)\b|n['’]t\b|\b(?:has|have|had|is|are|was|were|there) no\b"
)
#: A subordinate clause, whose negation is not the question's.
SUBORDINATE = re.compile(r"(?<!^)\b(?:that|because|although|though|whether|if|while)\b.*")

#: Kinds of questions that, negated, ask for what is not so. The reason why something is not so needs no negation.
NEGATABLE = frozenset({"who", "when", "where", "how many", "which", "what", "list"})

#: "Since when did nobody come?" asks when somebody came last.
SINCE = re.compile(r"^since\b")

#: What makes a sentence say that something is not so.
DENIAL = re.compile(
    rf"\b(?:{_NEGATIVE}|without|except\w*|exclud\w+|lack\w*|fail\w*|refus\w+|den(?:y|ies|ied)|reject\w*|declin\w+"
    r"|absen\w+|cancel\w*|called off|put off|postpon\w+|avoid\w*|abstain\w*|unable|unwilling)\b|n['’]t\b"
)


def is_negated(question: str) -> bool:
    """True if a question asks what is not so, as "Which countries did not vote?" does."""
    text = SUBORDINATE.sub("", asking_words(question))
    return guess_kind(question) in NEGATABLE and bool(NEGATED.search(text)) and not SINCE.match(text)


def refusal(question: str, span: str, sentence: str) -> Reason | None:
    """Why a span cannot answer a question; None if it may.

    Args:
        question: The question.
        span: The words that might answer it.
        sentence: The sentence around them.
    """
    if asks_yes_no(question):
        return None if _states(span, question) else Reason.YES_NO
    if is_negated(question):
        return None if _denies(sentence.casefold(), question.casefold()) else Reason.NEGATED
    return None


def _states(span: str, question: str) -> bool:
    """True if a span states something; what a relative clause states does not count."""
    clause = RELATIVE_CLAUSE.split(span, maxsplit=1)[0]
    if HYPOTHETICAL.search(clause) and not HYPOTHETICAL.search(question):
        return False
    return bool(STATEMENT.search(clause))


def _denies(sentence: str, question: str) -> bool:
    """True if a sentence says that something is not so; "refused" does not say so if the question asks who did not."""
    verbs = {word[:STEM] for word in re.findall(r"\w+", question)}
    denials = [match.group() for match in DENIAL.finditer(sentence)]
    return any(denial in NEGATIVES or denial[:STEM] not in verbs for denial in denials)


def yes_no_notice(question: str) -> Notice | None:
    """What to say above the sentences that a question for yes or no gets; None for another question."""
    return Notice(NoticeCode.YES_NO, YES_NO_TEXT) if asks_yes_no(question) else None
