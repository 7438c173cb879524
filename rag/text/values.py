"""Values that can contradict each other: numbers with their unit, dates and names. English only."""

from __future__ import annotations

import re
from dataclasses import dataclass

from .words import normalized_words

#: Longest name, in words.
LONGEST_NAME = 6

#: Numbers with at most this relative difference agree: one of them may be rounded.
ROUNDING = 0.02

MONTHS = "january february march april may june july august september october november december".split()
MONTH = rf"(?:{'|'.join(MONTHS)}|jan|feb|mar|apr|jun|jul|aug|sept?|oct|nov|dec)\.?"
YEAR = r"(?:1\d{3}|20\d{2})"
DATE = re.compile(
    rf"\b(?:(?P<day>\d{{1,2}})(?:st|nd|rd|th)?\s+)?(?P<month>{MONTH})(?:\s+(?P<day_after>\d{{1,2}})(?!\d))?(?:,?\s+(?P<year>{YEAR}))?\b"
    rf"|\b(?P<iso>{YEAR}-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)\b"
    rf"|^(?:in|since|until|by|the year)?\s*(?P<bare>{YEAR})$",
    re.IGNORECASE,
)
DECADE = re.compile(rf"\b{YEAR}s\b")
#: A version, an address of a network, or a date that may begin with the day or the month.
DOTTED = re.compile(r"\d\.\d+\.\d")
NUMBER = re.compile(
    r"(?:(?P<sign>[$€£])\s*|(?<![^\W_])(?<!\d\.))(?P<digits>\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?)\s*(?P<after>%|[^\W\d_]+)?"
)
SCALES = {"hundred": 1e2, "thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12, "bn": 1e9, "m": 1e6}

#: Kind and size of each unit; only numbers of one kind are compared.
UNITS = {
    **dict.fromkeys(("%", "percent", "pct"), ("share", 1.0)),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), ("length", 1000.0)),
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters"), ("length", 1.0)),
    **dict.fromkeys(("cm", "centimetres", "centimeters"), ("length", 0.01)),
    **dict.fromkeys(("mile", "miles"), ("length", 1609.344)),
    **dict.fromkeys(("foot", "feet", "ft"), ("length", 0.3048)),
    **dict.fromkeys(("kg", "kilogram", "kilograms", "kilogrammes"), ("mass", 1.0)),
    **dict.fromkeys(("tonne", "tonnes", "ton", "tons"), ("mass", 1000.0)),
    **dict.fromkeys(("minute", "minutes"), ("time", 1 / 1440)),
    **dict.fromkeys(("hour", "hours"), ("time", 1 / 24)),
    **dict.fromkeys(("day", "days"), ("time", 1.0)),
    **dict.fromkeys(("week", "weeks"), ("time", 7.0)),
    **dict.fromkeys(("month", "months"), ("time", 30.4)),
    **dict.fromkeys(("year", "years"), ("time", 365.0)),
    **{name: (name.rstrip("s"), 1.0) for name in ("dollars", "dollar", "euros", "euro", "roubles", "rouble", "rubles")},
    "$": ("dollar", 1.0), "€": ("euro", 1.0), "£": ("pound", 1.0), "pounds": ("pound", 1.0), "tenge": ("tenge", 1.0),
}  # fmt: skip

#: Lower-case words inside a name.
PARTICLES = frozenset("of the de la van von der al bin ibn el di da du le".split())


#: What belongs to a number before it: a currency, perhaps with the letters of its country, and a minus.
CURRENCIES = frozenset("$€£¥₽₸₹")
BEFORE_NUMBER = re.compile(rf"(?<![^\W_])(?:[−-]|[−-]?(?:[A-Z]{{1,3}})?[{''.join(sorted(CURRENCIES))}])$")

#: What belongs to a number after it: a sign, words that scale it, and a unit.
_UNIT_WORDS = sorted((re.escape(unit) for unit in UNITS if unit.isalpha()), key=len, reverse=True)
AFTER_NUMBER = re.compile(
    rf"(?:\s?[%‰]|\s?°(?:\s?[CF]\b)?|(?:[ \u00a0-]?\b(?:{'|'.join(SCALES)})(?![\w/]|\.\w))*"
    rf"(?:[ \u00a0-]?\b(?:per cent|(?:square |sq\.? |cubic )?(?:{'|'.join(_UNIT_WORDS)}))[²³]?"
    r"(?:/[A-Za-z]+|\sper\s[A-Za-z]+)?(?![\w²³/]|\.\w))?)"
)
ENDS_IN_NUMBER = re.compile(rf"(?:\d|\d[ \u00a0-](?:{'|'.join(SCALES)}))$")


