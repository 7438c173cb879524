"""Spell out a question that continues the one before: "And in Kyrgyzstan?"."""

from __future__ import annotations

import re

#: Longest follow-up, in words after the introduction.
LONGEST = 6

#: "OR" is the beginning of a name, such as that of an airport.
INTRODUCTION = re.compile(
    r"^\W*(?:(?:[Aa]nd|[Bb]ut|[Oo]r)\b[\s,]*)?(?i:what|how) about\b\s*|^\W*(?:[Aa]nd|[Bb]ut|[Oo]r)\b[\s,]*"
)

#: Words of a full question, which needs no other one to be understood.
VERB_WORD = "is|are|was|were|am|be|been|do|does|did|has|have|had|can|could|will|would|should|may|might|must"
QUESTION_WORD = "who|what|which|how|whose|whom|when|where|why"
VERB = re.compile(rf"\b(?:{VERB_WORD})\b|^(?:{QUESTION_WORD})\s+\w", re.IGNORECASE)

PREPOSITION = r"in|for|of|at|on|to|from|by|with|under|after|before|during|since|against|near|about"
IMPERATIVE = "name|list|give|tell|show|explain|describe|compare|find|search|summarise|summarize|according"
#: First words of a question that are no part of a name after them.
STARTER = re.compile(rf"(?:{VERB_WORD}|{QUESTION_WORD}|{PREPOSITION}|{IMPERATIVE})$", re.IGNORECASE)

PHRASE = re.compile(rf"^(?P<preposition>{PREPOSITION})\s+(?P<object>.+)$", re.IGNORECASE)

YEAR = r"(?:\b[12]\d{3}\b)"
NAME_WORD = r"(?!I\b)[^\W\d_a-zà-öø-ÿ](?:\w|['’-](?!s\b))*"
NAME = rf"(?:\b{NAME_WORD}(?:\s+(?:of\s+|the\s+)*{NAME_WORD})*)"


def is_follow_up(question: str) -> bool:
    """True if the question is a few words after "and", "what about" or the like, without a verb of their own."""
    rest = _rest(question)
    return rest is not None and bool(rest) and len(rest.split()) <= LONGEST and not VERB.search(rest)


def spelt_out(question: str, previous: str) -> str | None:
    """The previous question with the part replaced that the follow-up names; None if that part is not clear.

    "And in Kyrgyzstan?" after "What is the capital of Uzbekistan?" is "What is the capital of Kyrgyzstan?". A year
    replaces a year, and a name replaces the name after the same preposition, or else the only name. After a question
    that has neither, a phrase with a preposition is added at the end.

    Args:
        question: A follow-up; see ``is_follow_up``.
        previous: The question before, in full.
    """
    rest = _rest(question) or ""
    phrase = PHRASE.match(rest)
    preposition, replacement = (phrase["preposition"], phrase["object"]) if phrase else ("", rest)
    is_year = re.fullmatch(YEAR, replacement) is not None
    if not is_year and not re.fullmatch(rf"(?:the\s+)?{NAME}", replacement):
        return None
    found = list(re.finditer(YEAR, previous)) if is_year else _names(previous)
    same = [each for each in found if preposition and _is_after(previous, each, preposition)]
    for candidates in (same, found):
        if len(candidates) == 1:
            start, end = candidates[0].span()
            return previous[:start] + _without_repeated_article(replacement, previous[:start]) + previous[end:]
    if found or not preposition:
        return None
    return f"{previous.rstrip(' ?.!')} {preposition.lower()} {replacement}?"


def _rest(question: str) -> str | None:
    """The words after the introduction; None if there is no introduction."""
    match = INTRODUCTION.match(question)
    return question[match.end() :].strip(" ?.!,") if match else None


def _names(question: str) -> list[re.Match[str]]:
    """Runs of capitalised words.

    The first word of a question is capitalised in any case, so it is part of a name only if a capitalised word follows
    directly, as in "Air Astana baggage limit?".
    """
    first = re.match(r"\W*(?P<word>[\w'’-]+)", question)
    begins_name = (
        first and not STARTER.match(first["word"]) and re.compile(rf"\s+{NAME_WORD}").match(question, first.end())
    )
    return list(re.compile(NAME).finditer(question, 0 if begins_name or not first else first.end()))


def _is_after(text: str, found: re.Match[str], preposition: str) -> bool:
    return re.search(rf"\b{re.escape(preposition)}\s+(?:the\s+)?$", text[: found.start()], re.IGNORECASE) is not None


def _without_repeated_article(replacement: str, before: str) -> str:
    """The replacement without its article if the text before it ends with that article."""
    return (
        re.sub(r"^the\s+", "", replacement, flags=re.IGNORECASE)
        if re.search(r"\bthe\s+$", before, re.IGNORECASE)
        else replacement
    )
