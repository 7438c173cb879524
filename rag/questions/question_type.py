"""Guess the kind of a question from its question word."""

from __future__ import annotations

import re

_AUXILIARY = (
    r"(?:(?:is|are|was|were|am|do|does|did|has|have|had|can|could|will|would|should|may|must)(?:n['’]t)?"
    r"|ca(?:n['’]t|nnot)|won['’]t)\b"
)
#: Patterns at the start of a question. English only.
START_PATTERNS = (
    ("list", re.compile(r"(?:(?:can|could|would|will) you )?(?:please )?(?:list|name|enumerate)\b")),
    ("yes-no", re.compile(rf"{_AUXILIARY}|true or false\b")),
)
#: A question within a question: "Can you tell me who spoke?".
INDIRECT = re.compile(
    r"(?:(?:can|could|would|will) you|(?:can|could|may) i|do you|does any(?:one|body)) (?:please )?"
    r"(?:tell|say|show|give|find|know|ask|explain|name|list)\b"
    r".*?\b(?=(?:who|whom|whose|when|where|why|which|what|how|list|name)\b)"
)
#: After a phrase: "In 2021, did the board meet?".
LATE_YES_NO = re.compile(rf",\s{_AUXILIARY}")
#: Patterns anywhere in a question, the most specific first. English only.
PATTERNS = tuple(
    (kind, re.compile(pattern))
    for kind, pattern in (
        ("list", r"\b(?:which|what) (?:two|three|four|five|six|all)\b(?!-)"),
        ("how many", r"\bhow (?:many|much|few|long|far|old|often|big|large|small|tall|high|deep|wide|heavy|fast)\b"),
        ("how many", r"\b(?:which|what) (?:share|part|percentage|proportion|number|amount|factor|distance|length)\b"),
        ("how many", r"\b(?:which|what) (?:height|size|age)\b"),
        ("when", r"\bwhen\b|\b(?:which|what) (?:year|month|day|date|century|decade|time)\b"),
        ("where", r"\bwhere\b|\b(?:which|what) (?:place|city|town|village|street|country|region|university)\b"),
        ("who", r"\b(?:who|whom|whose)\b"),
        ("why", r"\bwhy\b"),
        ("which", r"\bwhich\b"),
        ("what", r"\bwhat\b"),
        ("how", r"\bhow\b"),
    )
)


#: Quoted words, such as a title. An apostrophe within a word, as in "didn't", neither opens nor closes a quotation; one
#: before a number ("the '90s"), a mark of inches (5") and one after an s ("traders' union") are no quotation marks,
#: unless a capital letter follows the first.
QUOTED = re.compile(
    r"(?<!\d)\"[^\"]+\"|“[^“”]+”|„[^„“”]+[“”]|«[^«»]+»"
    r"|‘(?:[^‘’]|(?<=\w)’(?=\w))+’(?!\w)"
    r"|(?<!\w)'(?:(?=[A-Z])(?:[^']|(?<=\w)'(?=\w))+|(?!\d)(?:[^']|(?<=\w)'(?=\w))+(?<!s))'(?!\w)"
)


def asking_words(question: str) -> str:
    """The words of a question that say what it asks for, casefolded: all but what it quotes, if others remain."""
    words = " ".join(QUOTED.sub(" ", question).casefold().split())
    return words if any(map(str.isalnum, words)) else " ".join(question.casefold().split())


def guess_kind(question: str) -> str:
    """One of ``KINDS``, from the first question word and the noun after it.

    "In which city does she live?" is a "where"; "What did he tell those who came?" is a "what". A question that asks
    for a list or gives a number is a "list"; one that starts with an auxiliary verb is a "yes-no". The default is
    "what".
    """
    return _stated_kind(asking_words(question)) or "what"


def _stated_kind(text: str) -> str | None:
    """The kind that the words of a question state; None if it has no question word, as keywords have none."""
    if indirect := INDIRECT.match(text):
        text = text[indirect.end() :]
    for kind, pattern in START_PATTERNS:
        if pattern.match(text):
            return kind
    # Of patterns that match at the same word, the first listed is the most specific.
    found = [(match.start(), kind) for kind, pattern in PATTERNS if (match := pattern.search(text))]
    if not found and LATE_YES_NO.search(text):
        return "yes-no"
    return min(found, key=lambda each: each[0], default=(0, None))[1]


#: A choice, which names its answers: "Is the chair Ines Marwick or Paul Renner?".
CHOICE = re.compile(r"\bor\b(?! not\b)")


def asks_yes_no(question: str) -> bool:
    """True if yes or no would answer the question; False for a choice between two things."""
    text = asking_words(question).removeprefix("true or false")
    return guess_kind(question) == "yes-no" and not CHOICE.search(text)


#: Questions to which several things are right at once: "Which countries border ...", "Who were ...", "What other ...".
SEVERAL = re.compile(
    r"\bwhich (?!(?:does|is|was|has|says)\b)\w+(?<![sui])s\b"
    r"|\b(?:which|what) (?:\w+ ){0,2}?\w+(?<![sui])s (?:are|were|have|do|did|can|could|will|would)\b"
    r"|\b(?:who|which|what) (?:are|were)\b|\b(?:which|what) other\b"
)


def asks_for_one_value(question: str) -> bool:
    """True if the question asks for a number, a date or a name of which only one is right."""
    text = asking_words(question)
    return guess_kind(question) in ("who", "when", "where", "how many", "what", "which") and not SEVERAL.search(text)


#: Questions about all that the documents say of a subject, requests to describe or explain it, and comparisons.
ABOUT = re.compile(
    r"\b(?:say|says|said|write|writes|written|tell|tells|report|reports|reported|known|know|learn|read)\b.*\babout\b"
    r"|^(?:please )?(?:describe|explain|compare|contrast)\b"
    r"|\bwhat (?:do|does|did|have|has)\b.*\bin common\b"
    r"|\bwhat (?:is|are|was|were) the (?:\w+ )?(?:differences?|similarit(?:y|ies)) between\b"
)


def asks_about(question: str) -> bool:
    """True if a question is about all that the documents say of a subject, or a comparison."""
    text = asking_words(question)
    return _stated_kind(text) in ("what", "yes-no", None) and bool(ABOUT.search(text))


def asks_for_sentences(question: str) -> bool:
    """True if sentences answer better than a few words.

    These are questions for yes or no, why, how, what is said about a subject, or a comparison, and keywords.
    """
    kind = _stated_kind(asking_words(question))
    return kind in ("why", "how", None) or asks_about(question) or asks_yes_no(question)