@dataclass(frozen=True, slots=True)
class Value:
    """What an answer states.

    Attributes:
        kind: ``date``, ``name``, ``count``, or the kind of a unit, such as ``length``; only values of one kind compare.
        number: The number in the basic unit of its kind; 0 for dates and names.
        words: The words of a name; the year, month and day of a date, as far as given; the words after a count.
    """

    kind: str
    number: float = 0.0
    words: frozenset[str] = frozenset()

    @property
    def is_number(self) -> bool:
        """Whether it is a number, with or without a unit."""
        return self.kind not in ("date", "name")

    @property
    def date(self) -> tuple[int, int, int]:
        """Year, month and day of a date; 0 for what it does not give."""
        parts = dict(part.split("=") for part in self.words) if self.kind == "date" else {}
        return int(parts.get("year", 0)), int(parts.get("month", 0)), int(parts.get("day", 0))

    def equals(self, other: Value) -> bool:
        """True if both are numbers of the same thing, and equal but for rounding."""
        return self.is_number and self._is_comparable(other) and self._is_close(other)

    def contradicts(self, other: Value) -> bool:
        """True if at most one of the two values can be right."""
        if not self._is_comparable(other):
            return False
        if self.is_number:
            return not self._is_close(other)
        return not self.words & other.words if self.kind == "name" else self._is_another_date(other)

    def _is_comparable(self, other: Value) -> bool:
        """True if they are of one kind, and counts count the same: "12 ministers" and "15 cabinet ministers" do."""
        if self.kind != other.kind:
            return False
        return (
            self.kind != "count"
            or not self.words
            or not other.words
            or (self.words <= other.words or other.words <= self.words)
        )

    def _is_close(self, other: Value) -> bool:
        return abs(self.number - other.number) <= ROUNDING * max(abs(self.number), abs(other.number))

    def _is_another_date(self, other: Value) -> bool:
        """True if the dates differ in a part (year, month or day) that both give."""
        mine, others = (dict(part.split("=") for part in each.words) for each in (self, other))
        return any(mine[part] != others[part] for part in mine.keys() & others.keys())


def value_of(text: str) -> Value | None:
    """The one value that a text states; None for a clause, several numbers, or anything else."""
    text = " ".join(text.split()).strip(" .,;:()\"'“”‘’")
    if date := _date(text):
        return date
    if DECADE.search(text) or DOTTED.search(text):
        return None
    numbers = list(NUMBER.finditer(text))
    if len(numbers) == 1:
        return _number(numbers[0])
    return None if numbers else _name(text)


def with_unit(text: str, start: int, end: int, question: str) -> tuple[int, int]:
    """Extend a span that begins or ends in a number by the currency, sign and unit that stand beside it.

    A unit that the question names, as in "How many miles ...?", is left out.

    Args:
        text: The passage.
        start, end: Offsets of the span, in code points.
        question: What is asked.
    """
    digit = start + (text[start : start + 1] in CURRENCIES)
    if text[digit : digit + 1].isdigit() and (before := BEFORE_NUMBER.search(text, max(0, digit - 6), digit)):
        start = before.start()
    is_date = _date(" ".join(text[start:end].split())) is not None
    if not is_date and ENDS_IN_NUMBER.search(text, start, end) and (after := AFTER_NUMBER.match(text, end)):
        # A word that scales the number is part of it, whatever the question says.
        unit = set(normalized_words(after[0]).split()) - SCALES.keys()
        if not unit or not unit <= set(normalized_words(question).split()):
            end = after.end()
    return start, end


def _date(text: str) -> Value | None:
    dates = list(DATE.finditer(text))
    if len(dates) != 1 or len(text.split()) > LONGEST_NAME:
        return None
    found = dates[0]
    if not (found["iso"] or found["bare"] or found["year"] or found["day"] or found["day_after"] or text == found[0]):
        return None
    if found["iso"]:
        year, month, *rest = found["iso"].split("-")
        day = rest[0] if rest else None
    else:
        year, day = found["year"] or found["bare"], found["day"] or found["day_after"]
        month = found["month"] and str(
            1 + next(i for i, m in enumerate(MONTHS) if m.startswith(found["month"].lower()[:3]))
        )
    parts = {"year": year, "month": month and str(int(month)), "day": day and str(int(day))}
    return Value("date", words=frozenset(f"{name}={part}" for name, part in parts.items() if part))


def _number(found: re.Match[str]) -> Value:
    number = float(found["digits"].replace(",", ""))
    rest = normalized_words(found.string[found.start("after") if found["after"] else found.end() :]).split()
    if found["after"] == "%":
        rest = ["%"]
    while rest and rest[0] in SCALES and not (rest[0] == "m" and not found["sign"]):
        number *= SCALES[rest.pop(0)]
    if rest[:2] == ["per", "cent"]:
        rest = ["percent"]
    unit = found["sign"] or (rest[0] if rest else "")
    kind, size = UNITS.get(unit, ("count", 1.0))
    return Value(kind, number * size, frozenset(rest) if kind == "count" else frozenset())


def _name(text: str) -> Value | None:
    words = text.split()
    capitalised = [word for word in words if word[:1].isupper()]
    if not capitalised or len(words) > LONGEST_NAME:
        return None
    if any(not word[:1].isupper() and word.casefold() not in PARTICLES for word in words):
        return None
    return Value("name", words=frozenset(normalized_words(" ".join(capitalised)).split()) - PARTICLES)
