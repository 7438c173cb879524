"""What kind of answer a question wants, told from its own words."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum


class Kind(Enum):
    """The kind of words that would answer."""

    DATE = "date"
    NUMBER = "number"
    PERSON = "person"
    PLACE = "place"
    NAME = "name"
    SENTENCE = "sentence"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a question wants.

    Attributes:
        kind: The kind of words that would answer.
        units: For numbers, the words of which one should stand beside the number; empty where any will do.
    """

    kind: Kind
    units: frozenset[str] = frozenset()


PERCENT = frozenset(["%", "per cent", "percent", "percentage points"])
LENGTH = frozenset(["km", "kilometre", "kilometer", "mile", "metre", "meter", "m", "foot", "feet", "ft"])
TIME = frozenset(["second", "minute", "hour", "day", "week", "month", "year", "decade", "century"])
MONEY = frozenset(["$", "€", "£", "¥", "dollar", "euro", "pound", "rouble", "ruble", "tenge", "som", "cent"])

SHARE = r"(?:percentage|per cent|percent|proportion|share|fraction)"
PEOPLE = (
    r"(?:person|man|woman|president|leader|minister|author|writer|journalist|scholar|researcher|expert|professor|"
    r"analyst|politician|king|queen|actor|singer|scientist|player|general|official)"
)
PLACES = r"(?:country|countries|city|cities|town|state|region|capital|place|province|village|port|river|sea|continent)"

#: Names of one unit: `how many kilometres` wants one of these beside the number.
UNIT_NAMES = ("km kilometre kilometer", "m metre meter", "mile", "ft foot feet", "dollar $", "euro €", "pound £", *TIME)
SAME_UNIT = tuple(frozenset(names.split()) for names in UNIT_NAMES)
HOW_MANY = re.compile(r"\bhow many (\w+)(?: (\w+))?", re.IGNORECASE)

#: Tried in order; the first pattern that stands in the question decides.
RULES: tuple[tuple[str, Wanted], ...] = (
    (
        r"\b(?:what|which) (?:\w+ )?(?:year|date|day|month|century|decade|season)\b|\bwhen\b",
        Wanted(Kind.DATE),
    ),
    (rf"\b(?:what|which) (?:\w+ )?{SHARE}\b", Wanted(Kind.NUMBER, PERCENT)),
    (r"\bhow (?:far|tall|wide|high|deep)\b", Wanted(Kind.NUMBER, LENGTH)),
    (r"\bhow long (?:is|was|are|were) the\b", Wanted(Kind.NUMBER, LENGTH | TIME)),
    (r"\bhow (?:long|old|soon|often)\b", Wanted(Kind.NUMBER, TIME)),
    (
        r"\bhow (?:much (?:money|did \w+ (?:cost|pay|earn)))\b|\b(?:what|which) (?:price|cost)\b",
        Wanted(Kind.NUMBER, MONEY),
    ),
    (
        r"\bhow (?:many|much|large|big|fast|heavy)\b|\b(?:what|which) (?:\w+ )?(?:number|figure|age)\b",
        Wanted(Kind.NUMBER),
    ),
    (rf"\bwho(?:m|se)?\b|\b(?:what|which) (?:[\w-]+ )?{PEOPLE}\b", Wanted(Kind.PERSON)),
    (rf"\bwhere\b|\b(?:what|which) (?:[\w-]+ )?{PLACES}\b", Wanted(Kind.PLACE)),
    (
        r"\bwhich\b|\bwhat (?:\w+ ){0,2}(?:name|called|organi[sz]ation|company|group|party|alliance)\b",
        Wanted(Kind.NAME),
    ),
)


def wanted(question: str) -> Wanted:
    """The kind of answer that the question wants; a sentence where no rule tells."""
    if counted := HOW_MANY.search(question):
        words = {word.lower().removesuffix("s") for word in counted.groups("")}
        if units := next((same for same in SAME_UNIT if same & words), None):
            return Wanted(Kind.NUMBER, units)
    for pattern, found in RULES:
        if re.search(pattern, question, re.IGNORECASE):
            return found
    return Wanted(Kind.SENTENCE)
