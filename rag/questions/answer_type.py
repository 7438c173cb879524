"""Is an answer of the type that its question asks for? English only.

Only what is plainly of another type is found: no number where a question asks how many, no date where it asks when,
and nothing but numbers and dates where it asks who or where.
"""

from __future__ import annotations

import re

from ..text.values import MONTHS
from .list_items import NUMBERS, asked_number
from .question_type import asking_words, guess_kind

_NUMBER_WORDS = (
    "no none zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen "
    "seventeen eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand "
    "thousands million millions billion billions trillion dozen dozens half halves third thirds quarter quarters fifth "
    "fifths tenth single double doubled triple tripled twice thrice once both couple pair few several many most all "
    "majority minority fold every each daily weekly monthly yearly annually hourly "
    "twofold threefold fourfold fivefold sixfold sevenfold eightfold ninefold tenfold hundredfold manifold"
).split()
_TIME_WORDS = (
    "monday tuesday wednesday thursday friday saturday sunday today yesterday tomorrow tonight now recently currently "
    "century centuries decade decades year years month months week weeks day days night nights hour hours minute "
    "minutes morning noon afternoon evening midnight spring summer autumn winter fall season christmas easter ramadan "
    "date era age period antiquity medieval prehistoric war always never daily weekly annually"
).split()
_MONTHS = [*MONTHS, "jan", "feb", "mar", "apr", "jun", "jul", "aug", "sept", "sep", "oct", "nov", "dec"]

#: What an answer to each type of question holds.
NUMBER = re.compile(rf"\d|\b(?:{'|'.join(_NUMBER_WORDS)}|\w+(?:teen|ty)-\w+)\b", re.IGNORECASE)
TIME = re.compile(
    rf"\d|\b(?:{'|'.join((*_TIME_WORDS, *_MONTHS))})\b"
    r"|^(?:only )?(?:after|before|during|since|until|till|when|while|as|once|upon|following|prior|at|by|in|on|between"
    r"|shortly|if|unless|where|whenever|under)\b",
    re.IGNORECASE,
)
YEAR = re.compile(r"\d{3}|\d{2}s\b|\bAD\b|\bBC\b", re.IGNORECASE)
DAY = re.compile(rf"\d|\b(?:{'|'.join((*_TIME_WORDS[:10], 'christmas', 'easter', *_MONTHS))})\b", re.IGNORECASE)

#: Words that may stand beside the number of a mere quantity or date.
_BESIDE_NUMBER = frozenset(
    [*_NUMBER_WORDS, *_TIME_WORDS, *_MONTHS, *"about around over under per cent percent in on".split()]
)

#: A number that only counts things: "four", "the four", "all five of them".
COUNT = re.compile(rf"(?:all |the )*(?:{'|'.join(NUMBERS)})(?: of (?:them|these|those))?", re.IGNORECASE)

ASKS_FOR_YEAR = re.compile(r"\b(?:which|what) year\b", re.IGNORECASE)
ASKS_FOR_DAY = re.compile(r"\b(?:which|what) (?:day|date|weekday)\b", re.IGNORECASE)
ASKS_FOR_TIME = re.compile(
    r"^when (?:is|are|was|were|did|does|do|has|have|had|will|would|can|could|should)\b"
    r"|\b(?:which|what) (?:month|century|decade|time)\b",
    re.IGNORECASE,
)
ASKS_FOR_DURATION = re.compile(r"\bhow (?:long|old|often|far)\b", re.IGNORECASE)
#: "What part of the brain ...?" asks for no number.
ASKS_FOR_PART = re.compile(r"\b(?:which|what) (?:part|size|share)\b", re.IGNORECASE)


#: What follows a value that a question asks for, and says more of it: "7,644 km, which is 4,750 miles".
RELATIVE_CLAUSE = re.compile(r",\s+(?:which|who|whose|whom|where)\b")
ASKS_FOR_A_VALUE = ("how many", "when", "where", "who", "which", "what")


def concise_end(text: str, question: str) -> int:
    """Where an answer ends, in code points: before a relative clause after a comma, if a value is asked for."""
    found = RELATIVE_CLAUSE.search(text) if guess_kind(question) in ASKS_FOR_A_VALUE else None
    return found.start() if found else len(text)


def is_count_of_things(text: str, question: str) -> bool:
    """True if a text only counts the things that a question asks for: "Four" to "Which four countries ...?"."""
    return asked_number(question) is not None and COUNT.fullmatch(text) is not None


def fits_question(text: str, question: str) -> bool:
    """False if a text is plainly not of the type that a question asks for; True if it is, or if that cannot be told."""
    kind, asked = guess_kind(question), asking_words(question)
    if kind == "how many" and not ASKS_FOR_PART.search(asked):
        return bool(NUMBER.search(text) or (ASKS_FOR_DURATION.search(asked) and TIME.search(text)))
    if ASKS_FOR_YEAR.search(asked):
        return bool(YEAR.search(text))
    if ASKS_FOR_DAY.search(asked):
        return bool(DAY.search(text))
    if kind == "when" and ASKS_FOR_TIME.search(asked):
        return bool(TIME.search(text))
    if kind in ("who", "where"):
        words = re.findall(r"[^\W\d_]+", text.casefold())
        return not NUMBER.search(text) or any(word not in _BESIDE_NUMBER for word in words)
    return True
