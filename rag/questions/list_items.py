"""The items of an answer that is a list, such as "Kazakhstan, Kyrgyzstan and Uzbekistan". English only."""

from __future__ import annotations

import re

from .question_type import asking_words, guess_kind

#: Questions for several things: "Which countries ...", "In what other towns ...", "Whose economies ...".
PLURAL = re.compile(
    r"\b(?:which|what|whose)(?: (?!(?:does|is|was|has|says|as)\b)\w+){0,2}? (?!(?:does|is|was|has|says|as)\b)"
    r"\w+(?<![sui])s\b|\b(?:what|who) (?:are|were) the\b"
)

#: The number of things that a question asks for: "which five countries", "the names of the three powers".
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
NUMBER = re.compile(
    r"\b(?:(?:which|what|who)(?: are| were)?|list|name|give|enumerate|names of)(?: the)? "
    rf"(?:(?P<word>{'|'.join(NUMBERS)})|(?P<digits>[1-9]\d?))(?![-.,\w])"
    r"(?! ?%| (?:percent|per|km|kg|mile|meter|metre|year|month|week|day|hour|minute|time)\b)"
)

#: The mark before an item on a line of its own.
MARK = r"(?:[-*+•–]|\d{1,2}[.)])[ \t]++"

#: Between two items. A preposition may be repeated, as in "in Bishkek and in Almaty", or join them, as in "Bishkek,
#: like Almaty".
BETWEEN = re.compile(
    rf"(?:[.,;]?(?<!\s)(?:[ \t]*+\r?\n)++[ \t]*+{MARK}|[,;]\s++(?:(?:and|or|nor)\s++)?|(?<!\s)\s++(?:and|or|nor)\s++)"
    r"(?:(?:also|in|on|for|with|of|to|at|by|from|like|as well as)\s++)?"
)

#: Before the first item.
BEFORE = re.compile(rf"(?:{MARK}|(?:both|either|neither)\s+)", re.IGNORECASE)

#: How a clause begins that says more of the item before it, and is none.
CLAUSE = re.compile(r"(?:which|who|whose|whom|where)\b")


def asks_for_list(question: str) -> bool:
    """True if several things may answer the question together; a verb such as "borders" counts as a plural noun."""
    text = asking_words(question)
    return guess_kind(question) == "list" or bool(PLURAL.search(text) or NUMBER.search(text))


def asked_number(question: str) -> int | None:
    """How many things a question asks for; None if it does not say."""
    found = NUMBER.search(asking_words(question))
    if found is None:
        return None
    return int(found["digits"]) if found["digits"] else NUMBERS.index(found["word"]) + 2


def items_of(text: str) -> list[tuple[int, int]]:
    """Start and end of each item, in code points of the text; one item if it is no enumeration."""
    before = BEFORE.match(text)
    at = before.end() if before else 0
    items: list[tuple[int, int]] = []
    in_clause = False
    for match in [*BETWEEN.finditer(text), None]:
        end = match.start() if match else len(text)
        in_clause = in_clause or CLAUSE.match(text, at, end) is not None
        if at < end and not in_clause:
            items.append((at, end))
        if match:
            # A conjunction alone joins what belongs to the clause.
            in_clause = in_clause and not match.group().startswith((",", ";")) and "\n" not in match.group()
            at = match.end()
    return items
